"""Tests of the deadline calculator with the cases in oracle/cases.py: deadlines counted by hand, and facts that are refused."""

import json

import pytest

from services.mediation.law.calculator import answer
from services.mediation.law.holidays import CHINESE_CALENDAR
from services.mediation.law.periods import DEFAULT_RULES
from tests.mediation.law.oracle.cases import CASES, INVALID_FACTS, KIND_AND_ARTICLE


@pytest.mark.parametrize(("clock", "start", "facts", "last", "expected", "reason"), CASES)
def test_the_calculator_returns_the_last_day_counted_by_hand(clock, start, facts, last, expected, reason):
    answered = answer(json.dumps({"clock": clock, "started_at": start, **facts}), CHINESE_CALENDAR)

    moment = last if "T" in last else f"{last}T23:59:59+08:00"
    assert answered.get("error") is None
    if answered.get("paused"):  # a paused period has no due date; the case states the date that results if the pause ends at `as_of`
        assert (answered["due"], answered["last_moment"]) == (None, None)
        assert (answered["due_if_resumed"], answered["last_moment_if_resumed"]) == (moment[:10], moment), reason
    else:
        assert (answered["due"], answered["last_moment"]) == (moment[:10], moment), reason
        assert "due_if_resumed" not in answered
    assert {"provisional": answered["provisional"], **{name: answered[name] for name in expected}} == {"provisional": False, **expected}
    assert (answered["kind"], answered["article"]) == KIND_AND_ARTICLE[clock]


@pytest.mark.parametrize(("facts", "code"), INVALID_FACTS, ids=[code for _, code in INVALID_FACTS])
def test_invalid_facts_are_answered_with_an_error_and_no_date(facts, code):
    answered = answer(json.dumps(facts), CHINESE_CALENDAR)

    assert set(answered) == {"error"}
    assert answered["error"]["code"] == code
    assert answered["error"]["zh"] and answered["error"]["en"]


def test_the_cases_counted_by_hand_include_every_clock():
    assert set(KIND_AND_ARTICLE) == set(DEFAULT_RULES) == {clock for clock, *_ in CASES}


def test_there_are_at_least_200_different_cases_counted_by_hand():
    assert len(CASES) >= 200
    assert len({json.dumps([clock, start, facts]) for clock, start, facts, *_ in CASES}) == len(CASES)
