"""What does intake make of what an agency says? No database, no broker."""

from datetime import UTC, datetime

import pytest

import contracts
from services.intake.backpressure import Backpressure
from services.intake.domain import check, decide_all, fact_of, first_receipt, outcome_receipt
from services.intake.envelope import read
from services.intake.model import Dispute, Known
from tests.apart import SEAL
from tests.intake.conftest import REPORT, SECRETS, delivery

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
AT = "2026-03-02T10:30:00+08:00"
CODE = "620702-2026-000123-1"
SCREENED = contracts.AGENCY_EVENTS["dispute.screened"].example


def says(agency="womens_federation", data=REPORT, **others):
    return read(delivery(agency, data, **{"time": AT} | others))


def step(word="dispute.screened", agency="mediation_centre", subject=CODE, **others):
    data = contracts.AGENCY_EVENTS[word].example
    return says(agency, data, type=word, subject=subject, **others)


def known(**disputes):
    return Known(disputes={CODE: Dispute(CODE)}, reports={("womens_federation", "R-1"): Dispute(CODE)} if disputes.get("reported") else {})


def decide(*events, at=NOW, about=None, key=bytes(SEAL)):
    return decide_all([check(event, at, key, bytes(32)) for event in events], about or known())


def why(verdict):
    contracts.dump(*first_receipt(verdict), "intake")
    return verdict.refused["code"]


# ── taken ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_of_an_unknown_dispute_registers_it():
    (verdict,) = decide(says())

    assert verdict.registers and verdict.refused is None
    assert verdict.dispute.code is None  # given at the end of the batch, from the county's own counter


def test_a_report_under_a_known_number_is_a_step_of_that_dispute():
    (verdict,) = decide(says(), about=known(reported=True))

    assert not verdict.registers and verdict.dispute.code == CODE
    verdict.logged.seq = 7
    assert fact_of(verdict)[0] == "step.reported"


def test_within_one_batch_the_second_report_of_a_matter_joins_the_first():
    first, second = decide(says(id="e-1"), says(id="e-2"))

    assert first.registers and not second.registers and second.dispute is first.dispute


def test_two_agencies_numbers_are_their_own():
    first, second = decide(says(), says("police"))

    assert first.registers and second.registers and first.dispute is not second.dispute


