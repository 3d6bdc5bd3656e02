"""Facts that steps stated about a dispute and that its page shows, such as the result of a follow-up. Pure functions.

Every fact is kept with the agency's event that stated it, because a later event may correct or withdraw that event, or withdraw the correction again.
"""

# fmt: off
# For each event type: the fields that are kept.
FIELDS_OF_FACTS = {
    "agreement.reached":     ("form", "effective_on", "terms"),
    "case.filed":            ("received_on", "decided_on", "cause", "procedure"),
    "petition.registered":   ("repeat", "level", "persons"),
    "dispute.followed_up":   ("settled", "satisfied"),
    "dispute.reopened":      ("reason",),
}
# fmt: on
CORRECTION, WITHDRAWAL = "report.corrected", "report.withdrawn"
EVENTS_WITH_FACTS = frozenset((*FIELDS_OF_FACTS, CORRECTION, WITHDRAWAL))


def record_facts(facts: list[dict], event) -> list[dict]:
    """Return the facts of a dispute after an event of the mediation service; the same list if the event changes none.

    Each fact has the keys `step` (event type), `event` (source and id of the agency's event), `at`, the fields of FIELDS_OF_FACTS that were stated, and,
    if it no longer holds, `undone_by` (source and id of the event that corrected or withdrew it).
    """
    reference, data = event.data.get("event"), event.data
    if not isinstance(reference, dict):
        return facts
    key = f"{reference.get('source')} {reference.get('id')}"
    if event.type in (CORRECTION, WITHDRAWAL) and "about" in data:
        return _undo(facts, key, f"{reference.get('source')} {data['about']}", event)
    if event.type not in FIELDS_OF_FACTS:
        return facts
    earlier = next((fact for fact in facts if fact["event"] == key), None)  # a correction has stated it already
    at = earlier["at"] if earlier else event.time.isoformat()
    return [*(fact for fact in facts if fact is not earlier), _fact(event.type, key, at, data)]


def _undo(facts, key, undone, event):
    """Mark the facts of the event `undone` as undone by the event `key`. Facts that `undone` itself had undone hold again. Add corrected facts."""
    data, after = event.data, []
    states_facts = event.type == WITHDRAWAL or "facts" in data
    for fact in facts:
        if fact["event"] == undone and states_facts:
            fact = fact | {"undone_by": key}
        elif fact["event"] == undone:
            fact = fact | {"at": event.time.isoformat()}  # a correction without facts corrects the time only
        elif fact.get("undone_by") == undone:
            fact = {name: fact[name] for name in fact if name != "undone_by"}
        after.append(fact)
    if event.type == CORRECTION and data.get("corrects") in FIELDS_OF_FACTS and "facts" in data:
        at = next((fact["at"] for fact in facts if fact["event"] == undone), event.time.isoformat())
        after.append(_fact(data["corrects"], key, at, data["facts"]))
    return after if after != facts else facts


def _fact(step, key, at, stated):
    return {"step": step, "event": key, "at": at, **{name: stated[name] for name in FIELDS_OF_FACTS[step] if name in stated}}


def facts_that_hold(facts: list[dict]) -> list[dict]:
    """Return the facts that were not corrected or withdrawn, in order of time."""
    return sorted((fact for fact in facts if "undone_by" not in fact), key=lambda fact: fact["at"])


def is_unsettled(facts: list[dict]) -> bool:
    """Return whether the latest follow-up found that the dispute is not settled, and it has not been reopened since."""
    results = [fact for fact in facts_that_hold(facts) if fact["step"] in ("dispute.followed_up", "dispute.reopened")]
    return bool(results) and results[-1]["step"] == "dispute.followed_up" and results[-1].get("settled") is False
