"""One line of facts in, one line of answer out: what `python -m services.mediation.commands.calculate` does with each. Pure."""

import json

from services.mediation.law.computing import Computed, compute
from services.mediation.law.counting import WorkingDayCalendar
from services.mediation.law.explaining import why
from services.mediation.law.facts import facts_of, not_known
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import LAW, Rules


def answer(line: str, holidays: WorkingDayCalendar, rules: Rules = LAW) -> dict:
    """The answer to one line, or {"error": {"code", "zh", "en"}}. Never raises for what a line says."""
    try:
        payload = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": InvalidFacts("not_json").as_dict()}
    try:
        computed = compute(facts_of(payload, rules), holidays, rules)
    except InvalidFacts as invalid:
        return {"error": invalid.as_dict()}
    answered = in_words(computed, holidays)
    if ignored := not_known(payload):
        answered["not_understood"] = ignored
    return answered


def in_words(computed: Computed, holidays: WorkingDayCalendar) -> dict:
    """The answer as it is printed; days as YYYY-MM-DD, instants in Asia/Shanghai."""
    words = {
        "due": str(computed.due),
        "last_moment": computed.last_moment.isoformat(),
        "kind": computed.rule.kind,
        "article": computed.rule.article,
        "provisional": computed.provisional,
    }
    if computed.not_before is not None:
        words["not_before"] = str(computed.not_before)
    if computed.outcome is not None:
        words["outcome"] = computed.outcome
    if computed.readings:
        words["reading"] = list(computed.readings)
    return {**words, "why": why(computed, holidays)}
