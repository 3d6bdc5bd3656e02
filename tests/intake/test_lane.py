"""Tests of intake's safeguard lane (events that only police, courts and women's federation see): which events enter it, who may see a code."""

import pytest

import contracts
from contracts import safeguard
from services.intake import domain
from services.intake.model import BatchContext, Dispute, SafeguardLaneRecord
from tests.intake.test_domain import CODE, NOW, REPORT, SCREENING_DATA, agency_event, decide, refusal_code, step_event

SAFEGUARD_FLAG = {"risk": {"domestic_violence": True}}
INSIDE, OUTSIDE = ("police", "court", "court-daman", "womens_federation"), ("mediation_centre", "grid", "trade_union", "judicial_bureau")


def context_with_record(record):
    return BatchContext(disputes={CODE: Dispute(CODE, safeguard_lane_record=record)})


def published_events(decision):
    """Return (stream, event type) of each domain event for an accepted event. Assert that the data conform to the package contracts."""
    decision.log_entry.seq = 7
    if decision.dispute.code is None:
        decision.dispute.code = CODE
    for stream, event_type, data in domain.domain_events_by_stream(decision):
        contracts.dump(event_type, data, stream or "intake")
    return [(stream or "intake", event_type) for stream, event_type, _ in domain.domain_events_by_stream(decision)]


@pytest.mark.parametrize("flag", safeguard.DANGER_FLAGS)
def test_a_report_with_a_safeguard_flag_is_published_on_the_sealed_stream_only(flag):
    (decision,) = decide(agency_event(data=REPORT | {"risk": {flag: True}}))

    assert decision.registers_dispute and decision.refusal is None
    assert published_events(decision) == [("intake-safeguard", "dispute.registered")]
    assert decision.dispute.safeguard_lane_record.reported_in_lane


def test_a_step_with_a_safeguard_flag_is_published_without_the_flag_on_the_ordinary_stream():
    (decision,) = decide(agency_event("mediation_centre", SCREENING_DATA | SAFEGUARD_FLAG, type="dispute.screened", subject=CODE))

    assert published_events(decision) == [("intake", "step.reported"), ("intake-safeguard", "risk.flagged")]
    assert "risk" not in domain.domain_events_by_stream(decision)[0][2]["facts"]
    assert not decision.dispute.safeguard_lane_record.reported_in_lane


@pytest.mark.parametrize("event_type", safeguard.STEP_NAMES)
def test_a_safeguard_step_is_published_on_the_sealed_stream_only(event_type):
    agency = next(agency for agency in (*INSIDE, *OUTSIDE) if contracts.may_report(agency, event_type))
    (decision,) = decide(step_event(event_type, agency))

    assert published_events(decision) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", INSIDE)
def test_a_step_about_a_held_dispute_by_an_agency_with_safeguard_access_is_published_on_the_sealed_stream(agency):
    (decision,) = decide(agency_event(agency, subject=CODE), context=context_with_record(SafeguardLaneRecord(holds={"hold"})))

    assert published_events(decision) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_a_step_of_an_agency_outside_the_safeguard_lane_about_a_held_dispute_is_published_on_the_ordinary_stream(agency):
    (decision,) = decide(agency_event(agency, subject=CODE), context=context_with_record(SafeguardLaneRecord(holds={"hold"})))

    assert published_events(decision) == [("intake", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_an_agency_outside_the_safeguard_lane_gets_unknown_dispute_for_the_code_of_a_dispute_inside(agency):
    unassigned, in_lane = (
        decide(agency_event(agency, subject=CODE), context=context)[0]
        for context in (BatchContext(), context_with_record(SafeguardLaneRecord(reported_in_lane=True, holds={"hold"})))
    )

    assert refusal_code(in_lane) == "unknown_dispute"
    assert domain.first_receipt(in_lane) == domain.first_receipt(unassigned)
    assert in_lane.dispute is None


def test_an_agency_that_reported_a_dispute_into_the_safeguard_lane_may_use_the_code():
    (decision,) = decide(
        agency_event("grid", subject=CODE), context=context_with_record(SafeguardLaneRecord(reported_in_lane=True, holds={"hold"}, reporting_agencies={"grid"}))
    )

    assert published_events(decision) == [("intake-safeguard", "step.reported")]


def test_a_step_before_the_hold_in_the_same_batch_is_published_on_the_ordinary_stream():
    before, warning, after = decide(
        step_event("dispute.screened", "court"), step_event("dv.warning_issued", "police", id="e-2"), step_event("dispute.screened", "court", id="e-3")
    )

    assert [published_events(decision)[0][0] for decision in (before, warning, after)] == ["intake", "intake-safeguard", "intake-safeguard"]


def test_the_first_receipt_does_not_depend_on_whether_the_report_has_a_safeguard_flag():
    ordinary, flagged = (decide(agency_event(data=data, id=id), at=NOW)[0] for data, id in ((REPORT, "e-1"), (REPORT | SAFEGUARD_FLAG, "e-1")))
    for decision in (ordinary, flagged):
        decision.dispute.code, decision.log_entry.seq, decision.sha256 = CODE, 7, "0" * 64

    assert domain.first_receipt(ordinary) == domain.first_receipt(flagged)
