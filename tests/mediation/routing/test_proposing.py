"""Tests of routing proposals: the mediation bodies that the rules propose for a dispute, their order, and the reasons."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from contracts.kinds import FLAGS, KINDS, STANDINGS
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing.proposing import BodyStatistics, RoutingFacts, propose, select_mediators

ENTRIES, _ = read_rosters(contracts.COUNTY.folder)
ROSTER = Roster.of(ENTRIES["organisations"], ENTRIES["members"])
RULES, _ = read_routing(contracts.COUNTY.folder)
DAY = date(2026, 3, 2)
DAMAN, VILLAGE = "620702102", "620702102201"


def make_proposal(statistics=None, day=DAY, rules=RULES, roster=ROSTER, **facts):
    """Return the proposal for a dispute between neighbours in VILLAGE. `facts` override the routing facts."""
    facts = {"kind": "neighbour", "township": DAMAN, "village": VILLAGE} | facts
    return propose(RoutingFacts(**facts), rules, roster, statistics or {}, day)


def first_candidate(**facts):
    """Return the first candidate of the proposal for these routing facts."""
    return make_proposal(**facts)["candidates"][0]


# Organisation that must be proposed first for each kind of dispute, as the agencies agreed. Written by hand, not derived from routing.csv.
LEAD_BODY_BY_KIND = {
    "family": "industry-marriage_family", "inheritance": "industry-marriage_family", "neighbour": f"committee-{VILLAGE}",
    "housing_plot": f"committee-{VILLAGE}", "private_loan": f"committee-{DAMAN}", "contract": f"committee-{DAMAN}", "finance": "industry-finance",
    "labour": "industry-labour", "land_contract": f"committee-{VILLAGE}", "seed_contract": "industry-seed", "property_management": "industry-property",
    "traffic": "industry-traffic", "medical": "industry-medical", "consumer": "industry-consumer", "intellectual_property": "industry-ip",
}  # fmt: skip


@pytest.mark.parametrize("kind", LEAD_BODY_BY_KIND)
def test_the_first_candidate_for_each_kind_of_dispute_is_the_agreed_organisation(kind):
    assert first_candidate(kind=kind)["organisation"] == LEAD_BODY_BY_KIND[kind]


def test_the_first_candidate_for_an_expropriation_dispute_is_the_judicial_bureau():
    assert first_candidate(kind="expropriation") == {"to": "judicial_bureau", "joint_with": [], "points": 60 + 3, "reasons": ["lead_agency", "light_load"]}


def test_the_reasons_of_a_proposal_are_in_order_of_their_points():
    candidate = first_candidate(kind="neighbour")

    assert candidate["to"] == "peoples_mediation_committee-daman"
    assert candidate["reasons"] == ["lead_agency", "by_village", "light_load"]
    assert candidate["points"] == 60 + 25 + 3


def test_a_bank_as_party_changes_the_first_candidate():
    assert first_candidate(kind="private_loan")["organisation"] == f"committee-{DAMAN}"
    assert first_candidate(kind="private_loan", standings=frozenset(["bank"]))["organisation"] == "industry-finance"


def test_a_mass_dispute_is_proposed_to_be_handled_jointly_with_the_police():
    candidates = make_proposal(kind="neighbour", flags=frozenset(["mass"]))["candidates"]

    assert [c["joint_with"] for c in candidates if c["organisation"] == f"committee-{DAMAN}"] == [["police"]]


def test_a_body_that_declines_often_and_has_many_open_disputes_loses_points():
    village = f"committee-{VILLAGE}"
    candidates = make_proposal(statistics={village: BodyStatistics(accepted=2, declined=18, open=80)})["candidates"]

    assert "declines_often" in next(c for c in candidates if c["organisation"] == village)["reasons"]
    assert next(c for c in candidates if c["organisation"] == village)["points"] == 60 + 25 - 15 - 10


def test_a_body_that_answered_fewer_than_ten_referrals_loses_no_points_for_declining():
    candidates = make_proposal(statistics={f"committee-{VILLAGE}": BodyStatistics(accepted=0, declined=9)})["candidates"]

    assert "declines_often" not in candidates[0]["reasons"]


def test_a_body_with_a_disclosed_conflict_of_interest_is_excluded_with_that_reason():
    proposal = make_proposal(excluded={f"committee-{VILLAGE}": "conflict_disclosed"})

    assert proposal["excluded"] == [{"organisation": f"committee-{VILLAGE}", "to": "peoples_mediation_committee-daman", "reason": "conflict_disclosed"}]
    assert proposal["candidates"][0]["organisation"] == f"committee-{DAMAN}"


def test_the_exclusion_of_an_agency_excludes_all_its_organisations():
    proposal = make_proposal(excluded={"peoples_mediation_committee-daman": "declined_before"})

    assert {body["reason"] for body in proposal["excluded"]} == {"declined_before"}
    assert all(c["to"] != "peoples_mediation_committee-daman" for c in proposal["candidates"])


def test_a_dispute_on_the_court_track_is_proposed_first_to_a_body_of_invited_mediators():
    assert first_candidate(kind="contract", track="B")["organisation"].startswith("invited-")


def test_an_organisation_that_is_not_on_the_roster_on_that_day_is_not_proposed():
    assert make_proposal(day=date(2019, 1, 1), kind="neighbour") == {"candidates": [], "excluded": [], "rules": RULES.version}


def test_a_dispute_in_a_village_without_a_committee_is_proposed_to_the_township_committee():
    assert first_candidate(kind="neighbour", township="620702103", village="620702103228")["organisation"] == "committee-620702103"


def test_an_organisation_without_listed_kinds_is_proposed_for_every_kind_of_dispute():
    organisation = Organisation("o-1", date(2020, 1, 1), None, "peoples_mediation_committee", "trade_union", DAMAN)

    assert first_candidate(roster=Roster.of([organisation], []), kind="village_affairs")["organisation"] == "o-1"


@settings(max_examples=60)
@given(
    kind=st.sampled_from(tuple(KINDS)),
    township=st.sampled_from(tuple(contracts.TOWNSHIPS)),
    standings=st.frozensets(st.sampled_from(tuple(STANDINGS)), max_size=3),
    flags=st.frozensets(st.sampled_from(tuple(FLAGS)), max_size=3),
    excluded=st.dictionaries(st.sampled_from(["industry-finance", "womens_federation", f"committee-{DAMAN}"]), st.just("declined_before")),
)
def test_every_routing_proposal_matches_its_schema_and_proposes_no_excluded_body(kind, township, standings, flags, excluded):
    proposal = make_proposal(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)
    deadline = contracts.DOMAIN_EVENTS["routing.proposed"].example

    contracts.dump("routing.proposed", {**deadline, **proposal}, "mediation")
    points = [candidate["points"] for candidate in proposal["candidates"]]
    assert points == sorted(points, reverse=True) and all(points)
    assert not {c.get("organisation") or c["to"] for c in proposal["candidates"]} & set(excluded)
    assert proposal == make_proposal(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)


# ── mediators ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def select_from_four_mediators(open_disputes=None, recused=(), preferred=None):
    """Return the numbers selected from the mediators m-1 to m-4 for a family dispute. m-4 accepts labour disputes only."""
    people = [Member(f"m-{n}", "o-1", date(2020, 1, 1), None, "mediator", ("labour",) if n == 4 else ()) for n in range(1, 5)]
    return select_mediators(["o-1"], RoutingFacts("family", DAMAN), Roster.of([], people), open_disputes or {}, recused, preferred, DAY)


def test_mediators_who_accept_the_kind_of_dispute_are_selected_in_order_of_open_disputes():
    assert select_from_four_mediators() == ["m-1", "m-2", "m-3"]
    assert select_from_four_mediators(open_disputes={"m-1": 3, "m-2": 1}) == ["m-3", "m-2", "m-1"]


def test_the_mediator_preferred_by_the_parties_is_selected_first_unless_recused():
    assert select_from_four_mediators(preferred="m-3") == ["m-3", "m-1", "m-2"]
    assert select_from_four_mediators(preferred="m-3", recused=["m-3"]) == ["m-1", "m-2"]
