"""Facts as a person or a file tells them, one JSON object per clock, become `Facts`; what makes no sense is told in Chinese and English. Pure.

    {"clock": token, "started_at": t, "pauses": [[from, to], …], "extensions": [{"consented_at": t, "days": n}, …],
     "restarted_at"?: t, "performed_at"?: t, "as_of"?: t}

A time is an instant with its zone, or a date. Some clocks understand one thing more: `opened_at` (the day of the referral, where signing for it
came later), `on_platform` (on the court's own platform), `procedure` (ordinary or simplified, of mediation_extension), `days` (of a reply to a
judicial suggestion: as the letter says); an extension of a trial may be given in `months`.
"""

import re
from datetime import datetime

from contracts.dates import SHANGHAI
from services.mediation.law.computing import Extension, Facts, Pause, rule_for
from services.mediation.law.counting import Days, Hours, Length, Months
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import LAW, LENGTH_IS_GIVEN, Rules

KNOWN = ("clock", "started_at", "pauses", "extensions", "restarted_at", "performed_at", "as_of", "opened_at", "on_platform", "procedure", "days")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EARLIEST, LATEST = 1990, 2199
MOST_DAYS = 3650


def facts_of(payload: object, rules: Rules = LAW) -> Facts:
    """The facts that `payload` gives, checked against each other and against the clock's row. Raises InvalidFacts."""
    if type(payload) is not dict:
        raise InvalidFacts("not_an_object")
    clock = payload.get("clock")
    if clock is None:
        raise InvalidFacts("missing", field="clock")
    if type(clock) is not str or clock not in rules:
        raise InvalidFacts("unknown_clock")
    if payload.get("started_at") is None:
        raise InvalidFacts("missing", field="started_at")
    hours = type(rules[clock][0].length) is Hours
    times = {
        name: _time(payload[name], name, hours)
        for name in ("started_at", "restarted_at", "performed_at", "as_of", "opened_at")
        if payload.get(name) is not None
    }
    platform = payload.get("on_platform")
    if platform is not None and type(platform) is not bool:
        raise InvalidFacts("not_a_boolean", field="on_platform")
    facts = Facts(clock, **times, on_platform=platform, base=_base(clock, payload.get("procedure"), rules), length=_length(clock, payload.get("days")))
    rule = rule_for(facts, rules)
    in_months = type(rule.length) is Months
    pauses = tuple(_pause(one, f"pauses[{n}]", facts) for n, one in enumerate(_list(payload, "pauses")))
    extensions = tuple(_extension(one, f"extensions[{n}]", in_months) for n, one in enumerate(_list(payload, "extensions")))
    if extensions and rule.extension is None:
        raise InvalidFacts("not_extendable", article=rule.article)
    _in_order(facts, rule)
    return Facts(clock, **times, pauses=pauses, extensions=extensions, on_platform=platform, base=facts.base, length=facts.length)


def not_known(payload: dict) -> list[str]:
    """Names in a line that mean nothing here: told back, so that a slip of the pen does not give another date in silence."""
    return sorted(name for name in payload if name not in KNOWN)


def _in_order(facts: Facts, rule) -> None:
    start, again = facts.started_at, facts.restarted_at
    if again is not None:
        if rule.restarted_by is None:
            raise InvalidFacts("restart_not_possible")
        if _before(again, start):
            raise InvalidFacts("restart_before_start")
    if not rule.length.count:
        return  # a day that the parties fixed: before it is in time
    if facts.performed_at is not None and _before(facts.performed_at, again or start):
        raise InvalidFacts("performed_too_early")
    if facts.as_of is not None and _before(facts.as_of, start):
        raise InvalidFacts("as_of_too_early")


def _before(one: datetime, other: datetime) -> bool:
    """A date stands for the whole of its day: that day itself is not before it."""
    one = one.astimezone(SHANGHAI)
    is_a_date = (one.hour, one.minute, one.second, one.microsecond) == (0, 0, 0, 0)
    return one.date() < other.astimezone(SHANGHAI).date() if is_a_date else one < other


def _time(text: object, field: str, needs_hour: bool = False) -> datetime:
    if type(text) is not str:
        raise InvalidFacts("not_a_time", field=field)
    is_a_date = DATE.fullmatch(text) is not None
    if not is_a_date and not re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:?\d{2}", text, re.ASCII):
        raise InvalidFacts("not_a_time", field=field)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidFacts("not_a_time", field=field) from None
    if not EARLIEST <= instant.year <= LATEST:
        raise InvalidFacts("out_of_range", field=field)
    if is_a_date:
        if needs_hour and field != "as_of":
            raise InvalidFacts("needs_an_hour", field=field)
        return instant.replace(tzinfo=SHANGHAI)
    if instant.utcoffset() is None:
        raise InvalidFacts("no_zone", field=field)
    return instant.astimezone(SHANGHAI)


def _list(payload: dict, field: str) -> list:
    found = payload.get(field)
    if found is None:
        return []
    if type(found) is not list:
        raise InvalidFacts("not_a_list", field=field)
    return found


def _pause(pair: object, field: str, facts: Facts) -> Pause:
    if type(pair) is not list or len(pair) != 2 or pair[0] is None:
        raise InvalidFacts("not_a_pause", field=field)
    began = _time(pair[0], field)
    if _before(began, facts.started_at):
        raise InvalidFacts("pause_before_start", field=field)
    if pair[1] is None:
        return began, None
    ended = _time(pair[1], field)
    if _before(ended, began):
        raise InvalidFacts("pause_backwards", field=field)
    return began, ended


def _extension(value: object, field: str, in_months: bool) -> Extension:
    if type(value) is not dict or value.get("consented_at") is None or (value.get("days") is None) == (value.get("months") is None):
        raise InvalidFacts("not_an_extension", field=field)
    if value.get("months") is not None and not in_months:
        raise InvalidFacts("months_only", field=field)
    consented = _time(value["consented_at"], f"{field}.consented_at")
    unit = Days if value.get("months") is None else Months
    return Extension(consented, _count(value["days"] if unit is Days else value["months"], unit, field))


def _count(value: object, unit: type[Length], field: str) -> Length:
    if type(value) is not int or not 1 <= value <= MOST_DAYS:
        raise InvalidFacts("not_days", field=f"{field}.{'days' if unit is Days else 'months'}")
    return unit(value)


def _length(clock: str, value: object) -> Length | None:
    if value is None:
        return None
    if clock not in LENGTH_IS_GIVEN:
        raise InvalidFacts("length_not_given")
    if type(value) is not int or not 1 <= value <= MOST_DAYS:
        raise InvalidFacts("not_days", field="days")
    return Days(value)


def _base(clock: str, procedure: object, rules: Rules) -> str | None:
    if procedure is None:
        return None
    bases = {base.rpartition("_")[2]: base for row in rules[clock] for base in row.lengthens}
    if type(procedure) is not str or procedure not in bases:
        raise InvalidFacts("not_this_procedure")
    return bases[procedure]
