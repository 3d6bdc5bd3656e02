"""Tests of the safeguard lane in intake: which events enter it, and which agencies may see a code. No database, no broker."""

import pytest

import contracts
from contracts import safeguard
from services.intake import domain
from services.intake.model import BatchContext, Dispute, LaneRecord
from tests.intake.test_domain import CODE, NOW, REPORT, SCREENED, agency_event, decide, refusal_code, step

SAFEGUARD_FLAG = {"risk": {"domestic_violence": True}}
INSIDE, OUTSIDE = ("police", "court", "court-daman", "womens_federation"), ("mediation_centre", "grid", "trade_union", "judicial_bureau")


def context_with(record):
    return BatchContext(disputes={CODE: Dispute(CODE, lane_record=record)})


def published(decision):
    """Return (stream, event type) of each domain event for an accepted event. The data must conform to the contract."""
    decision.log_entry.seq = 7
    if decision.dispute.code is None:
        decision.dispute.code = CODE
    for stream, event_type, data in domain.facts_by_stream(decision):
        contracts.dump(event_type, data, stream or "intake")
    return [(stream or "intake", event_type) for stream, event_type, _ in domain.facts_by_stream(decision)]


@pytest.mark.parametrize("flag", safeguard.DANGER_FLAGS)
def test_a_report_with_a_safeguard_flag_is_published_on_the_sealed_stream_only(flag):
    (decision,) = decide(agency_event(data=REPORT | {"risk": {flag: True}}))

    assert decision.registers_dispute and decision.refusal is None
    assert published(decision) == [("intake-safeguard", "dispute.registered")]
    assert decision.dispute.lane_record.reported_in_lane


def test_a_step_with_a_safeguard_flag_is_published_without_the_flag_on_the_ordinary_stream():
    (decision,) = decide(agency_event("mediation_centre", SCREENED | SAFEGUARD_FLAG, type="dispute.screened", subject=CODE))

    assert published(decision) == [("intake", "step.reported"), ("intake-safeguard", "risk.flagged")]
    assert "risk" not in domain.facts_by_stream(decision)[0][2]["facts"]
    assert not decision.dispute.lane_record.reported_in_lane


@pytest.mark.parametrize("event_type", safeguard.STEPS)
def test_safeguard_steps_are_published_on_the_sealed_stream(event_type):
    agency = next(agency for agency in (*INSIDE, *OUTSIDE) if contracts.may_report(agency, event_type))
    (decision,) = decide(step(event_type, agency))

    assert published(decision) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", INSIDE)
def test_steps_of_agencies_inside_the_lane_about_a_held_dispute_are_sealed(agency):
    (decision,) = decide(agency_event(agency, subject=CODE), context=context_with(LaneRecord(holds={"hold"})))

    assert published(decision) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_steps_of_agencies_outside_the_lane_about_a_held_dispute_are_ordinary(agency):
    (decision,) = decide(agency_event(agency, subject=CODE), context=context_with(LaneRecord(holds={"hold"})))

    assert published(decision) == [("intake", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_a_code_reported_in_the_lane_is_an_unknown_dispute_for_agencies_outside_it(agency):
    unassigned, in_lane = (
        decide(agency_event(agency, subject=CODE), context=context)[0]
        for context in (BatchContext(), context_with(LaneRecord(reported_in_lane=True, holds={"hold"})))
    )

    assert refusal_code(in_lane) == "unknown_dispute"
    assert domain.first_receipt(in_lane) == domain.first_receipt(unassigned)
    assert in_lane.dispute is None


def test_an_agency_that_reported_a_dispute_in_the_lane_may_use_its_code():
    (decision,) = decide(
        agency_event("grid", subject=CODE), context=context_with(LaneRecord(reported_in_lane=True, holds={"hold"}, reporting_agencies={"grid"}))
    )

    assert published(decision) == [("intake-safeguard", "step.reported")]


def test_a_step_before_the_hold_in_the_same_batch_is_published_on_the_ordinary_stream():
    before, warning, after = decide(
        step("dispute.screened", "court"), step("dv.warning_issued", "police", id="e-2"), step("dispute.screened", "court", id="e-3")
    )

    assert [published(decision)[0][0] for decision in (before, warning, after)] == ["intake", "intake-safeguard", "intake-safeguard"]


def test_the_first_receipt_of_a_report_with_a_safeguard_flag_equals_any_other():
    ordinary, flagged = (decide(agency_event(data=data, id=id), at=NOW)[0] for data, id in ((REPORT, "e-1"), (REPORT | SAFEGUARD_FLAG, "e-1")))
    for decision in (ordinary, flagged):
        decision.dispute.code, decision.log_entry.seq, decision.sha256 = CODE, 7, "0" * 64

    assert domain.first_receipt(ordinary) == domain.first_receipt(flagged)
