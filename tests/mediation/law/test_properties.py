"""Property tests of the computation of deadlines, and tests of the list of periods and of a county's own periods."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dates import SHANGHAI
from services.mediation.law.calculator import answer
from services.mediation.law.computing import Extension, Facts, compute, initial_deadline
from services.mediation.law.counting import Days, Hours, WorkingDays, due_at
from services.mediation.law.county_periods import apply_county_periods
from services.mediation.law.dates import A_SECOND
from services.mediation.law.explaining import explain
from services.mediation.law.holidays import CHINESE_CALENDAR
from services.mediation.law.invalid_facts import ERROR_SENTENCES, InvalidFacts
from services.mediation.law.periods import DEFAULT_RULES, READINGS, RULES

START_RANGE = datetime(2025, 1, 1), datetime(2026, 8, 1)
DAY_RULES = [rule for rule in RULES if rule.opened_until is None and not rule.lengthens and type(rule.length) is not Hours]
EXTENDABLE_RULES = [rule for rule in DAY_RULES if rule.extension is not None]
PAUSABLE_RULES = [rule for rule in DAY_RULES if rule.appraisal_excluded]

instants = st.datetimes(*START_RANGE).map(lambda naive: naive.replace(tzinfo=SHANGHAI))
spans = st.tuples(st.integers(0, 80), st.integers(0, 40))  # days from the start to the pause, and its length in days


def make_facts(rule, start, **further):
    return Facts(rule.clock, start, on_platform=rule.on_platform, **further)


def make_pauses(start, spans):
    return tuple((start + timedelta(days=after), start + timedelta(days=after + length)) for after, length in spans)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DAY_RULES), instants, st.lists(spans, max_size=3), st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60)), max_size=3))
def test_a_deadline_ends_with_a_working_day_and_a_step_in_its_last_second_is_in_time(rule, start, pauses, extensions):
    more = tuple(Extension(start + timedelta(days=after), Days(days)) for after, days in extensions) if rule.extension else ()
    computed = compute(make_facts(rule, start, pauses=make_pauses(start, pauses), extensions=more), CHINESE_CALENDAR)
    last = computed.last_moment

    assert CHINESE_CALENDAR.is_working_day(computed.due)
    assert (last.hour, last.minute, last.second, last.utcoffset()) == (23, 59, 59, timedelta(hours=8))
    assert computed.due > start.date() or rule.length.count == 0
    assert computed.nominal <= computed.due
    assert compute(replace(computed.facts, performed_at=last), CHINESE_CALENDAR).outcome == "met"
    assert compute(replace(computed.facts, performed_at=last + A_SECOND), CHINESE_CALENDAR).outcome == (
        "undecided" if computed.latest_moment > last else "passed"
    )
    assert compute(replace(computed.facts, performed_at=computed.latest_moment + A_SECOND), CHINESE_CALENDAR).outcome == "passed"
    assert compute(replace(computed.facts, as_of=last), CHINESE_CALENDAR).outcome == "open"
    sentences = explain(computed, CHINESE_CALENDAR)
    assert str(computed.due) in sentences["zh"] and str(computed.due) in sentences["en"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(DAY_RULES), instants, st.integers(0, 5 * 24 * 60))
def test_a_period_of_a_rule_that_starts_later_never_ends_earlier(rule, start, minutes):
    assert (
        compute(make_facts(rule, start + timedelta(minutes=minutes)), CHINESE_CALENDAR).last_moment
        >= compute(make_facts(rule, start), CHINESE_CALENDAR).last_moment
    )


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EXTENDABLE_RULES), instants, st.integers(0, 60), st.integers(1, 60))
def test_an_extension_never_shortens_a_period_and_has_no_effect_if_consented_after_its_end(rule, start, after, days):
    plain = compute(make_facts(rule, start), CHINESE_CALENDAR)
    consented = start + timedelta(days=after)
    extended = compute(make_facts(rule, start, extensions=(Extension(consented, Days(days)),)), CHINESE_CALENDAR)

    assert extended.last_moment >= plain.last_moment
    if consented > plain.last_moment + A_SECOND:
        assert extended.last_moment == plain.last_moment


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PAUSABLE_RULES), instants, st.lists(spans, min_size=1, max_size=3))
def test_appraisals_never_shorten_a_period_and_the_order_of_appraisals_makes_no_difference(rule, start, drawn):
    plain, pauses = compute(make_facts(rule, start), CHINESE_CALENDAR), make_pauses(start, drawn)
    computed = compute(make_facts(rule, start, pauses=pauses), CHINESE_CALENDAR)

    assert computed.last_moment >= plain.last_moment
    assert computed.last_moment == compute(make_facts(rule, start, pauses=pauses[::-1] + pauses[:1]), CHINESE_CALENDAR).last_moment
    assert not any(first <= computed.due.toordinal() <= last for first, last in computed.excluded)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([rule for rule in DAY_RULES if not rule.appraisal_excluded]), instants, st.lists(spans, min_size=1, max_size=2))
def test_an_appraisal_has_no_effect_if_the_rule_does_not_exclude_appraisals(rule, start, drawn):
    assert (
        compute(make_facts(rule, start, pauses=make_pauses(start, drawn)), CHINESE_CALENDAR).last_moment
        == compute(make_facts(rule, start), CHINESE_CALENDAR).last_moment
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([rule for rule in RULES if type(rule.length) is Hours]), instants)
def test_a_period_in_hours_runs_for_its_full_length_from_the_next_full_hour(rule, start):
    end = compute(make_facts(rule, start), CHINESE_CALENDAR).last_moment + A_SECOND

    assert (end.minute, end.second) == (0, 0)
    assert timedelta(0) < end - timedelta(hours=rule.length.count) - start <= timedelta(hours=1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DAY_RULES), instants)
def test_initial_deadline_equals_compute_without_pauses_and_extensions(rule, start):
    assert (
        compute(make_facts(rule, start), CHINESE_CALENDAR).last_moment
        == due_at(start, rule.length, CHINESE_CALENDAR)
        == initial_deadline(make_facts(rule, start), CHINESE_CALENDAR)[1]
    )


any_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 4000), st.floats(allow_nan=False), st.text(max_size=20), st.sampled_from(["2026-03-02", *DEFAULT_RULES])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["consented_at", "days", "months", "clock"]), inner, max_size=3)),
    max_leaves=6,
)
INPUT_FIELDS = ["clock", "started_at", "pauses", "extensions", "restarted_at", "performed_at", "as_of", "opened_at", "on_platform", "procedure", "days"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(INPUT_FIELDS), any_json, max_size=8), st.sampled_from(sorted(DEFAULT_RULES)))
def test_the_calculator_answers_every_line_with_either_a_deadline_or_an_error(payload, clock):
    for line in (payload, {"started_at": "2026-03-02", **payload, "clock": clock}):
        answered = answer(json.dumps(line), CHINESE_CALENDAR)

        assert ("error" in answered) != ("due" in answered)
        if "error" in answered:
            assert answered["error"]["code"] in ERROR_SENTENCES


def test_every_rule_of_a_period_is_consistent():
    for rule in RULES:
        assert set(rule.readings) <= set(READINGS)
        assert rule.opened_from is None or rule.opened_until is None or rule.opened_from <= rule.opened_until
        assert rule.extension is None or rule.extension.at_most is None or type(rule.length) is WorkingDays or type(rule.extension.at_most) is type(rule.length)
        assert rule.consequence_after is None or rule.consequence_after in DEFAULT_RULES


@pytest.mark.parametrize("clock", sorted(DEFAULT_RULES))
def test_a_county_may_change_a_period_if_and_only_if_it_is_not_of_kind_law(clock):
    unit = "working_days" if type(DEFAULT_RULES[clock][0].length) is WorkingDays else "days"
    if any(rule.is_overridable for rule in DEFAULT_RULES[clock]):
        changed = apply_county_periods({clock: {unit: 9}}).rules[clock]
        assert [rule.length.count == 9 for rule in changed] == [rule.is_overridable for rule in DEFAULT_RULES[clock]]
    else:
        with pytest.raises(InvalidFacts) as error:
            apply_county_periods({clock: {unit: 9}})
        assert error.value.code == "law_stands"


# fmt: off
# A row says: periods of a county, and the code of the error.
INVALID_COUNTY_PERIODS = [
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
    ({"routing": {"remind": ["12h"]}},                               "not_a_reminder"),
    ({"protection_order": {"remind": ["1wd"]}},                      "not_a_reminder"),
    ({"referral_answer": {"remind": ["3wd"]}},                       "reminder_too_early"),
    ({"confirmation_apply": {"kind": "POLICY"}},                     "law_stands"),
    ({"mediation_extension": {"days": 31}},                          "courts_are_bound"),
]
# fmt: on


@pytest.mark.parametrize(("periods", "code"), INVALID_COUNTY_PERIODS)
def test_an_invalid_period_of_a_county_is_refused_with_the_expected_code(periods, code):
    with pytest.raises(InvalidFacts) as error:
        apply_county_periods(periods)

    assert error.value.code == code


def test_a_county_may_set_reminders_for_a_period_of_kind_law():
    assert apply_county_periods({"confirmation_apply": {"remind": ["7wd", "1wd", "0wd"]}}).remind == {"confirmation_apply": ("7wd", "1wd", "0wd")}


def test_a_countys_lower_limit_of_extension_applies_to_the_extended_clocks():
    rules = apply_county_periods({"mediation_extension": {"days": 10}}).rules
    start = datetime(2026, 3, 2, tzinfo=SHANGHAI)

    computed = compute(Facts("mediation_entrusted_ordinary", start, extensions=(Extension(start, Days(30)),)), CHINESE_CALENDAR, rules)

    assert computed.due == compute(Facts("mediation_extension", start), CHINESE_CALENDAR, rules).due == (start + timedelta(days=25)).date()
