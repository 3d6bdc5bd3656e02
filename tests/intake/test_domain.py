"""Tests of intake's decisions about agencies' events, and of the receipts and domain events that follow. No database, no broker."""

from datetime import UTC, datetime

import pytest

import contracts
from services.intake.backpressure import Backpressure
from services.intake.domain import check, decide_all, domain_event_of, first_receipt, outcome_receipt
from services.intake.envelope import read
from services.intake.model import BatchContext, Dispute
from tests.intake.conftest import REPORT, SECRETS, delivery
from tests.sandbox import SEAL_PRIVATE_KEY

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
EVENT_TIME = "2026-03-02T10:30:00+08:00"
CODE = "620702-2026-000123-1"
SCREENING_DATA = contracts.AGENCY_EVENTS["dispute.screened"].example


def agency_event(agency="womens_federation", data=REPORT, **others):
    return read(delivery(agency, data, **{"time": EVENT_TIME} | others))


def step_event(event_type="dispute.screened", agency="mediation_centre", subject=CODE, **others):
    """Return a step with the data of the event type's example."""
    data = contracts.AGENCY_EVENTS[event_type].example
    return agency_event(agency, data, type=event_type, subject=subject, **others)


def context_with_dispute(is_reported=False):
    """Return a batch context with the dispute CODE. With `is_reported`, its report number is R-1."""
    return BatchContext(disputes={CODE: Dispute(CODE)}, disputes_by_report={("womens_federation", "R-1"): Dispute(CODE)} if is_reported else {})


def decide(*events, at=NOW, context=None, key=bytes(SEAL_PRIVATE_KEY)):
    """Return intake's decisions about the events as one batch."""
    return decide_all([check(event, at, key, bytes(32)) for event in events], context or context_with_dispute())


def refusal_code(decision):
    """Return the reason code of a refusal. Assert that the receipt conforms to the package contracts."""
    contracts.dump(*first_receipt(decision), "intake")
    return decision.refusal["code"]


# ── accepted ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_with_a_new_report_number_registers_a_dispute():
    (decision,) = decide(agency_event())

    assert decision.registers_dispute and decision.refusal is None
    assert decision.dispute.code is None  # the code is assigned when the batch is saved


def test_a_report_with_a_known_report_number_is_a_step_of_the_existing_dispute():
    (decision,) = decide(agency_event(), context=context_with_dispute(is_reported=True))

    assert not decision.registers_dispute and decision.dispute.code == CODE
    decision.log_entry.seq = 7
    assert domain_event_of(decision)[0] == "step.reported"


def test_two_reports_with_one_report_number_in_a_batch_register_one_dispute():
    first, second = decide(agency_event(id="e-1"), agency_event(id="e-2"))

    assert first.registers_dispute and not second.registers_dispute and second.dispute is first.dispute


def test_reports_of_two_agencies_with_equal_report_numbers_register_two_disputes():
    first, second = decide(agency_event(), agency_event("police"))

    assert first.registers_dispute and second.registers_dispute and first.dispute is not second.dispute


def test_a_step_may_refer_to_its_dispute_by_dispute_code_or_by_report_number():
    by_code, by_number = decide(step_event(), step_event(subject="R-1", agency="womens_federation", id="e-2"), context=context_with_dispute(is_reported=True))

    assert by_code.dispute.code == by_number.dispute.code == CODE


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (agency_event(type="dispute.invented"), "unknown_type"),
        (agency_event(type="step.applied"), "unknown_type"),
        (step_event("mediation.started", "police"), "not_yours_to_say"),
        (agency_event(time="2026-03-02T11:05:01+08:00"), "in_the_future"),
        (agency_event(data={}), "malformed_data"),
        (agency_event(data=REPORT | {"kind": "张三"}), "malformed_data"),
        (agency_event(data=REPORT | {"parties_sealed": "A" * 88}), "parties_both_ways"),
        (step_event(subject="620702-2026-000124-1"), "unknown_dispute"),
        (step_event(subject="R-9"), "unknown_dispute"),
        (step_event(subject="620702-2026-000123-2"), "unknown_dispute"),
    ],
)  # fmt: skip
def test_an_invalid_event_is_refused_with_its_reason(event, reason):
    (decision,) = decide(event)

    assert refusal_code(decision) == reason
    assert decision.dispute is None


def test_an_event_time_up_to_five_minutes_in_the_future_is_accepted():
    assert decide(agency_event(time="2026-03-02T11:04:59+08:00"))[0].refusal is None


def test_a_refusal_contains_the_name_of_the_invalid_field_but_not_the_value():
    (decision,) = decide(agency_event(data=REPORT | {"place": {"township": "虚构甲"}}))

    assert decision.refusal["field"] == "place.township"
    assert not any(secret in str(decision.refusal) for secret in SECRETS)


def test_a_report_with_the_risk_flag_mass_is_accepted():
    assert decide(agency_event(data=REPORT | {"risk": {"mass": True}}))[0].refusal is None


def test_the_body_of_an_event_that_is_too_large_is_not_stored():
    (decision,) = decide(read(delivery(body=b"x" * 300_000)))

    assert refusal_code(decision) == "too_large" and not decision.stores_body


