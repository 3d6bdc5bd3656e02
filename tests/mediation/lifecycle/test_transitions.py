"""Tests of the tables of transitions, guards and clocks: they are complete, agree with the package contracts, and make every state reachable."""

import re
from datetime import date
from pathlib import Path

import pytest

import contracts
import contracts.kinds
from contracts.clocks import CLOCKS as CLOCK_NAMES
from contracts.clocks import is_article
from docs.generate.lifecycle import state_diagram
from services.mediation.deadlines.clocks import CLOCK_BY_NAME, CLOCKS
from services.mediation.dispute import guards, tracks
from services.mediation.dispute.matters import MATTERS_NOT_MEDIATED, SUBJECTS_NOT_CONFIRMED
from services.mediation.dispute.model import Dispute, agencies_in_role
from services.mediation.dispute.tracks import TRACKS
from services.mediation.law.periods import DEFAULT_RULES
from services.mediation.lifecycle import applying, transitions
from services.mediation.lifecycle.effects import EFFECTS
from services.mediation.lifecycle.transitions import (
    COURT_STATES,
    FINAL_STATES,
    GUARDS,
    INITIAL_STATE,
    NEXT_ACTORS,
    OPEN_STATES,
    PRINCIPLES,
    STEP_WHEN_PASSED,
    TRANSITIONS,
    target_states,
)
from tests.mediation.simulated_dispute import DAMAN, FACTS, deadline_changes, dispute_in_state, registered_event

AUTOMATIC_STEPS = set(STEP_WHEN_PASSED.values()) - set(contracts.ORDINARY_STEP_NAMES)
STEPS = sorted(({step for row in TRANSITIONS.values() for step in row} | set(FACTS)) - AUTOMATIC_STEPS)
UNLISTED_STEPS = [(step, state) for step in STEPS for state, row in TRANSITIONS.items() if state != INITIAL_STATE and step not in row]


def state_changes_from(state):
    """Return (step type, new state) for each change of state from `state`. Noted steps are not included."""
    return [(step, target) for step, cell in TRANSITIONS[state].items() for target in target_states(cell)]


@pytest.mark.parametrize(("step", "state"), UNLISTED_STEPS)
def test_a_step_not_listed_for_the_state_is_refused_and_changes_nothing(step, state):
    simulation = dispute_in_state(state)
    before = repr(simulation.dispute)

    decision = simulation.hear(registered_event()) if step == "dispute.registered" else simulation.report(step)

    assert decision.refused == ("dispute_closed" if state == "closed" else "illegal_here")
    assert [type for type, _ in decision.new_events] == ["step.refused"]
    assert (repr(simulation.dispute), decision.transition, decision.deadlines) == (before, None, [])


def test_every_state_in_the_transition_table_is_a_state_in_the_package_contracts():
    assert set(TRANSITIONS) <= set(contracts.STATES)
    assert {target for state in TRANSITIONS for _, target in state_changes_from(state)} <= set(TRANSITIONS)


def test_every_state_has_a_step_to_another_state_and_a_final_state_only_reopening_and_filing():
    assert all(any(target != state for _, target in state_changes_from(state)) for state in TRANSITIONS)
    assert {step for end in FINAL_STATES for step, _ in state_changes_from(end)} == {"dispute.reopened", "case.filed"}


def test_a_case_can_be_filed_from_every_state_outside_court():
    assert all(TRANSITIONS[state]["case.filed"] == "filed" for state in (*OPEN_STATES, *FINAL_STATES) if state not in COURT_STATES)


def test_every_state_is_reachable_from_the_initial_state():
    reached, frontier = {INITIAL_STATE}, [INITIAL_STATE]
    while frontier:
        found = {target for _, target in state_changes_from(frontier.pop())} - reached
        reached |= found
        frontier += found

    assert reached == set(TRANSITIONS)


def test_a_final_state_is_reachable_from_every_state():
    ending = set(FINAL_STATES)
    while more := {state for state in TRANSITIONS if {target for _, target in state_changes_from(state)} & ending} - ending:
        ending |= more

    assert ending == set(TRANSITIONS)


def test_the_transition_table_lists_the_steps_in_the_package_contracts_and_the_automatic_steps_and_no_others():
    listed = {step for row in TRANSITIONS.values() for step in row}

    assert listed - {"dispute.registered", *AUTOMATIC_STEPS} == set(contracts.ORDINARY_STEP_NAMES)
    assert {"dispute.registered", *AUTOMATIC_STEPS} <= set(contracts.DOMAIN_EVENTS)


def test_every_guard_belongs_to_a_step_in_the_transition_table_and_has_a_reason_in_the_package_contracts():
    assert set(GUARDS) <= {step for row in TRANSITIONS.values() for step in row}
    assert {reason for row in GUARDS.values() for _, reason in row} <= set(contracts.REASONS)


def test_every_state_except_initial_and_final_states_has_next_actors():
    assert set(NEXT_ACTORS) == set(TRANSITIONS)
    assert {state for state, roles in NEXT_ACTORS.items() if not roles} == {INITIAL_STATE, *FINAL_STATES}


@pytest.mark.parametrize("state", [state for state, roles in NEXT_ACTORS.items() if roles])
def test_agencies_listed_as_next_to_act_in_a_state_may_report_a_step_that_leaves_it(state):
    for agency in agencies_in_role(Dispute("", body=DAMAN), NEXT_ACTORS[state][:1]):
        assert any(target != state and contracts.may_report(agency, step) for step, target in state_changes_from(state)), agency


