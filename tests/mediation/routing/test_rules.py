"""Are the county's routing rules read as they were meant, and is every mistake said with its line?"""

import pytest

from contracts import COUNTY
from services.mediation.county_files import read_routing
from services.mediation.routing import rules as routing_rules

HEAD = "rule,kinds,townships,standings,flags,tracks,bodies,when,points,reason,joint_with,valid_from,valid_to"
ROW = "R1,制种、种子合同;邻里、合同,大满镇,bank,mass,A,village_committee,,40,by_village,police;妇联,2026-01-01,"


def read(*rows, head=HEAD):
    return routing_rules.read("\n".join((head, *rows)).encode())


def test_a_rule_is_read_with_words_in_chinese_or_tokens():
    rules, wrong = read(ROW)
    (rule,) = rules.rules

    assert wrong == []
    assert rule.kinds == ("seed_contract", "neighbour", "contract")
    assert (rule.townships, rule.standings, rule.flags, rule.tracks) == (("620702102",), ("bank",), ("mass",), ("A",))
    assert (rule.points, rule.reason, rule.joint_with, rule.valid_to) == (40, "by_village", ("police", "womens_federation"), None)


@pytest.mark.parametrize(
    ("was", "becomes", "field", "token"),
    [
        ("R1", "=R1", "rule", "formula"),
        ("制种、种子合同", "种子", "kinds", "not_in_list"),
        ("大满镇", "小满", "townships", "unknown_township"),
        ("village_committee", "somebody", "bodies", "not_in_list"),
        ("village_committee", "agency:nobody", "bodies", "unknown_agency"),
        ("village_committee", "organisation:Big One", "bodies", "wrong_form"),
        ("village_committee", "*", "when", "required"),
        ("village_committee,", "village_committee,success>=90", "when", "wrong_form"),
        ("40", "4000", "points", "out_of_range"),
        ("by_village", "because", "reason", "not_in_list"),
        ("2026-01-01,", "2026-01-01,2025-01-01", "valid_to", "ends_too_early"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(was, becomes, field, token):
    _, wrong = read(ROW.replace(was, becomes, 1))

    assert [(one.line, one.column, one.token) for one in wrong] == [(2, field, token)]


def test_a_number_stands_for_one_rule():
    assert [(one.line, one.token, "line 2" in one.en) for one in read(ROW, ROW)[1]] == [(3, "twice", True)]


def test_points_may_be_taken_away():
    assert read(ROW.replace(",40,", ",-40,"))[0].rules[0].points == -40


def test_the_demonstrations_rules_are_right_and_their_edition_is_that_of_their_bytes():
    rules, wrong = read_routing(COUNTY.folder)

    assert wrong == [] and len(rules.rules) > 30
    assert rules.edition == read_routing(COUNTY.folder)[0].edition
