"""Tests of joining two disputes about the same matter and of undoing the join, in mediation."""

from datetime import timedelta

import pytest

import contracts
from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.transitions import OPEN_STATES
from tests.mediation.simulated_dispute import CENTRE, CODE, DAMAN, MONDAY, IncomingEvent, SimulatedDispute, dispute_in_state


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_join_closes_a_dispute_in_any_open_state_and_its_undoing_restores_it(state):
    simulation = dispute_in_state(state)
    before, deadlines = (
        (simulation.state, simulation.dispute.outcome, simulation.dispute.body, simulation.dispute.mediator, simulation.dispute.consents),
        {*simulation.dispute.deadlines},
    )

    joined = simulation.report("reports.joined")
    assert joined.refused is None and (simulation.state, simulation.dispute.outcome, simulation.dispute.deadlines) == ("closed", "merged", {})
    assert simulation.last_event("dispute.closed")["outcome"] == "merged"

    undone = simulation.report("reports.unjoined")
    assert undone.refused is None
    assert (simulation.state, simulation.dispute.outcome, simulation.dispute.body, simulation.dispute.mediator, simulation.dispute.consents) == before
    assert {*simulation.dispute.deadlines} == deadlines
    assert simulation.last_event("reports.unjoined")["before"] == "closed" and decisions.fold(simulation.history) == state


def test_the_join_event_names_the_body_that_has_the_dispute_if_any():
    with_body, without_body = dispute_in_state("mediating"), dispute_in_state("registered")
    for simulation in (with_body, without_body):
        simulation.report("reports.joined")

    assert with_body.last_event("reports.joined")["body"] == DAMAN and "body" not in without_body.last_event("reports.joined")


def test_a_dispute_closed_otherwise_cannot_be_unjoined():
    simulation = dispute_in_state("closed")

    assert simulation.report("reports.unjoined").refused == "illegal_here"
    assert simulation.report("reports.joined").refused == "dispute_closed"


def test_a_dispute_can_be_joined_again_after_the_join_was_undone():
    simulation = dispute_in_state("routed")
    for _ in range(2):
        assert simulation.report("reports.joined").refused is None
        assert simulation.report("reports.unjoined").refused is None
    assert simulation.report("reports.unjoined").refused == "illegal_here"
    assert simulation.state == "routed"


def test_a_proposed_duplicate_is_noted_for_the_centre_and_changes_nothing():
    simulation = dispute_in_state("registered")
    proposal = contracts.DOMAIN_EVENTS["duplicate.proposed"].example
    decision = decisions.decide(simulation.dispute, IncomingEvent("duplicate.proposed", proposal, MONDAY, f"{CODE}/9"), MONDAY + timedelta(days=1))

    ((event_type, data),) = decision.new_events
    assert (event_type, data["owed_by"], data["other"]) == ("duplicate.noted", (CENTRE,), proposal["other"])
    contracts.dump(event_type, data, "mediation")
    assert decision.transition is None and simulation.state == "registered" and isinstance(simulation, SimulatedDispute)