def test_a_step_finds_its_dispute_by_code_or_by_the_agencys_own_number():
    by_code, by_number = decide(step(), step(subject="R-1", agency="womens_federation", id="e-2"), about=known(reported=True))

    assert by_code.dispute.code == by_number.dispute.code == CODE


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (says(type="dispute.invented"), "unknown_type"),
        (says(type="step.applied"), "unknown_type"),
        (step("mediation.started", "police"), "not_yours_to_say"),
        (says(time="2026-03-02T11:05:01+08:00"), "in_the_future"),
        (says(data={}), "malformed_data"),
        (says(data=REPORT | {"kind": "张三"}), "malformed_data"),
        (says(data=REPORT | {"parties_sealed": "A" * 88}), "parties_both_ways"),
        (step(subject="620702-2026-000124-1"), "unknown_dispute"),
        (step(subject="R-9"), "unknown_dispute"),
        (step(subject="620702-2026-000123-2"), "unknown_dispute"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_the_reason(event, reason):
    (verdict,) = decide(event)

    assert why(verdict) == reason
    assert verdict.dispute is None


def test_a_clock_may_be_five_minutes_ahead():
    assert decide(says(time="2026-03-02T11:04:59+08:00"))[0].refused is None


def test_a_wrong_field_is_named_and_never_its_value():
    (verdict,) = decide(says(data=REPORT | {"place": {"township": "虚构甲"}}))

    assert verdict.refused["field"] == "place.township"
    assert not any(secret in str(verdict.refused) for secret in SECRETS)


def test_mass_matters_are_no_safeguard_matters():
    assert decide(says(data=REPORT | {"risk": {"mass": True}}))[0].refused is None


def test_what_is_too_large_to_take_is_too_large_to_keep():
    (verdict,) = decide(read(delivery(body=b"x" * 300_000)))

    assert why(verdict) == "too_large" and not verdict.may_be_kept


def test_what_an_operator_discards_is_refused_in_the_operators_name():
    event = says()
    event.discarded = True

    assert why(decide(event)[0]) == "discarded_by_operator"


# ── said before ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_repeat_is_a_repeat_in_any_encoding_and_with_any_time():
    first, other_time, binary = says(), says(time="2026-03-02T10:31:00+08:00"), says()
    binary.delivery.body = b"other bytes"
    verdicts = decide(first, other_time, binary)

    assert [verdict.repeats is not None for verdict in verdicts] == [False, True, True]


@pytest.mark.parametrize("other", [says(data=REPORT | {"kind": "neighbour"}), says(subject="R-2"), step("dispute.screened", "womens_federation", "R-1")])
def test_other_content_under_a_used_id_is_refused(other):
    first, second = decide(says(), other)

    assert first.refused is None and why(second) == "other_content_under_used_id"


def test_the_same_words_under_another_type_are_other_content():
    """`{}` says one thing as mediation.started and another as something else."""
    first = says("court", {"mediator": "m-1"}, type="mediator.agreed", subject=CODE)
    second = says("court", {"mediator": "m-1"}, type="mediator.appointed", subject=CODE)

    assert why(decide(first, second)[1]) == "other_content_under_used_id"


def test_after_a_refusal_the_id_may_be_used_for_the_corrected_event():
    refused, corrected, repeated = decide(says(data={}), says(), says(data={}))

    assert refused.may_be_kept and refused.refused and corrected.refused is None
    assert repeated.repeats is refused.logged


def test_bytes_that_cannot_be_read_are_repeats_of_the_same_bytes():
    sent = delivery(body=b"\xff\xfe")
    first, again, other = decide(read(sent), read(sent), read(delivery(body=b"\xff\xfd")))

    assert [v.repeats is not None for v in (first, again, other)] == [False, True, False]


# ── what follows ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", [word for word in contracts.STEPS if word != "dispute.reported"])
def test_every_step_is_passed_on_as_the_contract_has_it_and_without_a_person(word):
    row = contracts.AGENCY_EVENTS[word]
    agency = next(code for code, agency in contracts.AGENCIES.items() if agency.role in row.allowed_roles)
    (verdict,) = decide(step(word, agency))
    kind, data = fact_of(verdict)

    told = contracts.dump(kind, data, "intake")
    assert (kind, told["step"]) == ("step.reported", word)
    assert not any(secret in str(told) for secret in SECRETS)


def test_a_registration_is_passed_on_with_labels_for_the_parties_and_nothing_about_them():
    report = REPORT | {"parties": [*REPORT["parties"], {"role": "respondent", "name": "虚构丙"}, {"role": "representative", "name": "虚构丁"}]}
    (verdict,) = decide(says(data=report))
    verdict.dispute.code = CODE
    kind, data = fact_of(verdict)

    told = contracts.dump(kind, data, "intake")
    assert kind == "dispute.registered" and told["party_labels"] == ["applicant", "respondent", "respondent-2"]
    assert "虚构" not in str(told) and "report_no" not in told and "risk" not in told


def test_every_receipt_is_as_the_contract_has_it():
    taken, refused = decide(step(), says(data={}, id="e-2"))
    taken.logged.seq = 1

    for verdict, kind in ((taken, "receipt.accepted"), (refused, "receipt.refused")):
        assert first_receipt(verdict)[0] == kind
        contracts.dump(*first_receipt(verdict), "intake")


@pytest.mark.parametrize(("word", "kind"), [("step.applied", "receipt.applied"), ("step.refused", "receipt.rejected")])
def test_every_outcome_becomes_a_receipt(word, kind):
    outcome = says()
    outcome.subject, outcome.type, outcome.data = CODE, word, contracts.DOMAIN_EVENTS[word].example
    found, data = outcome_receipt(outcome)

    assert found == kind and data["event"] == outcome.data["event"]
    contracts.dump(found, data, "intake")


def test_the_pace_holds_a_distance_while_decisions_come():
    now = [0.0]
    pace = Backpressure(ahead=10, stalled_seconds=5, clock=lambda: now[0])
    assert pace.room() == 10
    pace.passed_on(12)
    assert pace.room() == 0
    pace.decided(5)
    assert pace.room() == 3
    pace.passed_on(3)
    now[0] = 5.1  # mediation is down: taking events in safely matters more
    assert pace.room() == 10
    pace.decided(100)
    assert pace.room() == 10 and pace.ahead == 0