@pytest.mark.parametrize("agency", [code for code in contracts.AGENCIES if contracts.may_report(code, "referral.accepted")])
def test_an_agency_that_may_accept_referrals_may_report_all_steps_of_mediation(agency):
    mediation_steps = [
        "consent.given",
        "consent.refused",
        "mediation.started",
        "session.held",
        "agreement.reached",
        "mediation.terminated",
        "performance.recorded",
    ]

    assert all(contracts.may_report(agency, step) for step in mediation_steps)


def test_every_listed_principle_of_mediation_law_names_an_existing_guard_and_existing_articles():
    for guard_name, step, article in PRINCIPLES.values():
        guard_names = {guard.__name__ for guard, _ in GUARDS.get(step, ())} | {"may_request_another_mediator"}
        assert guard_name in guard_names and hasattr(guards, guard_name) and is_article(article)


def test_matters_and_subjects_excluded_by_law_are_in_the_package_contracts_and_have_a_reason():
    assert set(MATTERS_NOT_MEDIATED) <= set(contracts.kinds.MATTERS) and set(MATTERS_NOT_MEDIATED.values()) <= {
        reason for _, reason in GUARDS["dispute.screened"]
    }
    assert set(SUBJECTS_NOT_CONFIRMED) <= set(contracts.kinds.AGREEMENT_SUBJECTS)


def test_exactly_one_track_of_claims_received_by_a_court_is_open_on_every_day():
    for day in (date(2020, 1, 1), date(2024, 12, 31), date(2025, 1, 1), date(2026, 3, 2)):
        assert len([track for track in TRACKS if track.in_court and tracks.is_track_open(track.code, day)]) == 1
    assert (tracks.track_of_claim(date(2024, 12, 31)), tracks.track_of_claim(date(2025, 1, 1)), tracks.track_of_claim(None)) == ("legacy", "B", "A")
    assert {track.code for track in TRACKS} == set(contracts.kinds.TRACKS) and all(is_article(track.article) for track in TRACKS)


def test_the_database_constraint_lists_the_states_of_the_transition_table():
    migrations = sorted((Path(transitions.__file__).parents[1] / "migrations").glob("*.sql"))
    listed = re.findall(r"a_dispute_is_in_one_of_these_states check \(state in \(([^)]*)\)", "".join(file.read_text("utf-8") for file in migrations))[-1]

    assert set(re.findall(r"'(\w+)'", listed)) == set(TRANSITIONS) - {INITIAL_STATE}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_has_a_kind_an_article_and_a_responsible_role(clock):
    assert clock.name in CLOCK_NAMES
    for rule in DEFAULT_RULES[clock.name]:
        assert rule.kind in ("LAW", "LOCAL_RULE", "POLICY")
        assert is_article(rule.article)
        assert rule.kind == "POLICY" or not rule.article.startswith(("after", "none")), "a rule applied by analogy is not LAW"
    assert clock.owed_by in ("centre", "body", "court", "sender", "reporter", "level", "called", "urged", "appoints", "archives")


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_has_a_step_that_starts_it_and_a_step_that_meets_it(clock):
    starts = any(target in clock.runs_in for step in clock.started_by for state in TRANSITIONS for s, target in state_changes_from(state) if s == step)
    assert (
        starts
        or clock.can_start_when_met
        or (clock.starts_when_noted and any(step in TRANSITIONS[state] for step in clock.started_by for state in clock.runs_in))
    )
    assert any(step in TRANSITIONS[state] for step in clock.met_by for state in clock.runs_in)


def test_a_deadline_whose_clock_does_not_run_in_the_new_state_is_stopped_and_published():
    simulation = dispute_in_state("mediating")

    decision = simulation.report("case.filed")

    assert [change["clock"] for change in deadline_changes(decision.new_events) if change["change"] == "stopped"] == ["mediation_out_of_court_policy"]
    assert "mediation_out_of_court_policy" not in {deadline.clock for deadline in simulation.dispute.deadlines.values()}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_a_step_that_extends_a_clock_is_listed_only_in_states_in_which_the_clock_runs(clock):
    if clock.extended_by:
        assert {state for state, row in TRANSITIONS.items() if clock.extended_by in row} <= set(clock.runs_in)


def test_clock_names_are_unique():
    assert len(CLOCK_BY_NAME) == len(CLOCKS)


def test_every_effect_has_a_step_in_the_transition_table_and_every_outcome_is_in_the_package_contracts():
    assert set(EFFECTS) <= {step for row in TRANSITIONS.values() for step in row}
    assert set(applying.OUTCOME_BY_STATE.values()) <= set(contracts.event_type("dispute.closed").schema().fields["outcome"].validate.choices)


def test_the_generated_state_diagram_shows_every_change_of_state():
    drawn = {(state, target): steps for state, target, steps in re.findall(r"(\w+) --> (\w+): (.*)", state_diagram())}

    for state in TRANSITIONS:
        for step, target in state_changes_from(state):
            if target != state:
                assert step in drawn[state, target].split(", ")


def test_every_state_and_step_has_a_display_name_on_the_web_pages():
    from services.metrics.web.names import NAMES as DISPLAY_NAMES

    assert set(TRANSITIONS) <= set(DISPLAY_NAMES["state"])
    assert {step for row in TRANSITIONS.values() for step in row} <= set(DISPLAY_NAMES["event"])