def test_an_event_discarded_by_an_operator_is_refused_as_discarded_by_operator():
    event = agency_event()
    event.discarded = True

    assert refusal_code(decide(event)[0]) == "discarded_by_operator"


# ── duplicates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_that_differs_only_in_time_or_encoding_is_a_duplicate():
    first, other_time, binary = agency_event(), agency_event(time="2026-03-02T10:31:00+08:00"), agency_event()
    binary.delivery.body = b"other bytes"
    decisions = decide(first, other_time, binary)

    assert [decision.duplicate_of is not None for decision in decisions] == [False, True, True]


@pytest.mark.parametrize(
    "other", [agency_event(data=REPORT | {"kind": "neighbour"}), agency_event(subject="R-2"), step_event("dispute.screened", "womens_federation", "R-1")]
)
def test_an_event_with_a_used_id_and_other_content_is_refused(other):
    first, second = decide(agency_event(), other)

    assert first.refusal is None and refusal_code(second) == "other_content_under_used_id"


def test_an_event_with_a_used_id_and_equal_data_but_another_type_is_refused():
    """The two events differ only in the event type."""
    first = agency_event("court", {"mediator": "m-1"}, type="mediator.agreed", subject=CODE)
    second = agency_event("court", {"mediator": "m-1"}, type="mediator.appointed", subject=CODE)

    assert refusal_code(decide(first, second)[1]) == "other_content_under_used_id"


def test_the_id_of_a_refused_event_may_be_used_for_the_corrected_event():
    refused, corrected, duplicate = decide(agency_event(data={}), agency_event(), agency_event(data={}))

    assert refused.stores_body and refused.refusal and corrected.refusal is None
    assert duplicate.duplicate_of is refused.log_entry


def test_an_undecodable_body_is_a_duplicate_only_of_identical_bytes():
    undecodable = delivery(body=b"\xff\xfe")
    first, again, other = decide(read(undecodable), read(undecodable), read(delivery(body=b"\xff\xfd")))

    assert [decision.duplicate_of is not None for decision in (first, again, other)] == [False, True, False]


# ── receipts and domain events ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("event_type", [event_type for event_type in contracts.ORDINARY_STEP_NAMES if event_type != "dispute.reported"])
def test_the_domain_event_of_every_step_conforms_to_the_contracts_and_contains_no_personal_data(event_type):
    row = contracts.AGENCY_EVENTS[event_type]
    agency = next(code for code, agency in contracts.AGENCIES.items() if agency.role in row.allowed_roles)
    (decision,) = decide(step_event(event_type, agency))
    fact_type, data = domain_event_of(decision)

    json_values = contracts.dump(fact_type, data, "intake")
    assert (fact_type, json_values["step"]) == ("step.reported", event_type)
    assert not any(secret in str(json_values) for secret in SECRETS)


def test_a_registration_is_published_with_party_labels_and_without_personal_data():
    report = REPORT | {"parties": [*REPORT["parties"], {"role": "respondent", "name": "虚构丙"}, {"role": "representative", "name": "虚构丁"}]}
    (decision,) = decide(agency_event(data=report))
    decision.dispute.code = CODE
    fact_type, data = domain_event_of(decision)

    json_values = contracts.dump(fact_type, data, "intake")
    assert fact_type == "dispute.registered" and json_values["party_labels"] == ["applicant", "respondent", "respondent-2"]
    assert "虚构" not in str(json_values) and "report_no" not in json_values and "risk" not in json_values


def test_first_receipts_conform_to_the_package_contracts():
    accepted, refused = decide(step_event(), agency_event(data={}, id="e-2"))
    accepted.log_entry.seq = 1

    for decision, receipt_type in ((accepted, "receipt.accepted"), (refused, "receipt.refused")):
        assert first_receipt(decision)[0] == receipt_type
        contracts.dump(*first_receipt(decision), "intake")


@pytest.mark.parametrize(("event_type", "receipt_type"), [("referral.accepted", "receipt.applied"), ("step.refused", "receipt.rejected")])
def test_an_outcome_of_the_mediation_service_results_in_a_receipt(event_type, receipt_type):
    outcome = agency_event()
    outcome.subject, outcome.type, outcome.data = CODE, event_type, contracts.DOMAIN_EVENTS[event_type].example
    found_type, data = outcome_receipt(outcome)

    assert found_type == receipt_type and data["event"] == outcome.data["event"]
    contracts.dump(found_type, data, "intake")


def test_backpressure_limits_undecided_steps_while_decisions_arrive():
    now = [0.0]
    backpressure = Backpressure(limit=10, stalled_seconds=5, clock=lambda: now[0])
    assert backpressure.remaining_capacity() == 10
    backpressure.record_passed_on_steps(12)
    assert backpressure.remaining_capacity() == 0
    backpressure.record_decided_steps(5)
    assert backpressure.remaining_capacity() == 3
    backpressure.record_passed_on_steps(3)
    now[0] = 5.1  # without decisions for more than 5 seconds, the limit is lifted
    assert backpressure.remaining_capacity() == 10
    backpressure.record_decided_steps(100)
    assert backpressure.remaining_capacity() == 10 and backpressure.undecided == 0
