"""Tests of the dry run of routing rules: proposals for past disputes are compared with the bodies to which the disputes were sent."""

from services.mediation.routing.dry_run import simulate_past_routing
from tests.mediation.routing.test_proposing import DAMAN, DAY, ROSTER, RULES, VILLAGE

COMMITTEE = "peoples_mediation_committee-daman"


def test_the_dry_run_counts_proposed_and_actual_bodies_by_kind_of_dispute():
    past_disputes = [("neighbour", DAMAN, {"village": VILLAGE}, COMMITTEE)] * 3 + [("labour", DAMAN, {}, COMMITTEE), ("finance", DAMAN, {}, "trade_union")]

    result = simulate_past_routing(past_disputes, RULES, ROSTER, {}, DAY)

    assert (result.disputes, result.first_choice, result.other_choice, result.no_proposal) == (5, 3, 1, 0)
    assert result.proposed == {("neighbour", COMMITTEE): 3, ("labour", "trade_union"): 1, ("finance", "finance_mediation"): 1}
    assert result.decided == {("neighbour", COMMITTEE): 3, ("labour", COMMITTEE): 1, ("finance", "trade_union"): 1}


def test_the_dry_run_counts_a_dispute_that_no_rule_matches_as_a_dispute_without_proposal():
    from services.mediation.routing.rules import Rules

    assert simulate_past_routing([("family", DAMAN, {}, COMMITTEE)], Rules((), "0" * 12), ROSTER, {}, DAY).no_proposal == 1
