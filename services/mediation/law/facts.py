"""Parsing of a JSON object with the facts of one deadline into `Facts`. Raises InvalidFacts, with a sentence in Chinese and English. Pure computation.

    {"clock": token, "started_at": t, "pauses": [[from, to], …], "suspensions": [[from, to], …],
     "extensions": [{"consented_at": t, "days": n, "consented_by"?: [party, …]}, …], "restarted_at"?: t, "performed_at"?: t, "as_of"?: t}

A time (t) is an ISO 8601 text: a time with its zone, or a date. Some clocks have further fields: `opened_at` (day of a referral whose receipt was signed
later), `on_platform` (true if mediation takes place on the platform of the people's courts), `procedure` (ordinary or simplified, for
mediation_extension), `days` (number of days that a judicial suggestion sets for the reply). An extension of a trial may be given in `months`.
`parties` lists the parties whose consent an extension needs (default: applicant and respondent), `consented_by` those who consented (default: all).
"""

import re
from dataclasses import replace
from datetime import datetime

from contracts.dates import SHANGHAI
from services.mediation.law.computing import Extension, Facts, Pause, rule_for
from services.mediation.law.counting import Days, Hours, Length, Months
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import CLOCKS_WITH_GIVEN_LENGTH, DEFAULT_RULES, SUSPENDABLE_CLOCKS, Rule, Rules

