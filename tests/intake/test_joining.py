"""Tests of joining disputes with intake's tables: reports of one dispute by several agencies get one code, and a join can be undone."""

import json
import threading
from datetime import UTC, datetime

import pytest

import contracts
from contracts import REASONS
from plumbing.pool import should_try_again
from services.intake import duplicates, envelope, ingest, joining, outcomes
from services.intake.store import reports
from tests.intake.conftest import REPORT, delivery, encrypt_for_intake
from tests.intake.people import BANK, person, two_parties
from tests.leak_search import find_in_tables
from tests.plumbing.conftest import make_event

CENTRE = "mediation_centre"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def report_delivery(agency, parties=None, id="e-1", subject="R-1", **others):
    return delivery(agency, REPORT | {"parties": parties or two_parties()} | others, id=id, subject=subject)


def centre_step(event_type, subject, id="m-1", **data):
    """Return the delivery of a step of the mediation centre."""
    return delivery(CENTRE, data, type=event_type, subject=subject, id=id)


def join_step(subject, into, **others):
    return centre_step("reports.joined", subject, into=into, **others)


def undo_join_step(subject, agency, **others):
    return centre_step("reports.unjoined", subject, reported_by=agency, **others)


def published_events_with_data(intake, *types):
    """Return (type, subject, data) of each domain event on the ordinary stream, in order. `types` limits the event types."""
    events = [event for _, _, event in intake.stored_events("intake", "intake.events")]
    return [(event["type"], event["subject"], event["data"]) for event in events if not types or event["type"] in types]


def published_event_types(intake):
    """Return (type, subject) of each domain event on the ordinary stream, in order."""
    return [(event_type, subject) for event_type, subject, _ in published_events_with_data(intake)]


def moved_reports(intake):
    """Return (agency, event id, previous code, new code) of every receipt.moved."""
    rows = intake.rows("select agency, body from intake.receipts where id like '%%/moved/%%' order by agency, position")
    data = [(agency, json.loads(bytes(body))["data"]) for agency, body in rows]
    return [(agency, receipt["event"]["id"], receipt["was"], receipt["dispute"]) for agency, receipt in data]


def process_outcome(pool, code, state, agency=CENTRE, id="m-1", is_refused=False, step="dispute.archived", discarded=False):
    """Process an outcome published by the mediation service for an agency's event."""
    event = make_event(None, code, id=f"{code}/{id}/{state}")
    event.source, event.type, event.discarded = "mediation", "step.refused" if is_refused else step, discarded
    event.data = {"event": {"source": f"/agencies/{agency}", "id": id}, "state": state}
    if is_refused:
        event.data |= {"step": step, "reason": REASONS["dispute_closed"].text(step=step)}
    with pool.transaction() as tx:
        outcomes.process_events(tx, [event])


def apply_join(pool, code, id="m-1", **others):
    """Process an outcome: the mediation service applied the request to join the dispute `code` to another."""
    process_outcome(pool, code, "closed", id=id, step="reports.joined", **others)


def apply_undo_of_join(pool, code, id="m-1", **others):
    """Process an outcome: the mediation service applied the request to undo the join of the dispute `code`."""
    process_outcome(pool, code, "registered", id=id, step="reports.unjoined", **others)


def refuse_join(pool, code, state="registered", **others):
    """Process an outcome: the mediation service refused the request to join the dispute `code` to another."""
    process_outcome(pool, code, state, is_refused=True, step="reports.joined", **others)


