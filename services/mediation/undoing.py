"""How a step is taken back: what it changed of the dispute is kept beside it, field by field, and put back. Pure."""

from dataclasses import fields
from datetime import datetime
from operator import attrgetter

from contracts.fields import in_utc
from services.mediation.dispute import PARTICULARS, Deadline, Decision, Dispute, Taken
from services.mediation.timing import Counting, say_again, say_stopped

KEPT = ("state", "kind", "body", "consents", "suitable", "mediator", "terms", "outcome", "entered_at", *PARTICULARS)
_OF_DISPUTE = attrgetter(*KEPT)
_OF_DEADLINE = [field.name for field in fields(Deadline)]
_ALL_OF_DEADLINE = attrgetter(*_OF_DEADLINE)


def remembered(dispute: Dispute) -> tuple:
    """How the dispute stands, for `difference`. Its values are never changed in place, so that keeping them is enough."""
    return _OF_DISPUTE(dispute), {key: _ALL_OF_DEADLINE(deadline) for key, deadline in dispute.deadlines.items()}


def difference(was: tuple, dispute: Dispute) -> dict:
    """What to put back, ready for JSON: {"fields": …, "deadlines": {key: as it was, or None where there was none}}; empty if nothing changed."""
    values, deadlines = was
    changed = {name: _plain(old) for name, old, new in zip(KEPT, values, _OF_DISPUTE(dispute), strict=True) if old is not new and old != new}
    moved = {}
    for key in {*deadlines, *dispute.deadlines}:
        old, new = deadlines.get(key), dispute.deadlines.get(key)
        if new is None or old != _ALL_OF_DEADLINE(new):
            moved[key] = None if old is None else {name: _plain(value) for name, value in zip(_OF_DEADLINE, old, strict=True)}
    return {name: part for name, part in (("fields", changed), ("deadlines", moved)) if part}


def undo(decision: Decision, taken: Taken, now: datetime, counting: Counting) -> None:
    """Puts back what that step changed, in place, and says of each deadline what becomes of it."""
    dispute = decision.dispute
    for name, old in taken.undo.get("fields", {}).items():
        setattr(dispute, name, _AS_IT_WAS[name](old) if name in _AS_IT_WAS and old is not None else old)
    for key, old in taken.undo.get("deadlines", {}).items():
        running = dispute.deadlines.pop(key, None)
        if old is None:
            if running is not None:
                say_stopped(decision, running)
            continue
        again = Deadline(**{name: _value(name, value) for name, value in old.items()})
        dispute.deadlines[key] = again
        say_again(decision, again, now, counting)


def _plain(value):
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return in_utc(value) if isinstance(value, datetime) else value


def _value(name, told):
    if name.endswith("_at"):
        return told and datetime.fromisoformat(told)
    if name == "pauses":
        return [(datetime.fromisoformat(began), ended and datetime.fromisoformat(ended)) for began, ended in told]
    if name == "extensions":
        return [(datetime.fromisoformat(at), days) for at, days in told]
    return tuple(told) if name == "owed_by" else told


_AS_IT_WAS = {"consents": frozenset, "entered_at": datetime.fromisoformat, "mediators": tuple}
