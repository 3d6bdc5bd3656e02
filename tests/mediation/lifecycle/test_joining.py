"""Tests of joining two disputes about the same matter, and of undoing a join, under the rules of the mediation service."""

from datetime import timedelta

import pytest

import contracts
from contracts import samples
from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.transitions import OPEN_STATES
from tests.mediation.simulated_dispute import CENTRE, CODE, DAMAN, MONDAY, XIJIE, IncomingEvent, SimulatedDispute, dispute_in_state


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_join_closes_a_dispute_in_any_open_state_and_undoing_the_join_restores_the_dispute(state):
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


def test_the_event_of_a_join_names_the_mediation_body_if_the_dispute_has_one():
    with_body, without_body = dispute_in_state("mediating"), dispute_in_state("registered")
    for simulation in (with_body, without_body):
        simulation.report("reports.joined")

    assert with_body.last_event("reports.joined")["body"] == DAMAN and "body" not in without_body.last_event("reports.joined")


@pytest.mark.parametrize(("event_type", "noted", "field"), [("dispute.merged", "merge.noted", "into"), ("dispute.unmerged", "unmerge.noted", "was")])
def test_a_join_and_its_undoing_are_published_about_the_dispute_that_continues_with_the_agencies_that_handle_it(event_type, noted, field):
    simulation = dispute_in_state("agreed")
    about_continuing = contracts.DOMAIN_EVENTS[event_type].example | {field: CODE}
    about_other = contracts.DOMAIN_EVENTS[event_type].example | {field: samples.OTHER_DISPUTE}
    decision, *others = (
        decisions.decide(simulation.dispute, IncomingEvent(event_type, data, simulation.now, f"{CODE}/9"), MONDAY) for data in (about_continuing, about_other)
    )

    ((published, data),) = decision.new_events
    assert (published, data["handled_by"]) == (noted, (DAMAN,))
    contracts.dump(published, data, "mediation")
    assert decision.transition is None and [other.new_events for other in others] == [[]]


def test_a_join_is_published_with_the_agencies_that_handled_the_dispute_when_it_was_joined_however_late_the_event_arrives():
    simulation = dispute_in_state("screened")
    joined = IncomingEvent("dispute.merged", contracts.DOMAIN_EVENTS["dispute.merged"].example | {"into": CODE}, simulation.now, f"{CODE}/9")
    simulation.report("dispute.routed")

    ((_, data),) = decisions.decide(simulation.dispute, joined, simulation.now).new_events

    assert data["handled_by"] == (CENTRE,)


@pytest.mark.parametrize(
    ("state", "step_type", "body_before"),
    [
        ("routed", "dispute.routed", DAMAN),
        ("mediating", "case.filed", DAMAN),
        ("terminated", "dispute.redirected", DAMAN),
        ("defaulted", "dispute.reopened", DAMAN),
        ("screened", "dispute.routed", None),
        ("mediating", "session.held", None),
    ],
)
def test_the_event_of_a_step_that_takes_the_dispute_from_its_mediation_body_names_the_body(state, step_type, body_before):
    simulation = dispute_in_state(state)
    facts = {"to": XIJIE} if step_type == "dispute.routed" else {}
    assert simulation.report(step_type, **facts).refused is None

    assert simulation.last_event(step_type).get("body_before") == body_before


def test_undoing_a_join_is_refused_for_a_dispute_that_was_closed_without_a_join():
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


def test_a_proposed_duplicate_is_published_to_the_centre_and_does_not_change_the_dispute():
    simulation = dispute_in_state("registered")
    proposal = contracts.DOMAIN_EVENTS["duplicate.proposed"].example
    decision = decisions.decide(simulation.dispute, IncomingEvent("duplicate.proposed", proposal, MONDAY, f"{CODE}/9"), MONDAY + timedelta(days=1))

    ((event_type, data),) = decision.new_events
    assert (event_type, data["owed_by"], data["other"]) == ("duplicate.noted", (CENTRE,), proposal["other"])
    contracts.dump(event_type, data, "mediation")
    assert decision.transition is None and simulation.state == "registered" and isinstance(simulation, SimulatedDispute)
