"""Whom would the rules send it to, and why?"""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from contracts.kinds import FLAGS, KINDS, STANDINGS
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Member, Organisation, Roster
from services.mediation.routing.proposing import Asked, Record, mediators, propose

FOUND, _ = read_rosters(contracts.COUNTY.folder)
ROSTER = Roster.of(FOUND["organisations"], FOUND["members"])
RULES, _ = read_routing(contracts.COUNTY.folder)
DAY = date(2026, 3, 2)
DAMAN, VILLAGE = "620702102", "620702102201"


def proposed(records=None, day=DAY, rules=RULES, roster=ROSTER, **asked):
    asked = {"kind": "neighbour", "township": DAMAN, "village": VILLAGE} | asked
    return propose(Asked(**asked), rules, roster, records or {}, day)


def first(**asked):
    return proposed(**asked)["candidates"][0]


# The lead agencies, kind by kind: the table that agencies agreed on, not what the code gives.
LEADS = {
    "family": "industry-marriage_family", "inheritance": "industry-marriage_family", "neighbour": f"committee-{VILLAGE}",
    "housing_plot": f"committee-{VILLAGE}", "private_loan": f"committee-{DAMAN}", "contract": f"committee-{DAMAN}", "finance": "industry-finance",
    "labour": "industry-labour", "land_contract": f"committee-{VILLAGE}", "seed_contract": "industry-seed", "property_management": "industry-property",
    "traffic": "industry-traffic", "medical": "industry-medical", "consumer": "industry-consumer", "intellectual_property": "industry-ip",
}  # fmt: skip


@pytest.mark.parametrize("kind", LEADS)
def test_each_kind_goes_to_the_agency_that_leads(kind):
    assert first(kind=kind)["organisation"] == LEADS[kind]


def test_expropriation_goes_to_the_judicial_bureau_and_to_no_committee_first():
    assert first(kind="expropriation") == {"to": "judicial_bureau", "joint_with": [], "points": 60 + 3, "reasons": ["lead_agency", "light_load"]}


def test_the_reasons_are_words_and_the_weightiest_comes_first():
    best = first(kind="neighbour")

    assert best["to"] == "peoples_mediation_committee-daman"
    assert best["reasons"] == ["lead_agency", "by_village", "light_load"]
    assert best["points"] == 60 + 25 + 3


def test_what_the_parties_are_makes_a_difference():
    assert first(kind="private_loan")["organisation"] == f"committee-{DAMAN}"
    assert first(kind="private_loan", standings=frozenset(["bank"]))["organisation"] == "industry-finance"


def test_many_people_bring_the_police_in_beside_the_township():
    candidates = proposed(kind="neighbour", flags=frozenset(["mass"]))["candidates"]

    assert [c["joint_with"] for c in candidates if c["organisation"] == f"committee-{DAMAN}"] == [["police"]]


def test_who_declines_often_and_has_much_at_hand_comes_later():
    village = f"committee-{VILLAGE}"
    busy = proposed(records={village: Record(accepted=2, declined=18, open=80)})["candidates"]

    assert "declines_often" in next(c for c in busy if c["organisation"] == village)["reasons"]
    assert next(c for c in busy if c["organisation"] == village)["points"] == 60 + 25 - 15 - 10


def test_a_handful_of_answers_says_nothing_about_a_body():
    few = proposed(records={f"committee-{VILLAGE}": Record(accepted=0, declined=9)})["candidates"]

    assert "declines_often" not in few[0]["reasons"]


def test_who_disclosed_a_conflict_or_declined_is_left_out_with_the_reason():
    told = proposed(excluded={f"committee-{VILLAGE}": "conflict_disclosed"})

    assert told["excluded"] == [{"organisation": f"committee-{VILLAGE}", "to": "peoples_mediation_committee-daman", "reason": "conflict_disclosed"}]
    assert told["candidates"][0]["organisation"] == f"committee-{DAMAN}"


def test_an_agency_that_is_left_out_takes_all_its_bodies_with_it():
    told = proposed(excluded={"peoples_mediation_committee-daman": "declined_before"})

    assert {one["reason"] for one in told["excluded"]} == {"declined_before"}
    assert all(c["to"] != "peoples_mediation_committee-daman" for c in told["candidates"])


def test_after_filing_the_courts_own_roster_is_asked():
    assert first(kind="contract", track="B")["organisation"].startswith("invited-")


def test_who_is_not_on_the_roster_that_day_is_not_proposed():
    assert proposed(day=date(2019, 1, 1), kind="neighbour") == {"candidates": [], "excluded": [], "rules": RULES.edition}


def test_a_village_without_a_committee_goes_to_its_townships():
    assert first(kind="neighbour", township="620702103", village="620702103228")["organisation"] == "committee-620702103"


def test_a_body_that_leaves_every_kind_open_takes_any():
    one = Organisation("o-1", date(2020, 1, 1), None, "peoples_mediation_committee", "trade_union", DAMAN)

    assert first(roster=Roster.of([one], []), kind="village_affairs")["organisation"] == "o-1"


@settings(max_examples=60)
@given(
    kind=st.sampled_from(tuple(KINDS)),
    township=st.sampled_from(tuple(contracts.TOWNSHIPS)),
    standings=st.frozensets(st.sampled_from(tuple(STANDINGS)), max_size=3),
    flags=st.frozensets(st.sampled_from(tuple(FLAGS)), max_size=3),
    excluded=st.dictionaries(st.sampled_from(["industry-finance", "womens_federation", f"committee-{DAMAN}"]), st.just("declined_before")),
)
def test_whatever_is_asked_the_proposal_fits_the_contract_and_names_nobody_who_is_left_out(kind, township, standings, flags, excluded):
    told = proposed(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)
    deadline = contracts.DOMAIN_EVENTS["routing.proposed"].example

    contracts.dump("routing.proposed", {**deadline, **told}, "mediation")
    points = [candidate["points"] for candidate in told["candidates"]]
    assert points == sorted(points, reverse=True) and all(points)
    assert not {c.get("organisation") or c["to"] for c in told["candidates"]} & set(excluded)
    assert told == proposed(kind=kind, township=township, village=None, standings=standings, flags=flags, excluded=excluded)


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def able(open_now=None, recused=(), chosen=None):
    people = [Member(f"m-{n}", "o-1", date(2020, 1, 1), None, "mediator", ("labour",) if n == 4 else ()) for n in range(1, 5)]
    return mediators(["o-1"], Asked("family", DAMAN), Roster.of([], people), open_now or {}, recused, chosen, DAY)


def test_the_work_is_shared_out_among_those_who_take_such_disputes():
    assert able() == ["m-1", "m-2", "m-3"]
    assert able(open_now={"m-1": 3, "m-2": 1}) == ["m-3", "m-2", "m-1"]


def test_the_parties_choice_comes_first_but_not_over_a_conflict():
    assert able(chosen="m-3") == ["m-3", "m-1", "m-2"]
    assert able(chosen="m-3", recused=["m-3"]) == ["m-1", "m-2"]
