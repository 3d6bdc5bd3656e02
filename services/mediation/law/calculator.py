"""Deadline calculator: the answer to one input line of `python -m services.mediation.commands.calculate`. Pure computation."""

import json

from services.mediation.law.computing import Computed, ExtensionResult, compute
from services.mediation.law.counting import Months, WorkingDayCalendar
from services.mediation.law.dates import day_of
from services.mediation.law.explaining import explain
from services.mediation.law.facts import parse_facts, unknown_fields
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import DEFAULT_RULES, Rules


def answer(line: str, holidays: WorkingDayCalendar, rules: Rules = DEFAULT_RULES) -> dict:
    """Return the computed deadline for one JSON line of facts, or {"error": {"code", "zh", "en"}} if the line is invalid. Raises no error."""
    try:
        payload = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": InvalidFacts("not_json").as_dict()}
    try:
        computed = compute(parse_facts(payload, rules), holidays, rules)
    except InvalidFacts as invalid:
        return {"error": invalid.as_dict()}
    answered = describe(computed, holidays)
    if unknown := unknown_fields(payload):
        answered["not_understood"] = unknown
    return answered


def describe(computed: Computed, holidays: WorkingDayCalendar) -> dict:
    """Return the computed deadline as JSON values for output: days as YYYY-MM-DD, times in Asia/Shanghai."""
    due, last_moment = str(computed.due), computed.last_moment.isoformat()
    kind = {"kind": computed.rule.kind, "article": computed.rule.article, "provisional": computed.provisional}
    if computed.paused:  # a paused clock has no due date
        answered = {"due": None, "last_moment": None, **kind, "paused": True, "due_if_resumed": due, "last_moment_if_resumed": last_moment}
    else:
        answered = {"due": due, "last_moment": last_moment, **kind}
        if computed.latest_moment > computed.last_moment:
            answered["latest_due"] = str(day_of(computed.latest_moment))
    if computed.not_before is not None:
        answered["not_before"] = str(computed.not_before)
    if computed.outcome is not None:
        answered["outcome"] = computed.outcome
    if computed.extensions:
        answered["extensions"] = [_describe_extension(result) for result in computed.extensions]
    if computed.readings:
        answered["reading"] = list(computed.readings)
    return {**answered, "why": explain(computed, holidays)}


def _describe_extension(result: ExtensionResult) -> dict:
    """Return the time of the consent, the length consented to, and the effect (computing.EXTENSION_EFFECTS)."""
    length = result.extension.length
    at = {"consented_at": result.extension.consented_at.isoformat()} if result.extension.consented_at else {}
    return {**at, "months" if type(length) is Months else "days": length.count, "effect": result.effect}
