"""Tests of proposals of mediators after a body has accepted a dispute, with a synthetic roster."""

from datetime import date

import contracts
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing import effects as routing_effects
from tests.mediation.simulated_dispute import DAMAN, FACTS, dispute_in_state, reported_event

TOWNSHIP_COMMITTEE, VILLAGE_COMMITTEE, OTHER_VILLAGE_COMMITTEE = "committee-620702102", "committee-620702102201", "committee-620702102202"
VALID_FROM = date(2020, 1, 1)
ROSTER = Roster.of(
    [
        Organisation(TOWNSHIP_COMMITTEE, VALID_FROM, None, "peoples_mediation_committee", DAMAN, "620702102"),
        Organisation(VILLAGE_COMMITTEE, VALID_FROM, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102201"),
        Organisation(OTHER_VILLAGE_COMMITTEE, VALID_FROM, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102202"),
    ],
    [
        Member("t-1", TOWNSHIP_COMMITTEE, VALID_FROM, None, "mediator"),
        Member("t-2", TOWNSHIP_COMMITTEE, VALID_FROM, None, "mediator"),
        Member("t-3", TOWNSHIP_COMMITTEE, VALID_FROM, None, "mediator", ("labour",)),
        Member("v-1", VILLAGE_COMMITTEE, VALID_FROM, None, "mediator"),
        Member("v-2", OTHER_VILLAGE_COMMITTEE, VALID_FROM, None, "mediator"),
        Member("j-1", TOWNSHIP_COMMITTEE, VALID_FROM, None, "judge"),
    ],
)


def proposed_mediators(simulation, decision, open_disputes=None):
    """Return the data of the event mediators.proposed that the decision causes, or None if it causes none."""
    if not routing_effects.needs_mediator(decision):
        return None
    routing_effects.add_mediators(decision, ROSTER, open_disputes or {}, simulation.now)
    proposals = [data for event_type, data in decision.new_events if event_type == "mediators.proposed"]
    for data in proposals:
        contracts.dump("mediators.proposed", data, "mediation")
    return proposals[0] if proposals else None


def dispute_accepted_without_mediator(**facts):
    """Return a simulated dispute that a body has accepted without naming a mediator, and the decision on the acceptance."""
    simulation = dispute_in_state("routed", **facts)
    event = reported_event("referral.accepted", simulation.now)
    event.data["facts"] = {name: value for name, value in FACTS["referral.accepted"].items() if name != "mediator"}
    return simulation, simulation.hear(event)


def test_local_mediators_who_accept_the_kind_of_dispute_are_proposed_in_order_of_open_disputes():
    simulation, decision = dispute_accepted_without_mediator(village="620702102201")

    assert proposed_mediators(simulation, decision, {"t-1": 2, "v-1": 1}) == {"mediators": ["t-2", "v-1", "t-1"], "owed_by": (DAMAN,)}
    assert routing_effects.members_of_body(simulation.dispute, ROSTER, simulation.now) == ["j-1", "t-1", "t-2", "t-3", "v-1"]


def test_no_mediator_is_proposed_if_the_accepting_body_named_one():
    simulation = dispute_in_state("routed")

    assert proposed_mediators(simulation, simulation.report("referral.accepted", mediator="t-1")) is None


def test_a_mediator_who_has_a_conflict_of_interest_or_was_refused_by_a_party_is_not_proposed():
    simulation, _ = dispute_accepted_without_mediator()
    simulation.report("conflict.disclosed", mediator="t-2")
    simulation.report("mediator.agreed", mediator="t-1")

    assert proposed_mediators(simulation, simulation.report("mediator.refused")) is None  # no mediator is left to propose, so there is no event

    simulation, _ = dispute_accepted_without_mediator()
    simulation.report("mediator.agreed", mediator="t-1")
    assert proposed_mediators(simulation, simulation.report("mediator.refused"))["mediators"] == ["t-2"]


def test_the_mediator_preferred_by_the_parties_is_proposed_first_for_appointment():
    simulation, _ = dispute_accepted_without_mediator()

    assert proposed_mediators(simulation, simulation.report("mediator.requested", prefers="t-2"))["mediators"] == ["t-2", "t-1"]
