"""Tests of the dry run: the rules' proposals for past disputes are compared with the actual routing."""

from services.mediation.routing.dry_run import simulate_routing
from tests.mediation.routing.test_proposing import DAMAN, DAY, ROSTER, RULES, VILLAGE

COMMITTEE = "peoples_mediation_committee-daman"


def test_dry_run_counts_proposed_and_actual_bodies_by_kind():
    past = [("neighbour", DAMAN, {"village": VILLAGE}, COMMITTEE)] * 3 + [("labour", DAMAN, {}, COMMITTEE), ("finance", DAMAN, {}, "trade_union")]

    result = simulate_routing(past, RULES, ROSTER, {}, DAY)

    assert (result.disputes, result.first_choice, result.other_choice, result.no_proposal) == (5, 3, 1, 0)
    assert result.proposed == {("neighbour", COMMITTEE): 3, ("labour", "trade_union"): 1, ("finance", "finance_mediation"): 1}
    assert result.decided == {("neighbour", COMMITTEE): 3, ("labour", COMMITTEE): 1, ("finance", "trade_union"): 1}


def test_a_dispute_that_no_rule_matches_counts_as_without_proposal():
    from services.mediation.routing.rules import Rules

    assert simulate_routing([("family", DAMAN, {}, COMMITTEE)], Rules((), "0" * 12), ROSTER, {}, DAY).no_proposal == 1