KNOWN_FIELDS = (
    "clock", "started_at", "pauses", "suspensions", "extensions", "parties", "restarted_at", "performed_at", "as_of", "opened_at", "on_platform",
    "procedure", "days",
)  # fmt: skip
PARTY = re.compile(r"(applicant|respondent|third_party)(-[1-9]\d?)?", re.ASCII)
DEFAULT_PARTIES = frozenset({"applicant", "respondent"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EARLIEST_YEAR, LATEST_YEAR = 1990, 2199
MAX_COUNT = 3650


def parse_facts(payload: object, rules: Rules = DEFAULT_RULES) -> Facts:
    """Return the facts in `payload`. Raises InvalidFacts if they contradict each other or the rule of the clock."""
    if type(payload) is not dict:
        raise InvalidFacts("not_an_object")
    clock = payload.get("clock")
    if clock is None:
        raise InvalidFacts("missing", field="clock")
    if type(clock) is not str or clock not in rules:
        raise InvalidFacts("unknown_clock")
    if payload.get("started_at") is None:
        raise InvalidFacts("missing", field="started_at")
    runs_in_hours = type(rules[clock][0].length) is Hours
    times = {
        name: _parse_time(payload[name], name, runs_in_hours)
        for name in ("started_at", "restarted_at", "performed_at", "as_of", "opened_at")
        if payload.get(name) is not None
    }
    platform = payload.get("on_platform")
    if platform is not None and type(platform) is not bool:
        raise InvalidFacts("not_a_boolean", field="on_platform")
    facts = Facts(
        clock, **times, on_platform=platform, base=_parse_base(clock, payload.get("procedure"), rules), length=_parse_length(clock, payload.get("days"))
    )
    rule = rule_for(facts, rules)
    in_months = type(rule.length) is Months
    pauses, suspensions = (
        tuple(_parse_pause(one, f"{name}[{n}]", facts) for n, one in enumerate(_parse_list(payload, name))) for name in ("pauses", "suspensions")
    )
    if suspensions and clock not in SUSPENDABLE_CLOCKS:
        raise InvalidFacts("not_suspendable")
    parties = DEFAULT_PARTIES if payload.get("parties") is None else _parse_parties(payload["parties"], "parties")
    extensions = tuple(_parse_extension(one, f"extensions[{n}]", in_months, rule, parties) for n, one in enumerate(_parse_list(payload, "extensions")))
    if extensions and rule.extension is None:
        raise InvalidFacts("not_extendable", article=rule.article)
    _require_dates_in_order(facts, rule)
    return replace(facts, pauses=pauses, suspensions=suspensions, extensions=extensions)


def unknown_fields(payload: dict) -> list[str]:
    """Return the names of unknown fields in the payload. The answer lists them, because a misspelt field would change the result unnoticed."""
    return sorted(name for name in payload if name not in KNOWN_FIELDS)


def _require_dates_in_order(facts: Facts, rule) -> None:
    start, again = facts.started_at, facts.restarted_at
    if again is not None:
        if rule.restarted_by is None:
            raise InvalidFacts("restart_not_possible")
        if _is_before(again, start):
            raise InvalidFacts("restart_before_start")
    if not rule.length.count:
        return  # the period is a day on which the parties agreed, so performance before its start is in time
    if facts.performed_at is not None and _is_before(facts.performed_at, again or start):
        raise InvalidFacts("performed_too_early")
    if facts.as_of is not None and _is_before(facts.as_of, start):
        raise InvalidFacts("as_of_too_early")


def _is_before(one: datetime, other: datetime) -> bool:
    """Return whether one time is before the other. A date (midnight) is before another time only if its day is before the day of that time."""
    one = one.astimezone(SHANGHAI)
    is_a_date = (one.hour, one.minute, one.second, one.microsecond) == (0, 0, 0, 0)
    return one.date() < other.astimezone(SHANGHAI).date() if is_a_date else one < other


def _parse_time(text: object, field: str, needs_time_of_day: bool = False) -> datetime:
    if type(text) is not str:
        raise InvalidFacts("not_a_time", field=field)
    is_a_date = DATE.fullmatch(text) is not None
    if not is_a_date and not re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:?\d{2}", text, re.ASCII):
        raise InvalidFacts("not_a_time", field=field)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidFacts("not_a_time", field=field) from None
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise InvalidFacts("out_of_range", field=field)
    if is_a_date:
        if needs_time_of_day and field != "as_of":
            raise InvalidFacts("needs_an_hour", field=field)
        return instant.replace(tzinfo=SHANGHAI)
    if instant.utcoffset() is None:
        raise InvalidFacts("no_zone", field=field)
    return instant.astimezone(SHANGHAI)


def _parse_list(payload: dict, field: str) -> list:
    found = payload.get(field)
    if found is None:
        return []
    if type(found) is not list:
        raise InvalidFacts("not_a_list", field=field)
    return found


def _parse_pause(pair: object, field: str, facts: Facts) -> Pause:
    if type(pair) is not list or len(pair) != 2 or pair[0] is None:
        raise InvalidFacts("not_a_pause", field=field)
    began = _parse_time(pair[0], field)
    if _is_before(began, facts.started_at):
        raise InvalidFacts("pause_before_start", field=field)
    if pair[1] is None:
        return began, None
    ended = _parse_time(pair[1], field)
    if _is_before(ended, began):
        raise InvalidFacts("pause_backwards", field=field)
    return began, ended


def _parse_extension(value: object, field: str, in_months: bool, rule: Rule, parties: frozenset[str]) -> Extension:
    if type(value) is not dict or value.get("consented_at") is None or (value.get("days") is None) == (value.get("months") is None):
        raise InvalidFacts("not_an_extension", field=field)
    if value.get("months") is not None and not in_months:
        raise InvalidFacts("months_only", field=field)
    consented = _parse_time(value["consented_at"], f"{field}.consented_at")
    unit = Days if value.get("months") is None else Months
    by_all = True
    if value.get("consented_by") is not None:
        if rule.extension is None or not rule.extension.by_parties:
            raise InvalidFacts("no_consent_of_parties", field=field)
        by_all = _parse_parties(value["consented_by"], f"{field}.consented_by") >= parties
    return Extension(consented, _parse_count(value["days"] if unit is Days else value["months"], unit, field), by_all)


def _parse_parties(value: object, field: str) -> frozenset[str]:
    if type(value) is not list or not value or not all(type(party) is str and PARTY.fullmatch(party) for party in value):
        raise InvalidFacts("not_parties", field=field)
    return frozenset(value)


def _parse_count(value: object, unit: type[Length], field: str) -> Length:
    if type(value) is not int or not 1 <= value <= MAX_COUNT:
        raise InvalidFacts("not_days", field=f"{field}.{'days' if unit is Days else 'months'}")
    return unit(value)


def _parse_length(clock: str, value: object) -> Length | None:
    if value is None:
        return None
    if clock not in CLOCKS_WITH_GIVEN_LENGTH:
        raise InvalidFacts("length_not_given")
    if type(value) is not int or not 1 <= value <= MAX_COUNT:
        raise InvalidFacts("not_days", field="days")
    return Days(value)


def _parse_base(clock: str, procedure: object, rules: Rules) -> str | None:
    if procedure is None:
        return None
    bases = {base.rpartition("_")[2]: base for row in rules[clock] for base in row.lengthens}
    if type(procedure) is not str or procedure not in bases:
        raise InvalidFacts("not_this_procedure")
    return bases[procedure]
