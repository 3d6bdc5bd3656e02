"""Tests of corrections and withdrawals: an undone step leaves the dispute and its deadlines as they were before the step."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.transitions import OPEN_STATES
from tests.mediation.simulated_dispute import CENTRE, COURT, DAMAN, FACTS, REPORTING_AGENCY, XIJIE, dispute_in_state

STEP_FROM_STATE = {                       # for each state, a step that changes the dispute
    "screened": ("dispute.routed", {}), "routed": ("referral.declined", {}), "accepted": ("consent.given", {}), "consent_pending": ("consent.refused", {}),
    "mediating": ("agreement.reached", {}), "clock_paused": ("clock.resumed", {}), "suspended": ("mediation.resumed", {}),
    "agreed": ("confirmation.applied", {}), "confirm_applied": ("confirmation.withdrawn", {}), "confirm_decided": ("enforcement.applied", {}),
    "performing": ("dispute.followed_up", {}), "filed": ("case.entrusted", {}), "court_track": ("case.closed", {}), "terminated": ("dispute.archived", {}),
    "resolved": ("dispute.archived", {}), "enforcement": ("enforcement.completed", {}), "redirected": ("dispute.reopened", {}), "defaulted": ("case.filed", {}),
}  # fmt: skip


def changeable_values(dispute):
    """Return all values of the dispute and its deadlines that a step may change, except the times of the next checks."""
    deadlines = {key: (d.started_at, d.due_at, d.owed_by, d.pauses, d.extensions) for key, d in dispute.deadlines.items()}
    return replace(dispute, deadlines={}, steps=0, applied_steps=[]), deadlines


@pytest.mark.parametrize("state", [state for state in OPEN_STATES if state in STEP_FROM_STATE])
def test_a_withdrawn_step_leaves_the_dispute_and_its_deadlines_as_before(state):
    simulation = dispute_in_state(state)
    before = deepcopy(changeable_values(simulation.dispute))
    step, facts = STEP_FROM_STATE[state]
    agency = REPORTING_AGENCY.get(step) or (CENTRE if state == "redirected" else DAMAN)
    decision = simulation.report(step, agency, **facts)
    assert decision.refused is None and changeable_values(simulation.dispute) != before

    withdrawal = simulation.report("report.withdrawn", agency, event=decision.applied_step.event_id)

    assert withdrawal.refused is None
    assert changeable_values(simulation.dispute) == before
    assert decisions.fold(simulation.history) == simulation.state == state


def test_the_last_steps_can_be_withdrawn_one_after_the_other():
    simulation = dispute_in_state("accepted")
    steps = [simulation.report("consent.given", party=party) for party in ("applicant", "respondent")]

    assert simulation.report("report.withdrawn", DAMAN, event=steps[0].applied_step.event_id).refused == "later_steps_stand"
    assert simulation.report("report.withdrawn", DAMAN, event=steps[1].applied_step.event_id).refused is None
    assert simulation.report("report.withdrawn", DAMAN, event=steps[1].applied_step.event_id).refused == "already_taken_back"
    assert simulation.report("report.withdrawn", DAMAN, event=steps[0].applied_step.event_id).refused is None
    assert (simulation.state, simulation.dispute.consents) == ("accepted", frozenset())


def test_a_withdrawn_supervision_is_stopped_before_the_earlier_deadline_is_set_again():
    """Listeners store one deadline per clock: after both events they must have the earlier deadline."""
    simulation = dispute_in_state("registered")
    simulation.report("supervision.issued")
    simulation.advance_to(simulation.now + timedelta(days=20))  # a second supervision is issued automatically, and its deadline passes, too
    passed = simulation.due_at("supervision_answer")
    assert passed < simulation.now
    supervision = simulation.report("supervision.issued")

    withdrawal = simulation.report("report.withdrawn", CENTRE, event=supervision.applied_step.event_id)

    published = [(event_type, data["due_at"] == passed) for event_type, data in withdrawal.new_events if data.get("clock") == "supervision_answer"]
    assert published == [("deadline.stopped", False), ("deadline.set", True)]


def test_a_correction_is_checked_by_the_guards_and_changes_nothing_if_refused():
    simulation = dispute_in_state("screened")
    routed = simulation.report("dispute.routed")
    before = deepcopy(changeable_values(simulation.dispute))

    refused = simulation.report(
        "report.corrected", CENTRE, event=routed.applied_step.event_id, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": COURT}
    )
    assert refused.refused == "not_a_mediating_body" and changeable_values(simulation.dispute) == before

    corrected = simulation.report(
        "report.corrected", CENTRE, event=routed.applied_step.event_id, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": XIJIE}
    )
    assert corrected.refused is None and simulation.dispute.body == XIJIE
    assert {deadline.owed_by for deadline in simulation.dispute.deadlines.values()} == {(XIJIE,)}


def test_a_correction_can_itself_be_withdrawn():
    simulation = dispute_in_state("screened")
    routed = simulation.report("dispute.routed")
    corrected = simulation.report(
        "report.corrected", CENTRE, event=routed.applied_step.event_id, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": XIJIE}
    )

    assert simulation.report("report.withdrawn", CENTRE, event=corrected.applied_step.event_id).refused is None
    assert (simulation.state, simulation.dispute.body) == ("screened", None)


def test_a_correction_must_name_an_own_earlier_step_with_its_type_and_the_right_facts():
    simulation = dispute_in_state("screened")
    routed = simulation.report("dispute.routed")

    assert simulation.report("report.corrected", CENTRE, event=routed.applied_step.event_id).refused == "correction_without_facts"
    wrong = {"corrects": "dispute.screened", "facts": FACTS["dispute.screened"]}
    assert simulation.report("report.corrected", CENTRE, event=routed.applied_step.event_id, **wrong).refused == "not_that_step"
    assert simulation.report("report.corrected", DAMAN, event=routed.applied_step.event_id, after=timedelta(0)).refused == "no_such_report"
