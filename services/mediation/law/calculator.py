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
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": InvalidFacts("not_json").told()}
    try:
        reckoned = compute(facts_of(told, rules), holidays, rules)
    except InvalidFacts as wrong:
        return {"error": wrong.told()}
    answered = in_words(reckoned, holidays)
    if ignored := not_known(told):
        answered["not_understood"] = ignored
    return answered


def in_words(reckoned: Computed, holidays: WorkingDayCalendar) -> dict:
    """The answer as it is printed; days as YYYY-MM-DD, instants in Asia/Shanghai."""
    told = {
        "due": str(reckoned.due),
        "last_moment": reckoned.last_moment.isoformat(),
        "kind": reckoned.rule.kind,
        "article": reckoned.rule.article,
        "provisional": reckoned.provisional,
    }
    if reckoned.not_before is not None:
        told["not_before"] = str(reckoned.not_before)
    if reckoned.outcome is not None:
        told["outcome"] = reckoned.outcome
    if reckoned.readings:
        told["reading"] = list(reckoned.readings)
    return {**told, "why": why(reckoned, holidays)}
