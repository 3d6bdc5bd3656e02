"""Tests that every state in which an agency has to act has a deadline and a notice for that agency, or a documented reason why not.

The tables are compared with each other: transitions, next actors, clocks, and the rules for notices.
"""

from random import Random

import pytest

from plumbing.events import Event
from services.mediation.deadlines.clocks import CLOCKS, STATES_WITHOUT_DEADLINE
from services.mediation.dispute.model import agencies_in_role
from services.mediation.lifecycle.transitions import NEXT_ACTORS, OPEN_STATES, TRANSITIONS, target_states
from services.notify import rules
from tests.mediation.lifecycle.test_walks import random_steps
from tests.mediation.simulated_dispute import CENTRE, CODE, COURT, MONDAY, SimulatedDispute, dispute_in_state

STATES_WITH_DEADLINE = [state for state in OPEN_STATES if state not in STATES_WITHOUT_DEADLINE]
# Agencies that have to act and get no notice, because they reported the step themselves that made them the next to act.
ACT_AFTER_OWN_STEP = "the next actor reported the step"
# State: why the next actor gets no notice when the dispute enters it.
STATES_WITHOUT_NOTICE = {
    "resolved": "archiving is not urgent; the agency is reminded before the deadline",
    "screened": "the notice of the proposal states the deadline (notice.proposal)",
    "referral_declined": "the notice of the proposal states the deadline (notice.proposal)",
}


def entries_into(state):
    """Yield each (former state, step type) that leads into the state from another state."""
    return ((former, step) for former, row in TRANSITIONS.items() for step, cell in row.items() if former != state and state in target_states(cell))


def test_the_documented_states_without_deadline_exist_and_somebody_has_to_act_in_them():
    assert all(NEXT_ACTORS[state] for state in STATES_WITHOUT_DEADLINE)
    assert all(zh.endswith("。") and en.endswith(".") for zh, en in STATES_WITHOUT_DEADLINE.values())


@pytest.mark.parametrize("state", STATES_WITH_DEADLINE)
def test_every_entry_into_a_state_starts_a_clock_or_continues_one(state):
    for former, step in entries_into(state):
        starts = [clock.name for clock in CLOCKS if state in clock.runs_in and step in clock.started_by]
        continues = [clock.name for clock in CLOCKS if state in clock.runs_in and former in clock.runs_in and step not in clock.met_by]
        assert starts or continues, (former, step)


@pytest.mark.parametrize("state", STATES_WITH_DEADLINE)
def test_in_every_state_the_next_actor_owes_an_unmet_deadline(state):
    simulation = dispute_in_state(state)

    owing = {agency for deadline in simulation.dispute.deadlines.values() if not deadline.is_paused for agency in deadline.owed_by}
    assert owing & set(agencies_in_role(simulation.dispute, NEXT_ACTORS[state]))


@pytest.mark.parametrize("seed", range(150))
def test_after_any_sequence_of_steps_somebody_who_has_to_act_owes_an_unmet_deadline(seed):
    simulation = SimulatedDispute()
    simulation.register(kind=Random(seed).choice(["family", "labour", "medical", "contract"]), wants=Random(seed).choice(["mediation", "filing"]))
    for step, agency, facts, wait in random_steps(seed, simulation):
        simulation.report(step, agency, after=wait, **facts)
        if simulation.state in STATES_WITH_DEADLINE:
            owing = {agency for deadline in simulation.dispute.deadlines.values() for agency in deadline.owed_by}
            assert owing & set(agencies_in_role(simulation.dispute, NEXT_ACTORS[simulation.state])), (simulation.state, simulation.event_types()[-6:])


@pytest.mark.parametrize("state", OPEN_STATES)
def test_whoever_has_to_act_in_a_state_gets_a_notice_or_reported_the_step_itself(state):
    simulation = dispute_in_state(state)
    type, data = next((type, data) for type, data in reversed(simulation.events) if data.get("state") == state != data.get("before"))

    notified = {notice.to for notice in rules.notices_for(Event("mediation", f"{CODE}/1", type, CODE, MONDAY, data))}
    unnotified = [agency for agency in data["next_actors"] if agency not in notified and agency != data.get("agency")]
    assert unnotified == [] or state in STATES_WITHOUT_NOTICE, unnotified


@pytest.mark.parametrize("reopened_from", ["closed", "redirected", "defaulted"])
def test_a_reopened_dispute_has_a_deadline_and_a_notice_for_the_centre(reopened_from):
    simulation = dispute_in_state(reopened_from)
    simulation.report("dispute.reopened", COURT if reopened_from == "closed" else CENTRE)

    type, data = next((type, data) for type, data in reversed(simulation.events) if type == "dispute.reopened")
    notices = rules.notices_for(Event("mediation", f"{CODE}/1", type, CODE, MONDAY, data))
    assert CENTRE in {notice.to for notice in notices if notice.about.get("clock") == "screening"}
