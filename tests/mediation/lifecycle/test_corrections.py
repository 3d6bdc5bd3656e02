"""Tests of corrections and withdrawals of steps: undoing a step restores the dispute and its deadlines as they were before the step."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

import contracts
from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.transitions import OPEN_STATES
from tests.mediation.simulated_dispute import CENTRE, COURT, DAMAN, FACTS, PETITIONS, REPORTING_AGENCY, XIJIE, dispute_in_state

# State: type and facts of a step that changes a dispute in this state.
STEP_FROM_STATE = {
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
def test_withdrawing_a_step_restores_the_dispute_and_its_deadlines(state):
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


def test_a_step_on_which_no_later_step_depends_can_be_withdrawn_after_later_steps():
    simulation = dispute_in_state("accepted")
    steps = [simulation.report("consent.given", party=party) for party in ("applicant", "respondent")]

    assert simulation.report("report.withdrawn", DAMAN, event=steps[0].applied_step.event_id).refused is None
    assert (simulation.state, simulation.dispute.consents) == ("consent_pending", {"respondent"})
    assert simulation.report("report.withdrawn", DAMAN, event=steps[0].applied_step.event_id).refused == "already_taken_back"
    assert simulation.report("report.withdrawn", DAMAN, event=steps[1].applied_step.event_id).refused is None
    assert (simulation.state, simulation.dispute.consents) == ("accepted", frozenset())


def test_a_step_on_which_later_steps_depend_cannot_be_withdrawn():
    simulation = dispute_in_state("accepted")
    accepted = simulation.dispute.applied_steps[-1]
    before = deepcopy(changeable_values(simulation.dispute))
    consent = simulation.report("consent.given", party="applicant")

    assert simulation.report("report.withdrawn", DAMAN, event=accepted.event_id).refused == "later_steps_stand"
    assert simulation.report("report.withdrawn", DAMAN, event=consent.applied_step.event_id).refused is None
    assert changeable_values(simulation.dispute) == before
    assert simulation.report("report.withdrawn", DAMAN, event=accepted.event_id).refused is None
    assert simulation.state == "routed"


def test_the_deadline_of_a_withdrawn_supervision_is_stopped_before_the_earlier_deadline_is_set_again():
    """Listeners store one deadline per clock, so after both changes they have the earlier deadline."""
    simulation = dispute_in_state("registered")
    simulation.report("supervision.issued")
    simulation.advance_to(simulation.now + timedelta(days=20))  # a second supervision is issued automatically, and its deadline passes, too
    passed = simulation.due_at("supervision_answer")
    assert passed < simulation.now
    supervision = simulation.report("supervision.issued")

    withdrawal = simulation.report("report.withdrawn", CENTRE, event=supervision.applied_step.event_id)

    (withdrawn, _), (recomputed, data), (announced, _) = withdrawal.new_events
    changes = [(change["change"], change["due_at"] == passed) for change in data["deadlines"] if change["clock"] == "supervision_answer"]
    assert (withdrawn, recomputed, changes) == ("report.withdrawn", "dispute.recomputed", [("stopped", False), ("set", True)])
    assert announced == "deadline.passed"


def test_a_correction_is_one_outcome_and_the_result_for_the_dispute_follows_it():
    simulation = dispute_in_state("registered")
    screening = simulation.report("dispute.screened", track="B", court_received_on="2026-03-02")

    correction = simulation.report(
        "report.corrected", CENTRE, event=screening.applied_step.event_id, corrects="dispute.screened", facts={**FACTS["dispute.screened"], "track": "A"}
    )

    (corrected_type, correcting), (recomputed_type, recomputed) = correction.new_events
    assert (corrected_type, contracts.step_outcome(corrected_type, correcting)) == ("report.corrected", "applied")
    assert (recomputed_type, contracts.step_outcome(recomputed_type, recomputed)) == ("dispute.recomputed", None)
    assert (recomputed["because"], recomputed["state"]) == ("correction", "screened")
    assert [entry["state"] for entry in recomputed["entries"]] == ["registered", "screened"]
    assert [(change["change"], change["clock"]) for change in recomputed["deadlines"]] == [("stopped", "filing_decision"), ("set", "routing")]


def closed_dispute_after(*steps):
    """Return a simulated dispute that is archived after these steps, and their decisions by step type."""
    simulation = dispute_in_state("resolved")
    reported = {step: simulation.report(step) for step in steps}
    reported["dispute.archived"] = simulation.report("dispute.archived")
    assert simulation.state == "closed" and not simulation.dispute.deadlines
    return simulation, reported


@pytest.mark.parametrize(
    ("steps", "clock"),
    [
        (("petition.registered", "petition.accepted", "petition.decided"), "petition_decide"),
        (("petition.registered", "petition.decided"), "petition_accept"),
        (("petition.transferred", "petition.returned"), "petition_transfer_objection"),
    ],
)
def test_the_legal_period_of_a_petition_runs_again_when_the_decision_is_withdrawn_even_if_the_dispute_is_closed(steps, clock):
    """信访工作条例 22, 34: the periods do not end because the dispute from which the petition arose was settled."""
    simulation, reported = closed_dispute_after(*steps)

    withdrawal = simulation.report("report.withdrawn", PETITIONS, event=reported[steps[-1]].applied_step.event_id)

    assert withdrawal.refused is None and simulation.state == "closed"
    assert [deadline.clock for deadline in simulation.dispute.deadlines.values()] == [clock]
    assert simulation.report("report.withdrawn", DAMAN, event=reported["dispute.archived"].applied_step.event_id).refused is None
    assert clock in [deadline.clock for deadline in simulation.dispute.deadlines.values()]


def test_archiving_a_dispute_stops_all_its_clocks_but_those_of_petitions():
    simulation = dispute_in_state("resolved")
    simulation.report("petition.registered")

    simulation.report("dispute.archived")

    assert [deadline.clock for deadline in simulation.dispute.deadlines.values()] == ["petition_accept"]


def test_the_guards_check_a_corrected_step_and_a_refused_correction_changes_nothing():
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


def test_the_withdrawal_of_a_correction_makes_the_original_facts_valid_again():
    simulation = dispute_in_state("screened")
    routed = simulation.report("dispute.routed")
    corrected = simulation.report(
        "report.corrected", CENTRE, event=routed.applied_step.event_id, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": XIJIE}
    )

    assert simulation.report("report.withdrawn", CENTRE, event=corrected.applied_step.event_id).refused is None
    assert (simulation.state, simulation.dispute.body) == ("routed", DAMAN)


def test_a_correction_must_name_an_earlier_step_of_the_agency_with_its_type_and_corrected_facts():
    simulation = dispute_in_state("screened")
    routed = simulation.report("dispute.routed")

    assert simulation.report("report.corrected", CENTRE, event=routed.applied_step.event_id).refused == "correction_without_facts"
    wrong = {"corrects": "dispute.screened", "facts": FACTS["dispute.screened"]}
    assert simulation.report("report.corrected", CENTRE, event=routed.applied_step.event_id, **wrong).refused == "not_that_step"
    assert simulation.report("report.corrected", DAMAN, event=routed.applied_step.event_id, after=timedelta(0)).refused == "no_such_report"


def test_a_recomputation_names_the_facts_of_the_dispute_that_changed():
    simulation = dispute_in_state("registered")
    screening = simulation.report("dispute.screened", kind="family")
    corrected = {"suitable": True, "track": "A", "kind": "neighbour"}
    simulation.report("report.corrected", CENTRE, event=screening.applied_step.event_id, corrects="dispute.screened", facts=corrected)
    assert simulation.last_event("dispute.recomputed")["changed"] == ["kind"]

    again = {"kind": "neighbour", "suitable": False}
    simulation.report("report.corrected", CENTRE, event=simulation.dispute.applied_steps[-1].event_id, corrects="dispute.screened", facts=corrected | again)
    assert "changed" not in simulation.last_event("dispute.recomputed")


def correction_of_report(simulation, agency, **facts):
    """Report a correction of the first report of the dispute, naming the event of the report. Return the decision."""
    reporter = simulation.dispute.applied_steps[0]
    named = {} if agency == reporter.agency else {"reported_by": reporter.agency}
    return simulation.report("report.corrected", agency, event=reporter.event_id, corrects="dispute.reported", facts=facts, **named)


def test_a_correction_by_the_centre_keeps_what_the_reporting_agency_has_corrected():
    simulation = dispute_in_state("registered")
    reporter = simulation.dispute.applied_steps[0].agency
    own = {
        "channel": "phone",
        "place": {"township": "620702100"},
        "kind": "contract",
        "wants": "mediation",
        "amount_cny": "5.00",
        "party_labels": ["applicant"],
    }
    correction_of_report(simulation, reporter, **own)
    by_centre = correction_of_report(simulation, CENTRE, place={"township": "620702102"}, kind="neighbour")

    assert by_centre.refused is None
    recomputed = simulation.last_event("dispute.recomputed")
    assert (recomputed["township"], recomputed["kind"], recomputed["amount_cny"], recomputed["channel"]) == ("620702102", "neighbour", "5.00", "phone")
    assert simulation.dispute.parties == {"applicant"}


def test_the_reporting_agency_may_correct_its_report_after_the_centre_has():
    simulation = dispute_in_state("registered")
    reporter = simulation.dispute.applied_steps[0].agency
    correction_of_report(simulation, CENTRE, place={"township": "620702100"}, kind="neighbour")
    own = {"channel": "phone", "place": {"township": "620702102"}, "kind": "contract", "wants": "mediation"}

    assert correction_of_report(simulation, reporter, **own).refused is None
    assert (simulation.dispute.kind, simulation.dispute.township) == ("contract", "620702102")
    assert correction_of_report(simulation, reporter, **own).refused == "already_taken_back"  # it now has to name its own correction


def test_the_clocks_of_the_kind_follow_when_the_kind_decided_at_screening_is_corrected():
    """A labour dispute is mediated within fifteen days (劳动争议调解仲裁法 14), any other outside court within the thirty days of the county's policy."""
    simulation = dispute_in_state("registered")
    screening = simulation.report("dispute.screened", kind="family")
    for step in ("dispute.routed", "referral.accepted"):
        simulation.report(step)
    assert "mediation_out_of_court_policy" in simulation.dispute.deadlines

    correction = {"event": screening.applied_step.event_id, "corrects": "dispute.screened", "facts": {**FACTS["dispute.screened"], "kind": "labour"}}
    assert simulation.report("report.corrected", CENTRE, **correction).refused is None

    recomputed = simulation.last_event("dispute.recomputed")
    changes = [(change["change"], change["clock"]) for change in recomputed["deadlines"]]
    assert recomputed["kind"] == simulation.dispute.kind == "labour"
    assert ("stopped", "mediation_out_of_court_policy") in changes and ("set", "labour_mediation") in changes


def test_the_clocks_of_the_levels_follow_when_the_channel_of_the_report_is_corrected():
    """四级七天 applies to disputes that the grid found. Automatic steps that followed from the wrong channel are taken back."""
    simulation = dispute_in_state("registered", channel="grid")
    simulation.advance_to(simulation.now + timedelta(days=2))
    assert simulation.last_event("level.escalated")["level"] == "village_level"

    reported = {"channel": "walk_in", "place": {"township": "620702102"}, "kind": "family", "wants": "mediation"}
    registration = simulation.dispute.applied_steps[0]
    assert simulation.report("report.corrected", registration.agency, event=registration.event_id, corrects="dispute.reported", facts=reported).refused is None

    recomputed = simulation.last_event("dispute.recomputed")
    assert [step["step"] for step in recomputed["retracted"]] == ["level.escalated"] and recomputed["channel"] == "walk_in"
    assert simulation.dispute.level is None and not any(clock.endswith("_level") for clock in simulation.dispute.deadlines)
