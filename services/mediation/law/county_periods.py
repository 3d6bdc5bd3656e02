"""A county's own periods and reminders, from the `[periods]` table of county.toml. Pure computation.

    [periods.routing]
    working_days = 2

    [periods.mediation_out_of_court_policy]
    days = 20
    remind = ["3wd", "1wd"]

The table of a clock may contain one length (days, working_days, hours or months), `article` and `kind` (LOCAL_RULE or POLICY) if a local rule sets the
length, and `remind`: a list of lead times (reminders.py), with one reminder for each. For a clock of kind LAW only `remind` may be set.
A reminder that would have no effect is refused: if no event of a dispute starts the clock, if the clock has no reminders, or if the reminder would be
before the start of a period in hours.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts.clocks import is_article
from services.mediation.law.counting import Days, Hours, Length, Months, WorkingDays
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.office_hours import Grace, OfficeHours
from services.mediation.law.periods import DEFAULT_RULES, Rule, Rules
from services.mediation.law.reminders import is_too_early, unit_of_lead

UNITS: dict[str, type[Length]] = {"days": Days, "working_days": WorkingDays, "hours": Hours, "months": Months}
ALLOWED_KEYS = {*UNITS, "article", "kind", "remind"}


@dataclass(frozen=True, slots=True)
class CountyPeriods:
    """Rules that apply in the county, `remind`: for each clock with the county's own reminders, their lead times; office hours, and grace period."""

    rules: Rules = field(default_factory=lambda: DEFAULT_RULES)
    remind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    office_hours: OfficeHours = field(default_factory=OfficeHours)
    grace: Grace = field(default_factory=Grace)

    @property
    def fingerprint(self) -> str:
        """Return a text that is equal for equal rules: a hash of all rules, with the county's changes."""
        return hashlib.sha256(repr(sorted(self.rules.items())).encode()).hexdigest()[:16]


def apply_county_periods(periods: object, defaults: Rules = DEFAULT_RULES) -> CountyPeriods:
    """Return the default rules with the county's changes. Raises InvalidFacts for the first entry that is invalid or that a county may not set."""
    if type(periods) is not dict:
        raise InvalidFacts("not_an_object")
    rules, remind = dict(defaults), {}
    for clock, row in periods.items():
        if clock not in defaults:
            raise InvalidFacts("unknown_clock")
        if type(row) is not dict or not row or not set(row) <= ALLOWED_KEYS or sum(unit in row for unit in UNITS) > 1:
            raise InvalidFacts("not_a_county_rule", clock=clock)
        if set(row) - {"remind"}:
            _apply_row(rules, clock, row)
        if "remind" in row:
            remind[clock] = _parse_reminders(clock, row["remind"], rules[clock])
    return CountyPeriods(rules, remind)


def _apply_row(rules: dict[str, tuple[Rule, ...]], clock: str, row: dict) -> None:
    if not any(rule.is_overridable for rule in rules[clock]):
        raise InvalidFacts("law_stands", clock=clock)
    if "kind" in row and row["kind"] not in ("LOCAL_RULE", "POLICY"):
        raise InvalidFacts("not_a_county_kind", clock=clock)
    if "article" in row and not (type(row["article"]) is str and is_article(row["article"])):
        raise InvalidFacts("not_an_article", clock=clock)
    changed = {name: row[name] for name in ("kind", "article") if name in row}
    unit = next((unit for unit in UNITS if unit in row), None)
    if unit is not None:
        if type(row[unit]) is not int or not 1 <= row[unit] <= 3650:
            raise InvalidFacts("not_a_county_rule", clock=clock)
        changed["length"] = UNITS[unit](row[unit])
    if rules[clock][0].lengthens:
        _apply_shorter_extension(rules, clock, changed)
    else:
        rules[clock] = tuple(replace(rule, **changed) if rule.is_overridable else rule for rule in rules[clock])


def _apply_shorter_extension(rules: dict[str, tuple[Rule, ...]], clock: str, changed: dict) -> None:
    """Set a shorter limit of extensions in the rule of `mediation_extension` and of the clocks that it extends.

    A higher limit raises InvalidFacts, because the limit of 立案与调解意见 3 binds the courts.
    """
    (rule,) = rules[clock]
    length = changed.get("length", rule.extension.at_most)
    if type(length) is not Days or length.count > rule.extension.at_most.count:
        raise InvalidFacts("courts_are_bound", clock=clock)
    extension = replace(rule.extension, at_most=length)
    for base in rule.lengthens:
        rules[base] = tuple(replace(base_rule, extension=extension) for base_rule in rules[base])
    rules[clock] = (replace(rule, **{**changed, "length": length, "extension": extension}),)


def _parse_reminders(clock: str, texts: object, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """Return the lead times from a list of texts: `3wd`, or `12h` for a period in hours. Raises InvalidFacts."""
    form = rf"(0|[1-9]\d{{0,2}}){unit_of_lead(rules[0].length)}"
    if type(texts) is not list or not all(type(text) is str and re.fullmatch(form, text, re.ASCII) for text in texts):
        raise InvalidFacts("not_a_reminder", clock=clock)
    reason = rules[0].calculator_only or rules[0].no_reminder
    if reason is not None:
        raise InvalidFacts("no_reminder", clock=clock, why_zh=reason[0], why_en=reason[1])
    if any(is_too_early(text, rule.length) for rule in rules for text in texts):
        raise InvalidFacts("reminder_too_early", clock=clock)
    return tuple(dict.fromkeys(texts))
