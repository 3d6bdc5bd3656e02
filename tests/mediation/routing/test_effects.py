"""Tests of mediator proposals after a body has accepted a dispute, on a synthetic roster."""

from datetime import date

import contracts
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing import effects as routing_effects
from tests.mediation.simulated_dispute import DAMAN, FACTS, dispute_in_state, reported_event

TOWNSHIP_COMMITTEE, VILLAGE_COMMITTEE, OTHER_VILLAGE_COMMITTEE = "committee-620702102", "committee-620702102201", "committee-620702102202"
SINCE = date(2020, 1, 1)
ROSTER = Roster.of(
    [
        Organisation(TOWNSHIP_COMMITTEE, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102"),
        Organisation(VILLAGE_COMMITTEE, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102201"),
        Organisation(OTHER_VILLAGE_COMMITTEE, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102202"),
    ],
    [
        Member("t-1", TOWNSHIP_COMMITTEE, SINCE, None, "mediator"),
        Member("t-2", TOWNSHIP_COMMITTEE, SINCE, None, "mediator"),
        Member("t-3", TOWNSHIP_COMMITTEE, SINCE, None, "mediator", ("labour",)),
        Member("v-1", VILLAGE_COMMITTEE, SINCE, None, "mediator"),
        Member("v-2", OTHER_VILLAGE_COMMITTEE, SINCE, None, "mediator"),
        Member("j-1", TOWNSHIP_COMMITTEE, SINCE, None, "judge"),
    ],
)


def proposed_mediators(simulation, decision, open_now=None):
    """Return the data of mediators.proposed, or None if there is no such event."""
    if not routing_effects.needs_mediator(decision):
        return None
    routing_effects.add_mediators(decision, ROSTER, open_now or {}, simulation.now)
    proposals = [data for event_type, data in decision.new_events if event_type == "mediators.proposed"]
    for data in proposals:
        contracts.dump("mediators.proposed", data, "mediation")
    return proposals[0] if proposals else None


def accept_without_mediator(**begins):
    """Return a dispute that a body has accepted without naming a mediator, and the decision on that step."""
    simulation = dispute_in_state("routed", **begins)
    event = reported_event("referral.accepted", simulation.now)
    event.data["facts"] = {name: value for name, value in FACTS["referral.accepted"].items() if name != "mediator"}
    return simulation, simulation.hear(event)


def test_local_mediators_who_take_the_kind_are_proposed_by_open_disputes():
    simulation, decision = accept_without_mediator(village="620702102201")

    assert proposed_mediators(simulation, decision, {"t-1": 2, "v-1": 1}) == {"mediators": ["t-2", "v-1", "t-1"], "owed_by": (DAMAN,)}
    assert routing_effects.members_of_body(simulation.dispute, ROSTER, simulation.now) == ["j-1", "t-1", "t-2", "t-3", "v-1"]


def test_no_mediator_is_proposed_if_the_body_named_one():
    simulation = dispute_in_state("routed")

    assert proposed_mediators(simulation, simulation.report("referral.accepted", mediator="t-1")) is None


def test_mediators_with_a_conflict_or_refused_by_a_party_are_not_proposed():
    simulation, _ = accept_without_mediator()
    simulation.report("conflict.disclosed", mediator="t-2")
    simulation.report("mediator.agreed", mediator="t-1")

    assert proposed_mediators(simulation, simulation.report("mediator.refused")) is None  # no mediator remains, so there is no event

    simulation, _ = accept_without_mediator()
    simulation.report("mediator.agreed", mediator="t-1")
    assert proposed_mediators(simulation, simulation.report("mediator.refused"))["mediators"] == ["t-2"]


def test_the_mediator_preferred_by_the_parties_is_proposed_first_for_appointment():
    simulation, _ = accept_without_mediator()

    assert proposed_mediators(simulation, simulation.report("mediator.requested", prefers="t-2"))["mediators"] == ["t-2", "t-1"]
