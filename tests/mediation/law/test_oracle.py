"""Tests of the calculator against the oracle: deadlines counted by hand, and facts that are refused."""

import json

import pytest

from services.mediation.law.calculator import answer
from services.mediation.law.holidays import CHINA
from services.mediation.law.periods import DEFAULT_RULES
from tests.mediation.law.oracle.cases import AUTHORITY, CASES, INVALID_FACTS


@pytest.mark.parametrize(("clock", "start", "facts", "last", "expected", "reason"), CASES)
def test_the_period_ends_on_the_day_counted_by_hand(clock, start, facts, last, expected, reason):
    answered = answer(json.dumps({"clock": clock, "started_at": start, **facts}), CHINA)

    moment = last if "T" in last else f"{last}T23:59:59+08:00"
    assert answered.get("error") is None
    assert (answered["due"], answered["last_moment"]) == (moment[:10], moment), reason
    assert {"provisional": answered["provisional"], **{name: answered[name] for name in expected}} == {"provisional": False, **expected}
    assert (answered["kind"], answered["article"]) == AUTHORITY[clock]


@pytest.mark.parametrize(("facts", "code"), INVALID_FACTS, ids=[code for _, code in INVALID_FACTS])
def test_invalid_facts_are_answered_with_an_error_and_no_date(facts, code):
    answered = answer(json.dumps(facts), CHINA)

    assert set(answered) == {"error"}
    assert answered["error"]["code"] == code
    assert answered["error"]["zh"] and answered["error"]["en"]


def test_the_oracle_has_every_clock_of_the_table():
    assert set(AUTHORITY) == set(DEFAULT_RULES) == {clock for clock, *_ in CASES}


def test_the_oracle_has_at_least_200_cases_and_none_twice():
    assert len(CASES) >= 200
    assert len({json.dumps([clock, start, facts]) for clock, start, facts, *_ in CASES}) == len(CASES)
