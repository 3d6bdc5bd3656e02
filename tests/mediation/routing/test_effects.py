"""Who of a body might mediate a dispute that it took? A story, then the numbers that are proposed; the rosters are made up."""

from datetime import date

import contracts
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing import effects as routing_effects
from tests.mediation.lives import DAMAN, FACTS, life_until, reported

TOWN, VILLAGE, ELSEWHERE = "committee-620702102", "committee-620702102201", "committee-620702102202"
SINCE = date(2020, 1, 1)
ROSTER = Roster.of(
    [
        Organisation(TOWN, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102"),
        Organisation(VILLAGE, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102201"),
        Organisation(ELSEWHERE, SINCE, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102202"),
    ],
    [
        Member("t-1", TOWN, SINCE, None, "mediator"),
        Member("t-2", TOWN, SINCE, None, "mediator"),
        Member("t-3", TOWN, SINCE, None, "mediator", ("labour",)),
        Member("v-1", VILLAGE, SINCE, None, "mediator"),
        Member("v-2", ELSEWHERE, SINCE, None, "mediator"),
        Member("j-1", TOWN, SINCE, None, "judge"),
    ],
)


def proposed(life, decision, open_now=None):
    if not routing_effects.needs_a_mediator(decision):
        return None
    routing_effects.add_mediators(decision, ROSTER, open_now or {}, life.now)
    told = [data for word, data in decision.said if word == "mediators.proposed"]
    for data in told:
        contracts.dump("mediators.proposed", data, "mediation")
    return told[0] if told else None


def accepted(**begins):
    """The body took it and named nobody."""
    life = life_until("routed", **begins)
    event = reported("referral.accepted", life.now)
    event.data["facts"] = {name: value for name, value in FACTS["referral.accepted"].items() if name != "mediator"}
    return life, life._hears(event)


def test_those_of_the_place_who_take_such_disputes_by_how_much_they_have_at_hand():
    life, decision = accepted(village="620702102201")

    assert proposed(life, decision, {"t-1": 2, "v-1": 1}) == {"mediators": ["t-2", "v-1", "t-1"], "owed_by": (DAMAN,)}
    assert routing_effects.people_to_choose_from(life.dispute, ROSTER, life.now) == ["j-1", "t-1", "t-2", "t-3", "v-1"]


def test_where_somebody_was_named_nobody_is_proposed():
    life = life_until("routed")

    assert proposed(life, life.says("referral.accepted", mediator="t-1")) is None


def test_who_disclosed_a_conflict_or_was_refused_is_left_out():
    life, _ = accepted()
    life.says("conflict.disclosed", mediator="t-2")
    life.says("mediator.agreed", mediator="t-1")

    assert proposed(life, life.says("mediator.refused")) is None  # nobody is left: nothing is said

    life, _ = accepted()
    life.says("mediator.agreed", mediator="t-1")
    assert proposed(life, life.says("mediator.refused"))["mediators"] == ["t-2"]


def test_the_parties_wish_comes_first_when_somebody_is_to_be_appointed():
    life, _ = accepted()

    assert proposed(life, life.says("mediator.requested", prefers="t-2"))["mediators"] == ["t-2", "t-1"]
