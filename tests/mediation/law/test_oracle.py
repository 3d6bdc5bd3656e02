"""Does the calculator give the days that were counted by hand?"""

import json

import pytest

from services.mediation.law.calculator import answer
from services.mediation.law.holidays import CHINA
from services.mediation.law.periods import LAW
from tests.mediation.law.oracle.cases import AUTHORITY, CASES, REFUSED


@pytest.mark.parametrize(("clock", "begins", "happened", "last", "and_", "because"), CASES)
def test_the_period_ends_on_the_day_counted_by_hand(clock, begins, happened, last, and_, because):
    answered = answer(json.dumps({"clock": clock, "started_at": begins, **happened}), CHINA)

    moment = last if "T" in last else f"{last}T23:59:59+08:00"
    assert answered.get("error") is None
    assert (answered["due"], answered["last_moment"]) == (moment[:10], moment), because
    assert {"provisional": answered["provisional"], **{name: answered[name] for name in and_}} == {"provisional": False, **and_}
    assert (answered["kind"], answered["article"]) == AUTHORITY[clock]


@pytest.mark.parametrize(("facts", "mistake"), REFUSED, ids=[mistake for _, mistake in REFUSED])
def test_what_may_not_be_opened_or_makes_no_sense_is_told_and_not_reckoned(facts, mistake):
    answered = answer(json.dumps(facts), CHINA)

    assert set(answered) == {"error"}
    assert answered["error"]["code"] == mistake
    assert answered["error"]["zh"] and answered["error"]["en"]


def test_every_clock_of_the_law_stands_in_the_oracle():
    assert set(AUTHORITY) == set(LAW) == {clock for clock, *_ in CASES}


def test_there_are_as_many_cases_as_were_asked_for_and_none_twice():
    assert len(CASES) >= 200
    assert len({json.dumps([clock, begins, happened]) for clock, begins, happened, *_ in CASES}) == len(CASES)
