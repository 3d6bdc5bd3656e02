"""Tests of routing proposals: which bodies the rules propose for a dispute, in which order, and with which reasons."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from contracts.kinds import FLAGS, KINDS, STANDINGS
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing.proposing import BodyRecord, RoutingFacts, propose, select_mediators

ENTRIES, _ = read_rosters(contracts.COUNTY.folder)
ROSTER = Roster.of(ENTRIES["organisations"], ENTRIES["members"])
RULES, _ = read_routing(contracts.COUNTY.folder)
DAY = date(2026, 3, 2)
DAMAN, VILLAGE = "620702102", "620702102201"


def make_proposal(records=None, day=DAY, rules=RULES, roster=ROSTER, **facts):
    facts = {"kind": "neighbour", "township": DAMAN, "village": VILLAGE} | facts
    return propose(RoutingFacts(**facts), rules, roster, records or {}, day)


def first_candidate(**facts):
    return make_proposal(**facts)["candidates"][0]


# The lead agency of each kind of dispute, as the agencies agreed; not derived from the code.
LEADS = {
    "family": "industry-marriage_family", "inheritance": "industry-marriage_family", "neighbour": f"committee-{VILLAGE}",
    "housing_plot": f"committee-{VILLAGE}", "private_loan": f"committee-{DAMAN}", "contract": f"committee-{DAMAN}", "finance": "industry-finance",
    "labour": "industry-labour", "land_contract": f"committee-{VILLAGE}", "seed_contract": "industry-seed", "property_management": "industry-property",
    "traffic": "industry-traffic", "medical": "industry-medical", "consumer": "industry-consumer", "intellectual_property": "industry-ip",
}  # fmt: skip


@pytest.mark.parametrize("kind", LEADS)
def test_first_candidate_for_each_kind_is_its_lead_agency(kind):
    assert first_candidate(kind=kind)["organisation"] == LEADS[kind]


def test_first_candidate_for_expropriation_is_the_judicial_bureau():
    assert first_candidate(kind="expropriation") == {"to": "judicial_bureau", "joint_with": [], "points": 60 + 3, "reasons": ["lead_agency", "light_load"]}


def test_reasons_are_in_order_of_their_points():
    candidate = first_candidate(kind="neighbour")

    assert candidate["to"] == "peoples_mediation_committee-daman"
    assert candidate["reasons"] == ["lead_agency", "by_village", "light_load"]
    assert candidate["points"] == 60 + 25 + 3


def test_party_types_change_the_first_candidate():
    assert first_candidate(kind="private_loan")["organisation"] == f"committee-{DAMAN}"
    assert first_candidate(kind="private_loan", standings=frozenset(["bank"]))["organisation"] == "industry-finance"


def test_a_mass_dispute_is_handled_jointly_with_the_police():
    candidates = make_proposal(kind="neighbour", flags=frozenset(["mass"]))["candidates"]

    assert [c["joint_with"] for c in candidates if c["organisation"] == f"committee-{DAMAN}"] == [["police"]]


def test_a_body_that_declines_often_and_has_many_open_disputes_loses_points():
    village = f"committee-{VILLAGE}"
    candidates = make_proposal(records={village: BodyRecord(accepted=2, declined=18, open=80)})["candidates"]

    assert "declines_often" in next(c for c in candidates if c["organisation"] == village)["reasons"]
    assert next(c for c in candidates if c["organisation"] == village)["points"] == 60 + 25 - 15 - 10


def test_a_body_with_few_answers_has_no_acceptance_rate():
    candidates = make_proposal(records={f"committee-{VILLAGE}": BodyRecord(accepted=0, declined=9)})["candidates"]

    assert "declines_often" not in candidates[0]["reasons"]


def test_a_body_with_a_disclosed_conflict_is_excluded_with_the_reason():
    proposal = make_proposal(excluded={f"committee-{VILLAGE}": "conflict_disclosed"})

    assert proposal["excluded"] == [{"organisation": f"committee-{VILLAGE}", "to": "peoples_mediation_committee-daman", "reason": "conflict_disclosed"}]
    assert proposal["candidates"][0]["organisation"] == f"committee-{DAMAN}"


def test_an_excluded_agency_excludes_all_its_organisations():
    proposal = make_proposal(excluded={"peoples_mediation_committee-daman": "declined_before"})

    assert {body["reason"] for body in proposal["excluded"]} == {"declined_before"}
    assert all(c["to"] != "peoples_mediation_committee-daman" for c in proposal["candidates"])


def test_after_filing_the_courts_invited_mediators_are_proposed_first():
    assert first_candidate(kind="contract", track="B")["organisation"].startswith("invited-")


def test_organisations_not_on_the_roster_that_day_are_not_proposed():
    assert make_proposal(day=date(2019, 1, 1), kind="neighbour") == {"candidates": [], "excluded": [], "rules": RULES.edition}


def test_a_dispute_in_a_village_without_a_committee_goes_to_the_township_committee():
    assert first_candidate(kind="neighbour", township="620702103", village="620702103228")["organisation"] == "committee-620702103"


def test_an_organisation_without_listed_kinds_takes_every_kind():
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
def test_every_proposal_matches_the_schema_and_names_no_excluded_body(kind, township, standings, flags, excluded):
    proposal = make_proposal(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)
    deadline = contracts.DOMAIN_EVENTS["routing.proposed"].example

    contracts.dump("routing.proposed", {**deadline, **proposal}, "mediation")
    points = [candidate["points"] for candidate in proposal["candidates"]]
    assert points == sorted(points, reverse=True) and all(points)
    assert not {c.get("organisation") or c["to"] for c in proposal["candidates"]} & set(excluded)
    assert proposal == make_proposal(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)


# ── mediators ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def select(open_now=None, recused=(), preferred=None):
    people = [Member(f"m-{n}", "o-1", date(2020, 1, 1), None, "mediator", ("labour",) if n == 4 else ()) for n in range(1, 5)]
    return select_mediators(["o-1"], RoutingFacts("family", DAMAN), Roster.of([], people), open_now or {}, recused, preferred, DAY)


def test_mediators_who_take_the_kind_are_ordered_by_open_disputes():
    assert select() == ["m-1", "m-2", "m-3"]
    assert select(open_now={"m-1": 3, "m-2": 1}) == ["m-3", "m-2", "m-1"]


def test_the_preferred_mediator_comes_first_unless_recused():
    assert select(preferred="m-3") == ["m-3", "m-1", "m-2"]
    assert select(preferred="m-3", recused=["m-3"]) == ["m-1", "m-2"]
