"""How a step is taken back: what it changed of the dispute is kept beside it, field by field, and put back. Pure.

On the path of every step: it keeps what cannot be computed again, and compares before it converts.
"""

from dataclasses import fields
from datetime import datetime
from itertools import compress
from operator import attrgetter, is_not

from contracts.fields import in_utc
from services.mediation.deadlines.tracking import say_again, say_stopped
from services.mediation.dispute.model import PARTICULARS, TUPLES, Deadline, Decision, Dispute, Taken
from services.mediation.law.policy import DeadlinePolicy

KEPT = ("state", "kind", "body", "consents", "suitable", "mediator", "terms", "outcome", "entered_at", *PARTICULARS)
# Of a deadline what happened to it; when it ends, and its kind, follow from that.
COMPUTED = ("clock", "key", "kind", "due_at", "set_at", "next_check_at", "state", "provisional")
HAPPENED = tuple(field.name for field in fields(Deadline) if field.name not in COMPUTED)
_OF_DISPUTE, _OF_DEADLINE = attrgetter(*KEPT), attrgetter(*HAPPENED)


def snapshot(dispute: Dispute) -> tuple:
    """How the dispute stands, for `difference`. Its values are never changed in place, so that keeping them is enough."""
    return _OF_DISPUTE(dispute), {key: _OF_DEADLINE(deadline) for key, deadline in dispute.deadlines.items()}


def difference(was: tuple, dispute: Dispute) -> dict:
    """What to put back, ready for JSON: {"fields": …, "deadlines": {key: as it was, or None where there was none}}; empty if nothing changed."""
    values, deadlines = was
    now = _OF_DISPUTE(dispute)
    changed = {
        name: _plain(old) for name, old, new in compress(zip(KEPT, values, now, strict=True), map(is_not, values, now)) if old != new
    }  # fmt: skip
    moved = {key: None for key in dispute.deadlines if key not in deadlines}
    for key, old in deadlines.items():
        new = dispute.deadlines.get(key)
        if new is None or old != _OF_DEADLINE(new):
            moved[key] = {name: _plain(value) for name, value in zip(HAPPENED, old, strict=True) if value}
    return {name: part for name, part in (("fields", changed), ("deadlines", moved)) if part}


def apply_inverse(decision: Decision, taken: Taken, now: datetime, policy: DeadlinePolicy) -> None:
    """Puts back what that step changed, in place, and says of each deadline what becomes of it."""
    dispute = decision.dispute
    for name, old in taken.inverse.get("fields", {}).items():
        setattr(dispute, name, _AS_IT_WAS[name](old) if name in _AS_IT_WAS and old is not None else old)
    # The database keeps them in an order of its own. What the step started stops first: whoever hears of them knows one deadline of a clock at a time.
    for key, old in sorted(taken.inverse.get("deadlines", {}).items(), key=lambda one: (one[1] is not None, one[0])):
        running = dispute.deadlines.pop(key, None)
        if old is not None:
            dispute.deadlines[key] = _as_it_was(key, old, now)
            if running is not None:
                dispute.deadlines[key].put_off = running.put_off  # no step did that: that the dispute stood still is true all the same
            say_again(decision, dispute.deadlines[key], now, policy)
        elif running is not None:
            say_stopped(decision, running)


def _as_it_was(key, old, now):
    happened = {name: _value(name, value) for name, value in old.items()}
    happened.setdefault("owed_by", ())  # what is empty was not kept: everybody who owed it has answered
    return Deadline(key.partition("/")[0], key, "", due_at=happened["started_at"], set_at=now, **happened)


def _plain(value):
    if type(value) is datetime:
        return in_utc(value)
    if type(value) is frozenset:
        return sorted(value)
    return [_plain(one) for one in value] if type(value) in (list, tuple) else value


def _value(name, stored):
    if name.endswith("_at"):
        return datetime.fromisoformat(stored)
    if name == "put_off":
        return stored
    if name in ("pauses", "suspensions"):
        return [(datetime.fromisoformat(began), ended and datetime.fromisoformat(ended)) for began, ended in stored]
    if name == "extensions":
        return [(datetime.fromisoformat(at), long) for at, long in stored]
    return tuple(stored)


_AS_IT_WAS = {"consents": frozenset, "entered_at": datetime.fromisoformat, **dict.fromkeys(TUPLES, tuple)}
