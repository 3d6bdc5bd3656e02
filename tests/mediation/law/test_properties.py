"""What has to be true of every clock, whatever happened about it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dates import SHANGHAI
from services.mediation.law.calculator import answer
from services.mediation.law.computing import Extension, Facts, begin, compute
from services.mediation.law.counting import Days, Hours, WorkingDays, due_at
from services.mediation.law.county_periods import county
from services.mediation.law.dates import A_SECOND
from services.mediation.law.explaining import why
from services.mediation.law.holidays import CHINA
from services.mediation.law.invalid_facts import MISTAKES, InvalidFacts
from services.mediation.law.periods import LAW, READINGS, RULES

OPENED = datetime(2025, 1, 1), datetime(2026, 8, 1)
BY_DAYS = [rule for rule in RULES if rule.opened_until is None and not rule.lengthens and type(rule.length) is not Hours]
EXTENDABLE = [rule for rule in BY_DAYS if rule.extension is not None]
PAUSABLE = [rule for rule in BY_DAYS if rule.appraisal_excluded]

instants = st.datetimes(*OPENED).map(lambda naive: naive.replace(tzinfo=SHANGHAI))
spans = st.tuples(st.integers(0, 80), st.integers(0, 40))  # a pause begins so many days after the start, and lasts so many


def facts(rule, begun, **happened):
    return Facts(rule.clock, begun, on_platform=rule.on_platform, **happened)


def paused(begun, told):
    return tuple((begun + timedelta(days=after), begun + timedelta(days=after + long)) for after, long in told)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BY_DAYS), instants, st.lists(spans, max_size=3), st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60)), max_size=3))
def test_the_last_day_is_a_working_day_and_its_last_second_counts(rule, begun, pauses, extensions):
    more = tuple(Extension(begun + timedelta(days=after), Days(days)) for after, days in extensions) if rule.extension else ()
    found = compute(facts(rule, begun, pauses=paused(begun, pauses), extensions=more), CHINA)
    last = found.last_moment

    assert CHINA.works(found.due)
    assert (last.hour, last.minute, last.second, last.utcoffset()) == (23, 59, 59, timedelta(hours=8))
    assert found.due > begun.date() or rule.length.count == 0
    assert found.nominal <= found.due
    assert compute(replace(found.facts, performed_at=last), CHINA).outcome == "met"
    assert compute(replace(found.facts, performed_at=last + A_SECOND), CHINA).outcome == "passed"
    assert compute(replace(found.facts, as_of=last), CHINA).outcome == "open"
    told = why(found, CHINA)
    assert str(found.due) in told["zh"] and str(found.due) in told["en"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(BY_DAYS), instants, st.integers(0, 5 * 24 * 60))
def test_who_begins_later_is_never_due_earlier(rule, begun, minutes):
    assert compute(facts(rule, begun + timedelta(minutes=minutes)), CHINA).last_moment >= compute(facts(rule, begun), CHINA).last_moment


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EXTENDABLE), instants, st.integers(0, 60), st.integers(1, 60))
def test_an_extension_never_shortens_and_one_after_the_end_changes_nothing(rule, begun, after, days):
    plain = compute(facts(rule, begun), CHINA)
    consented = begun + timedelta(days=after)
    extended = compute(facts(rule, begun, extensions=(Extension(consented, Days(days)),)), CHINA)

    assert extended.last_moment >= plain.last_moment
    if consented > plain.last_moment + A_SECOND:
        assert extended.last_moment == plain.last_moment


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PAUSABLE), instants, st.lists(spans, min_size=1, max_size=3))
def test_an_appraisal_never_shortens_and_the_order_in_which_two_are_told_does_not_matter(rule, begun, told):
    plain, pauses = compute(facts(rule, begun), CHINA), paused(begun, told)
    found = compute(facts(rule, begun, pauses=pauses), CHINA)

    assert found.last_moment >= plain.last_moment
    assert found.last_moment == compute(facts(rule, begun, pauses=pauses[::-1] + pauses[:1]), CHINA).last_moment
    assert not any(first <= found.due.toordinal() <= last for first, last in found.excluded)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([rule for rule in BY_DAYS if not rule.appraisal_excluded]), instants, st.lists(spans, min_size=1, max_size=2))
def test_where_the_law_leaves_out_no_appraisal_none_counts(rule, begun, told):
    assert compute(facts(rule, begun, pauses=paused(begun, told)), CHINA).last_moment == compute(facts(rule, begun), CHINA).last_moment


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([rule for rule in RULES if type(rule.length) is Hours]), instants)
def test_hours_are_exactly_as_many_and_begin_with_a_full_one(rule, begun):
    end = compute(facts(rule, begun), CHINA).last_moment + A_SECOND

    assert (end.minute, end.second) == (0, 0)
    assert timedelta(0) < end - timedelta(hours=rule.length.count) - begun <= timedelta(hours=1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BY_DAYS), instants)
def test_without_anything_happening_it_is_the_plain_count(rule, begun):
    assert compute(facts(rule, begun), CHINA).last_moment == due_at(begun, rule.length, CHINA) == begin(facts(rule, begun), CHINA)[1]


any_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 4000), st.floats(allow_nan=False), st.text(max_size=20), st.sampled_from(["2026-03-02", *LAW])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["consented_at", "days", "months", "clock"]), inner, max_size=3)),
    max_leaves=6,
)
FIELDS = ["clock", "started_at", "pauses", "extensions", "restarted_at", "performed_at", "as_of", "opened_at", "on_platform", "procedure", "days"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), any_json, max_size=8), st.sampled_from(sorted(LAW)))
def test_whatever_a_line_says_there_is_an_answer_or_an_error(told, clock):
    for line in (told, {"started_at": "2026-03-02", **told, "clock": clock}):
        answered = answer(json.dumps(line), CHINA)

        assert ("error" in answered) != ("due" in answered)
        if "error" in answered:
            assert answered["error"]["code"] in MISTAKES


def test_every_row_is_whole():
    for rule in RULES:
        assert set(rule.readings) <= set(READINGS)
        assert rule.opened_from is None or rule.opened_until is None or rule.opened_from <= rule.opened_until
        assert rule.extension is None or rule.extension.at_most is None or type(rule.length) is WorkingDays or type(rule.extension.at_most) is type(rule.length)
        assert rule.after is None or rule.after in LAW


@pytest.mark.parametrize("clock", sorted(LAW))
def test_a_county_may_change_what_is_not_law_and_nothing_else(clock):
    unit = "working_days" if type(LAW[clock][0].length) is WorkingDays else "days"
    if any(rule.overridable for rule in LAW[clock]):
        changed = county({clock: {unit: 9}}).rules[clock]
        assert [rule.length.count == 9 for rule in changed] == [rule.overridable for rule in LAW[clock]]
    else:
        with pytest.raises(InvalidFacts) as refused:
            county({clock: {unit: 9}})
        assert refused.value.code == "law_stands"


# fmt: off
REFUSED = [
    ([],                                                             "not_an_object"),
    ({"nothing": {"days": 3}},                                       "unknown_clock"),
    ({"routing": {}},                                                "not_a_county_rule"),
    ({"routing": {"days": 3, "hours": 3}},                           "not_a_county_rule"),
    ({"routing": {"days": 0}},                                       "not_a_county_rule"),
    ({"routing": {"days": True}},                                    "not_a_county_rule"),
    ({"routing": {"weeks": 1}},                                      "not_a_county_rule"),
    ({"routing": {"kind": "LAW"}},                                   "not_a_county_kind"),
    ({"routing": {"article": "本县办法"}},                           "not_an_article"),
    ({"routing": {"remind": "1d"}},                                  "not_a_reminder"),
    ({"routing": {"remind": ["soon"]}},                              "not_a_reminder"),
    ({"confirmation_apply": {"kind": "POLICY"}},                     "law_stands"),
    ({"mediation_extension": {"days": 31}},                          "courts_are_bound"),
]
# fmt: on


@pytest.mark.parametrize(("told", "mistake"), REFUSED)
def test_a_county_file_that_makes_no_sense_is_refused(told, mistake):
    with pytest.raises(InvalidFacts) as refused:
        county(told)

    assert refused.value.code == mistake


def test_a_county_may_be_reminded_of_a_legal_clock_as_it_likes():
    assert county({"confirmation_apply": {"remind": ["1d", "7d", "12h"]}}).remind == {
        "confirmation_apply": (timedelta(days=7), timedelta(days=1), timedelta(hours=12))
    }


def test_fewer_days_of_extension_bind_the_clocks_that_are_extended():
    rules = county({"mediation_extension": {"days": 10}}).rules
    begun = datetime(2026, 3, 2, tzinfo=SHANGHAI)

    found = compute(Facts("mediation_entrusted_ordinary", begun, extensions=(Extension(begun, Days(30)),)), CHINA, rules)

    assert found.due == compute(Facts("mediation_extension", begun), CHINA, rules).due == (begun + timedelta(days=25)).date()
