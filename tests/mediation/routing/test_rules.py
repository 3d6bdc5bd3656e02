"""Tests of the reader of routing.csv: accepted spellings of values, and mistakes reported with line and column."""

import pytest

from contracts import COUNTY
from services.mediation.county_files import read_routing
from services.mediation.routing import rules as routing_rules

HEADER_LINE = "rule,kinds,townships,standings,flags,tracks,bodies,when,points,reason,joint_with,valid_from,valid_to"
VALID_ROW = "R1,制种、种子合同;邻里、合同,大满镇,bank,mass,A,village_committee,,40,by_village,police;妇联,2026-01-01,"


def read_rules(*rows, head=HEADER_LINE):
    """Read a routing.csv with these lines. Return (rules, errors)."""
    return routing_rules.read("\n".join((head, *rows)).encode())


def test_values_of_a_routing_rule_may_be_chinese_names_or_tokens():
    rules, errors = read_rules(VALID_ROW)
    (rule,) = rules.rules

    assert errors == []
    assert rule.kinds == ("seed_contract", "neighbour", "contract")
    assert (rule.townships, rule.standings, rule.flags, rule.tracks) == (("620702102",), ("bank",), ("mass",), ("A",))
    assert (rule.points, rule.reason, rule.joint_with, rule.valid_to) == (40, "by_village", ("police", "womens_federation"), None)


@pytest.mark.parametrize(
    ("valid", "invalid", "column", "token"),
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
def test_a_mistake_in_routing_csv_is_reported_with_its_line_and_column(valid, invalid, column, token):
    _, errors = read_rules(VALID_ROW.replace(valid, invalid, 1))

    assert [(error.line, error.column, error.token) for error in errors] == [(2, column, token)]


def test_a_routing_rule_number_used_twice_is_a_mistake():
    assert [(error.line, error.token, "line 2" in error.en) for error in read_rules(VALID_ROW, VALID_ROW)[1]] == [(3, "twice", True)]


def test_the_points_of_a_routing_rule_may_be_negative():
    assert read_rules(VALID_ROW.replace(",40,", ",-40,"))[0].rules[0].points == -40


def test_the_demo_routing_rules_have_no_mistakes_and_the_same_version_each_time_they_are_read():
    rules, errors = read_routing(COUNTY.folder)

    assert errors == [] and len(rules.rules) > 30
    assert rules.version == read_routing(COUNTY.folder)[0].version
