"""What would other rules have done with the past?"""

from services.mediation.routing.rehearsal import rehearse
from tests.mediation.routing.test_proposing import DAMAN, DAY, ROSTER, RULES, VILLAGE

COMMITTEE = "peoples_mediation_committee-daman"


def test_it_counts_what_would_have_gone_where_beside_where_it_went():
    past = [("neighbour", DAMAN, {"village": VILLAGE}, COMMITTEE)] * 3 + [("labour", DAMAN, {}, COMMITTEE), ("finance", DAMAN, {}, "trade_union")]

    found = rehearse(past, RULES, ROSTER, {}, DAY)

    assert (found.disputes, found.same, found.among, found.nobody) == (5, 3, 1, 0)
    assert found.proposed == {("neighbour", COMMITTEE): 3, ("labour", "trade_union"): 1, ("finance", "finance_mediation"): 1}
    assert found.decided == {("neighbour", COMMITTEE): 3, ("labour", COMMITTEE): 1, ("finance", "trade_union"): 1}


def test_a_kind_that_no_rule_is_about_is_said_to_be_nobodys():
    from services.mediation.routing.rules import Rules

    assert rehearse([("family", DAMAN, {}, COMMITTEE)], Rules((), "0" * 12), ROSTER, {}, DAY).nobody == 1