def screening_step(subject, id="m-9", agency=CENTRE):
    return delivery(agency, {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject=subject, id=id)


def merge_pointers(intake, *codes):
    """Return [merged_into, whether a join request is pending] by dispute code."""
    found = intake.rows("select code, merged_into, pending_request_seq is not null from intake.disputes where code = any(%s)", list(codes))
    return {code: pointer for code, *pointer in found}


def outcome_receipts(intake, agency=CENTRE):
    rows = intake.rows("select body from intake.receipts where agency = %s and id like '%%/outcome' order by position", agency)
    return [(receipt["type"], receipt["causationid"]) for receipt in (json.loads(bytes(body)) for (body,) in rows)]


def save_phase(pool, code, state, since=LONG_AGO):
    with pool.transaction() as tx:
        reports.save_phases(tx, {code: (joining.phase_of_state(state), since)})


@pytest.fixture
def codes_of_two_disputes(ingest_all):
    """Register two unrelated disputes and return their codes."""
    decisions = ingest_all(report_delivery("police"), report_delivery("court", two_parties(3, 4)))
    return [decision.dispute.code for decision in decisions]


# ── joins by rule ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_of_a_known_dispute_by_a_second_agency_gets_the_code_of_the_first_report(intake, ingest_all):
    (first,) = ingest_all(report_delivery("police"))
    (second,) = ingest_all(report_delivery("womens_federation", [person(2), person(1, "respondent")]))
    code = first.dispute.code

    assert second.dispute.code == code and not second.registers_dispute
    assert intake.rows("select agency, code, registers_dispute from intake.reports order by seq") == [
        ("police", code, True),
        ("womens_federation", code, False),
    ]
    assert published_event_types(intake) == [("dispute.registered", code), ("step.reported", code), ("dispute.merged", code)]
    ((_, _, data),) = published_events_with_data(intake, "dispute.merged")
    assert data == {
        "event": {"source": "/agencies/womens_federation", "id": "e-1"}, "agency": "womens_federation", "into": code, "found_by": "rule",
        "reasons": ["same_parties", "same_place", "same_kind", "within_days"], "days": 0,
    }  # fmt: skip
    assert intake.rows("select code from intake.parties") == [(code,), (code,)]


def test_a_step_with_the_report_number_of_the_second_agency_is_about_the_joint_dispute(ingest_all):
    first, _ = ingest_all(report_delivery("police"), report_delivery("womens_federation", subject="W-7"))
    (by_number,) = ingest_all(
        delivery("womens_federation", {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject="W-7", id="e-2")
    )

    assert by_number.refusal is None and by_number.dispute.code == first.dispute.code


def test_reports_of_one_dispute_in_one_batch_get_one_code(intake, ingest_all):
    first, second, third = ingest_all(report_delivery("police"), report_delivery("court"), report_delivery("petition_office"))

    assert first.dispute.code == second.dispute.code == third.dispute.code
    assert intake.rows("select count(*) from intake.disputes") == [(1,)]


def test_concurrent_reports_of_one_dispute_get_one_code(intake, pool):
    agencies = ("police", "court", "petition_office", "grid")
    ready, problems = threading.Barrier(len(agencies)), []

    def ingest_report(agency):
        ready.wait()
        for _ in range(20):
            try:
                with pool.transaction() as tx:
                    ingest.ingest(tx, [envelope.read(report_delivery(agency))])
                return
            except Exception as problem:  # noqa: BLE001 - checked in the next line
                if not should_try_again(problem):
                    problems.append(problem)
                    return

    threads = [threading.Thread(target=ingest_report, args=(agency,)) for agency in agencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert problems == []
    assert intake.rows("select count(*), count(distinct code) from intake.reports") == [(4, 1)]
    assert [event_type for event_type, _ in published_event_types(intake)].count("dispute.registered") == 1


def test_two_joined_reports_that_are_delivered_again_have_no_effect(intake, ingest_all):
    both_reports = (report_delivery("police"), report_delivery("womens_federation"))
    ingest_all(*both_reports)
    before = published_event_types(intake)
    ingest_all(*both_reports)

    assert published_event_types(intake) == before
    assert intake.rows("select count(*) from intake.party_tokens") == [(4,)]


def test_encrypted_parties_are_compared_like_plaintext_parties(ingest_all):
    (first,) = ingest_all(report_delivery("police"))
    data = {name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": encrypt_for_intake(two_parties())}
    (second,) = ingest_all(delivery("court", data))

    assert second.dispute.code == first.dispute.code


def test_a_likely_duplicate_gets_a_separate_code_and_is_proposed_to_the_centre(intake, ingest_all):
    (first,) = ingest_all(report_delivery("police"))
    (second,) = ingest_all(report_delivery("court", kind="neighbour"))

    assert second.dispute.code != first.dispute.code
    ((_, subject, data),) = published_events_with_data(intake, "duplicate.proposed")
    assert subject == second.dispute.code
    assert (data["other"], data["reasons"], data["days"]) == (first.dispute.code, ["same_parties", "same_place", "within_days"], 0)


@pytest.mark.parametrize(("state", "result"), [("mediating", "joined"), ("performing", "proposed"), ("closed", "neither"), ("redirected", "neither")])
def test_whether_a_report_is_joined_or_proposed_depends_on_the_state_of_the_other_dispute(intake, ingest_all, pool, state, result):
    (first,) = ingest_all(report_delivery("police"))
    process_outcome(pool, first.dispute.code, state, "police", "e-1", step="dispute.reported")
    (second,) = ingest_all(report_delivery("court"))

    assert (second.dispute.code == first.dispute.code) is (result == "joined")
    assert bool(published_events_with_data(intake, "duplicate.proposed")) is (result == "proposed")


def test_a_report_is_joined_to_a_reopened_dispute(ingest_all, pool):
    (first,) = ingest_all(report_delivery("police"))
    for state in ("closed", "registered"):
        save_phase(pool, first.dispute.code, state)

    assert ingest_all(report_delivery("court"))[0].dispute.code == first.dispute.code


def test_disputes_of_one_bank_with_different_debtors_are_neither_joined_nor_proposed(intake, ingest_all):
    debtors = [report_delivery("court", [BANK, person(n, "respondent")], id=f"e-{n}", subject=f"R-{n}", kind="finance") for n in range(1, 101)]
    for start in range(0, 100, 20):
        ingest_all(*debtors[start : start + 20])
    (from_other_agency,) = ingest_all(report_delivery("finance_mediation", [BANK, person(17, "respondent")], kind="finance"))

    assert intake.rows("select count(*) from intake.disputes") == [(100,)]
    assert published_events_with_data(intake, "duplicate.proposed") == []
    # R-17 is the court's only report about the debtor of the finance mediation body's report.
    assert from_other_agency.dispute.code == intake.rows("select code from intake.reports where report_no = 'R-17'")[0][0]


def test_a_matching_token_in_too_many_reports_is_ignored(intake, ingest_all):
    """One person, for example a landlord, has disputes with many others. The reports arrive one by one."""
    for n in range(2, duplicates.MAX_REPORTS_PER_TOKEN + 10):
        ingest_all(report_delivery("police" if n % 2 else "court", [person(1), person(n, "respondent")], id=f"e-{n}", subject=f"R-{n}"))
    proposal_count = len(published_events_with_data(intake, "duplicate.proposed"))
    ingest_all(report_delivery("grid", [person(1), person(99, "respondent")]))

    assert len(published_events_with_data(intake, "duplicate.proposed")) == proposal_count <= duplicates.MAX_REPORTS_PER_TOKEN * duplicates.MAX_PROPOSALS


def test_matching_tokens_contain_no_personal_data_and_are_stored_in_one_table_only(intake, ingest_all):
    ingest_all(report_delivery("police"))

    assert find_in_tables(intake.rows, [value for party in two_parties() for value in (party["name"], party["phone"], party["id_number"])]) == []
    (tokens,) = intake.rows("select array_agg(encode(number, 'hex')) from intake.party_tokens")[0]
    assert not find_in_tables(lambda sql: [row for row in intake.rows(sql) if row != ("intake", "party_tokens")], tokens)


def test_matching_tokens_older_than_90_days_are_deleted(intake, ingest_all, pool):
    ingest_all(report_delivery("police"))
    intake.rows("update intake.party_tokens set stored_at = now() - interval '91 days'")
    ingest_all(report_delivery("court", two_parties(3, 4)))
    with pool.transaction() as tx:
        reports.delete_expired_matching_tokens(tx)

    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]


def test_a_report_with_a_safeguard_flag_is_not_compared(intake, ingest_all):
    (flagged,) = ingest_all(report_delivery("womens_federation", risk={"domestic_violence": True}))
    (other,) = ingest_all(report_delivery("police", kind="family"))
    (also_flagged,) = ingest_all(report_delivery("court", subject="R-2", risk={"violence_threat": True}))

    assert len({flagged.dispute.code, other.dispute.code, also_flagged.dispute.code}) == 3
    assert published_events_with_data(intake, "duplicate.proposed", "dispute.merged") == []
    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]  # only the report without a safeguard flag has matching tokens


# ── joins by the mediation centre ─────────────────────────────────────────────────────────────────────────────────────


def test_a_request_to_join_is_published_and_changes_no_code_until_mediation_decides(intake, ingest_all, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    (decision,) = ingest_all(join_step(ending, into))

    assert (decision.refusal, decision.dispute.code) == (None, ending)
    ((event_type, subject, step),) = published_events_with_data(intake)[2:]
    assert (event_type, subject, step["step"], step["facts"]) == ("step.reported", ending, "reports.joined", {"into": into})
    assert moved_reports(intake) == [] and merge_pointers(intake, ending, into) == {ending: [None, True], into: [None, False]}


def test_after_an_applied_join_later_steps_are_about_the_continuing_dispute(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    apply_join(pool, ending)
    (later,) = ingest_all(screening_step(ending))

    assert later.dispute.code == into
    assert published_event_types(intake)[3:] == [("dispute.merged", ending), ("dispute.merged", into), ("step.reported", into)]
    (_, _, merged) = published_events_with_data(intake, "dispute.merged")[0]
    assert (merged["was"], merged["into"], merged["found_by"], merged["agency"]) == (ending, into, "centre", CENTRE)
    assert merged["event"] == {"source": f"/agencies/{CENTRE}", "id": "m-1"}
    assert moved_reports(intake) == [("police", "e-1", ending, into)]
    assert merge_pointers(intake, ending, into) == {ending: [into, False], into: [None, False]}
    assert outcome_receipts(intake) == [("receipt.applied", "m-1")]


@pytest.mark.parametrize("state", ["registered", "closed"])
def test_a_refused_join_changes_no_code_and_moves_no_report(intake, ingest_all, pool, codes_of_two_disputes, state):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    refuse_join(pool, ending, state)

    assert published_event_types(intake)[2:] == [("step.reported", ending)] and moved_reports(intake) == []
    assert merge_pointers(intake, ending) == {ending: [None, False]}
    assert intake.rows("select phase from intake.disputes where code = %s", ending) == [("ended" if state == "closed" else "open",)]
    assert outcome_receipts(intake) == [("receipt.rejected", "m-1")]
    assert intake.rows("select count(*) from intake.join_requests") == [(0,)]


def test_a_join_outcome_that_is_processed_twice_joins_the_disputes_once(intake, ingest_all, pool, codes_of_two_disputes):
    ingest_all(join_step(*codes_of_two_disputes))
    for _ in range(2):
        apply_join(pool, codes_of_two_disputes[0])

    assert [event_type for event_type, _ in published_event_types(intake)].count("dispute.merged") == 2
    assert len(moved_reports(intake)) == 1 and outcome_receipts(intake) == [("receipt.applied", "m-1")]


def test_a_request_to_join_that_is_delivered_again_is_published_once(intake, ingest_all, pool, codes_of_two_disputes):
    ingest_all(join_step(*codes_of_two_disputes))
    ingest_all(join_step(*codes_of_two_disputes))
    apply_join(pool, codes_of_two_disputes[0])
    ingest_all(join_step(*codes_of_two_disputes))

    assert [event_type for event_type, _ in published_event_types(intake)].count("step.reported") == 1
    assert len(moved_reports(intake)) == 1


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize("is_applied", [True, False])
def test_a_step_during_a_pending_join_is_answered_at_once_and_published_after_the_decision(
    intake, ingest_all, pool, codes_of_two_disputes, is_applied, in_one_batch
):
    ending, into = codes_of_two_disputes
    if in_one_batch:
        _, screened, reported = ingest_all(join_step(ending, into), screening_step(ending), report_delivery("police", id="p-2"))
    else:
        ingest_all(join_step(ending, into))
        screened, reported = ingest_all(screening_step(ending), report_delivery("police", id="p-2"))
    assert [decision.refusal for decision in (screened, reported)] == [None, None]
    assert published_event_types(intake)[2:] == [("step.reported", ending)]
    assert intake.rows("select count(*) from intake.receipts where id like '%%/first'") == [(5,)]

    (apply_join if is_applied else refuse_join)(pool, ending)

    assert [subject for _, subject, data in published_events_with_data(intake, "step.reported") if data["step"] != "reports.joined"] == [
        into if is_applied else ending
    ] * 2
    assert [data["event"]["id"] for *_, data in published_events_with_data(intake, "step.reported")] == ["m-1", "m-9", "p-2"]
    assert intake.rows("select count(*) from intake.waiting_steps") == [(0,)]


def test_a_step_that_waited_for_a_join_decision_keeps_its_time_cause_and_trace(intake, ingest_all, pool, codes_of_two_disputes):
    ingest_all(join_step(*codes_of_two_disputes))
    (waiting,) = ingest_all(screening_step(codes_of_two_disputes[0]))
    apply_join(pool, codes_of_two_disputes[0])

    _, _, event = intake.stored_events("intake", "intake.events")[-1]
    assert (event["causationid"], event["traceparent"]) == ("m-9", waiting.event.traceparent)
    assert event["time"] == waiting.event.time.isoformat().replace("+00:00", "Z")
    assert event["data"]["event"] == {"source": f"/agencies/{CENTRE}", "id": "m-9"}


def test_a_report_joined_by_rule_moves_with_its_dispute_when_a_pending_join_is_applied(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    (second,) = ingest_all(report_delivery("womens_federation", subject="W-7"))
    apply_join(pool, ending)

    assert second.dispute.code == ending
    assert [(subject, data["step"]) for _, subject, data in published_events_with_data(intake, "step.reported")] == [
        (ending, "reports.joined"),
        (into, "dispute.reported"),
    ]
    assert moved_reports(intake) == [("police", "e-1", ending, into), ("womens_federation", "e-1", ending, into)]
    assert ingest_all(screening_step("W-7", "w-2", "womens_federation"))[0].dispute.code == into


def test_a_step_about_the_continuing_dispute_does_not_wait_for_a_pending_join(intake, ingest_all, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into), screening_step(into))

    assert published_event_types(intake)[2:] == [("step.reported", ending), ("step.reported", into)]


@pytest.mark.parametrize("is_applied", [True, False])
def test_a_safeguard_step_during_a_pending_join_is_published_at_once_and_also_holds_the_continuing_dispute(
    intake, ingest_all, pool, codes_of_two_disputes, is_applied
):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    warning = contracts.AGENCY_EVENTS["dv.warning_issued"].example
    ingest_all(delivery("police", warning, type="dv.warning_issued", subject=ending, id="p-2"))
    (apply_join if is_applied else refuse_join)(pool, ending)

    sealed_events = [event for _, _, event in intake.stored_events("intake", "intake-safeguard.events")]
    held = [ending, into] if is_applied else [ending]
    assert [(event["subject"], event["data"]["step"]) for event in sealed_events] == [(code, "dv.warning_issued") for code in held]
    assert intake.rows("select code from intake.lane_records where holds = array['hold'] order by code") == [(code,) for code in sorted(held)]
    assert [event_type for event_type, _ in published_event_types(intake)].count("step.reported") == 1


def test_a_discarded_join_outcome_leaves_the_codes_separate_and_waiting_steps_are_published(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    ingest_all(screening_step(ending))
    apply_join(pool, ending, discarded=True)

    assert merge_pointers(intake, ending) == {ending: [None, False]}
    assert published_event_types(intake)[3:] == [("step.reported", ending)] and outcome_receipts(intake) == []


@pytest.mark.parametrize(
    ("choose_codes", "reason"),
    [
        (lambda one, other: (one, one), "joins_itself"),
        (lambda one, other: (one, "620702-2026-000999-1"), "unknown_dispute"),
        (lambda one, other: ("620702-2026-000999-1", one), "unknown_dispute"),
    ],
)
def test_a_request_to_join_a_dispute_to_itself_or_with_an_unknown_code_is_refused(ingest_all, codes_of_two_disputes, choose_codes, reason):
    (decision,) = ingest_all(join_step(*choose_codes(*codes_of_two_disputes)))

    assert decision.refusal["code"] == reason


@pytest.mark.parametrize("is_decided", [True, False])
def test_a_joined_dispute_cannot_be_joined_again_and_joins_cannot_form_a_cycle(ingest_all, pool, codes_of_two_disputes, is_decided):
    (third,) = ingest_all(report_delivery("grid", two_parties(5, 6)))
    one, other = codes_of_two_disputes
    ingest_all(join_step(one, other))
    if is_decided:
        apply_join(pool, one)
    again, reverse, via_joined = ingest_all(
        join_step(one, third.dispute.code, id="m-2"), join_step(other, one, id="m-3"), join_step(third.dispute.code, one, id="m-4")
    )

    assert [decision.refusal["code"] for decision in (again, reverse, via_joined)] == ["joined_already"] * 3


def test_a_dispute_can_be_joined_to_another_after_a_refused_join(intake, ingest_all, pool, codes_of_two_disputes):
    third = ingest_all(report_delivery("grid", two_parties(5, 6)))[0].dispute.code
    one, other = codes_of_two_disputes
    ingest_all(join_step(one, other))
    refuse_join(pool, one)
    (again,) = ingest_all(join_step(one, third, id="m-2"))
    apply_join(pool, one, id="m-2")

    assert again.refusal is None and merge_pointers(intake, one) == {one: [third, False]}


def test_an_ended_dispute_cannot_be_joined(ingest_all, codes_of_two_disputes, pool):
    one, other = codes_of_two_disputes
    save_phase(pool, one, "closed")

    assert [decision.refusal["code"] for decision in ingest_all(join_step(one, other), join_step(other, one, id="m-2"))] == ["joins_an_ended_one"] * 2


def test_the_continuing_dispute_may_end_before_mediation_decides_the_join(intake, ingest_all, pool, codes_of_two_disputes):
    """The dispute was open when the centre requested the join. Its later end does not justify two codes for one dispute."""
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    save_phase(pool, into, "closed")
    apply_join(pool, ending)

    assert merge_pointers(intake, ending) == {ending: [into, False]}


def test_only_the_mediation_centre_may_join_disputes(ingest_all, codes_of_two_disputes):
    (decision,) = ingest_all(delivery("police", {"into": codes_of_two_disputes[1]}, type="reports.joined", subject=codes_of_two_disputes[0], id="p-2"))

    assert decision.refusal["code"] == "not_yours_to_say"


def test_after_a_join_is_undone_the_reports_have_their_former_code_again(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    apply_join(pool, ending)
    (undoing,) = ingest_all(undo_join_step(into, "police", id="m-2"))
    assert published_event_types(intake)[5:] == [("step.reported", ending)]
    apply_undo_of_join(pool, ending, id="m-2")
    (later,) = ingest_all(screening_step(ending))

    assert (undoing.refusal, undoing.dispute.code, later.dispute.code) == (None, ending, ending)
    assert published_event_types(intake)[6:] == [("dispute.unmerged", into), ("dispute.unmerged", ending), ("step.reported", ending)]
    assert published_events_with_data(intake, "dispute.unmerged")[0][2]["reported_by"] == "police"
    assert moved_reports(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]
    assert ingest_all(report_delivery("grid"))[0].dispute.code == ending  # the dispute is open again, so a new report of the same parties joins it


def test_undoing_a_join_before_it_is_decided_has_the_same_result_as_undoing_it_afterwards(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into), screening_step(ending, "m-8"))
    (undoing, _) = ingest_all(undo_join_step(into, "police", id="m-2"), screening_step(ending))
    apply_join(pool, ending)
    assert merge_pointers(intake, ending) == {ending: [into, True]}
    apply_undo_of_join(pool, ending, id="m-2")

    assert undoing.refusal is None and undoing.dispute.code == ending
    assert merge_pointers(intake, ending) == {ending: [None, False]}
    steps = [(subject, data["event"]["id"]) for _, subject, data in published_events_with_data(intake, "step.reported")]
    assert steps == [(ending, "m-1"), (ending, "m-2"), (into, "m-8"), (ending, "m-9")]  # m-8 arrived before the request to undo the join
    assert moved_reports(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]


def test_steps_are_about_the_continuing_dispute_if_undoing_the_join_is_refused(intake, ingest_all, pool, codes_of_two_disputes):
    ending, into = codes_of_two_disputes
    ingest_all(join_step(ending, into))
    apply_join(pool, ending)
    ingest_all(undo_join_step(into, "police", id="m-2"))
    ingest_all(screening_step(ending))
    process_outcome(pool, ending, "closed", id="m-2", is_refused=True, step="reports.unjoined")

    assert published_event_types(intake)[-1] == ("step.reported", into) and merge_pointers(intake, ending) == {ending: [into, False]}
    assert intake.rows("select phase from intake.disputes where code = %s", ending) == [("ended",)]


def test_undoing_an_automatic_join_registers_a_new_dispute_for_the_joined_report(intake, ingest_all):
    first, second = ingest_all(report_delivery("police"), report_delivery("womens_federation", subject="W-7", amount_cny="12.50"))
    joint_code = first.dispute.code
    (undoing,) = ingest_all(undo_join_step(joint_code, "womens_federation"))
    (later,) = ingest_all(delivery("womens_federation", {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject="W-7", id="e-2"))
    code = undoing.dispute.code

    assert second.dispute.code == joint_code != code == later.dispute.code
    assert published_event_types(intake)[3:] == [
        ("dispute.registered", code),
        ("dispute.unmerged", joint_code),
        ("dispute.unmerged", code),
        ("step.reported", code),
    ]
    ((_, _, registered),) = [each for each in published_events_with_data(intake, "dispute.registered") if each[1] == code]
    assert registered["event"] == {"source": "/agencies/mediation_centre", "id": "m-1"}  # the outcome is sent to the centre, which undid the join
    assert (registered["agency"], registered["amount_cny"], registered["party_labels"]) == ("womens_federation", "12.50", ["applicant", "respondent"])
    assert intake.rows("select agency, code, registers_dispute from intake.reports order by seq") == [
        ("police", joint_code, True),
        ("womens_federation", code, True),
    ]
    assert intake.rows("select code from intake.parties order by seq") == [(joint_code,), (code,)]
    assert moved_reports(intake) == [("womens_federation", "e-1", joint_code, code)]
    assert intake.rows("select registered_by from intake.disputes where code = %s", code) == [("womens_federation",)]


def test_a_separated_report_can_be_joined_again(intake, ingest_all, pool):
    (first, _) = ingest_all(report_delivery("police"), report_delivery("womens_federation", subject="W-7"))
    (undoing,) = ingest_all(undo_join_step(first.dispute.code, "womens_federation"))
    (again,) = ingest_all(join_step(undoing.dispute.code, first.dispute.code, id="m-2"))
    apply_join(pool, undoing.dispute.code, id="m-2")

    assert again.refusal is None
    assert [code for *_, code in moved_reports(intake)] == [undoing.dispute.code, first.dispute.code]


@pytest.mark.parametrize("agency", ["police", "petition_office"])
def test_undoing_a_join_is_refused_if_the_agency_has_no_joined_reports(ingest_all, agency):
    """The police registered the dispute, so their report cannot be separated; the petition office has not reported it."""
    (first, _) = ingest_all(report_delivery("police"), report_delivery("womens_federation"))
    (decision,) = ingest_all(undo_join_step(first.dispute.code, agency))

    assert decision.refusal["code"] == "nothing_to_unjoin"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_undoing_a_join_in_a_chain_separates_a_dispute_together_with_the_disputes_joined_to_it(intake, ingest_all, pool, codes_of_two_disputes, order):
    """The first dispute is joined to the second, and the second to the third. Undoing the second join also separates the first dispute."""
    one, second = codes_of_two_disputes
    third = ingest_all(report_delivery("grid", two_parties(5, 6)))[0].dispute.code
    ingest_all(join_step(one, second), join_step(second, third, id="m-2"))
    ingest_all(screening_step(one))
    for index in order:
        apply_join(pool, *((one, "m-1"), (second, "m-2"))[index])
    assert published_event_types(intake)[-1] == ("step.reported", third)
    assert intake.rows("select agency from intake.receipts where id like '%%/moved/%%' group by agency order by 1") == [("court",), ("police",)]
    (undoing,) = ingest_all(undo_join_step(third, "court", id="m-3"))
    apply_undo_of_join(pool, second, id="m-3")
    (step_about_one,) = ingest_all(screening_step(one, "m-4"))

    assert undoing.dispute.code == step_about_one.dispute.code == second


def test_a_waiting_step_continues_to_wait_if_the_continuing_dispute_has_a_pending_join_too(intake, ingest_all, pool, codes_of_two_disputes):
    one, second = codes_of_two_disputes
    third = ingest_all(report_delivery("grid", two_parties(5, 6)))[0].dispute.code
    ingest_all(join_step(one, second), join_step(second, third, id="m-2"))
    ingest_all(screening_step(one))
    apply_join(pool, one)
    assert intake.rows("select code from intake.waiting_steps") == [(second,)]
    refuse_join(pool, second, id="m-2")

    assert published_event_types(intake)[-1] == ("step.reported", second)


def test_requests_to_join_and_to_undo_a_join_in_one_batch_are_checked_in_order(ingest_all, codes_of_two_disputes):
    one, other = codes_of_two_disputes
    first_join, undoing, second_join = ingest_all(join_step(one, other), undo_join_step(other, "police", id="m-2"), join_step(other, one, id="m-3"))

    assert [decision.refusal for decision in (first_join, undoing, second_join)] == [None] * 3
    assert [decision.dispute.code for decision in (first_join, undoing, second_join)] == [one, one, other]


def test_the_search_for_duplicates_reads_no_table_sequentially(intake, ingest_all, pool):
    (first,) = ingest_all(report_delivery("police"))
    intake.rows(
        "insert into intake.party_tokens select 1000 + n, 0, 'applicant', decode(md5(n::text), 'hex'), decode(md5((n / 7)::text), 'hex'), null, null, true, false,"
        " now() - n * interval '1 minute' from generate_series(1, 50000) n"
    )
    intake.rows("analyze intake.party_tokens")
    batch = [envelope.read(report_delivery("court", two_parties(n, n + 1), id=f"e-{n}", subject=f"R-{n}")) for n in range(1, 200)]
    with pool.transaction() as tx:
        rows_read_before = tx.rows("select seq_tup_read from pg_stat_xact_user_tables where relname = 'party_tokens' and schemaname = 'intake'")
        decisions = ingest.ingest(tx, batch)
        rows_read_after = tx.rows("select seq_tup_read from pg_stat_xact_user_tables where relname = 'party_tokens' and schemaname = 'intake'")

    assert decisions[0].dispute.code == first.dispute.code and rows_read_before == rows_read_after


def test_a_join_may_be_undone_in_the_batch_in_which_the_report_arrived(intake, ingest_all):
    """As when a message log is loaded. Later events of the batch under the agency's report number are about the separated dispute."""
    (first,) = ingest_all(report_delivery("police"))
    code = first.dispute.code
    joined, undoing, step = ingest_all(
        report_delivery("court"),
        undo_join_step(code, "court"),
        delivery("court", {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject="R-1", id="s-1"),
    )

    assert joined.dispute.code == code != undoing.dispute.code
    assert step.dispute.code == undoing.dispute.code
    assert moved_reports(intake) == [("court", "e-1", code, undoing.dispute.code)]
    assert intake.rows("select code, registers_dispute from intake.reports where agency = 'court'") == [(undoing.dispute.code, True)]
