"""Undoing of steps. Each step is stored with the previous values of the fields and deadlines that it changed; undoing restores them. Pure computation.

`snapshot` and `previous_values` run for every step. For speed, only changed values that cannot be recomputed are stored.
"""

from dataclasses import fields
from datetime import datetime
from itertools import compress
from operator import attrgetter, is_not

from contracts.fields import utc_text
from services.mediation.deadlines.clocks import CLOCK_BY_NAME
from services.mediation.deadlines.tracking import record_stopped, restore_deadline
from services.mediation.dispute.model import PARTICULARS, TUPLE_FIELDS, AppliedStep, Deadline, Decision, Dispute
from services.mediation.law.policy import DeadlinePolicy

# Fields of a dispute that a step may change.
REVERSIBLE_DISPUTE_FIELDS = ("state", "kind", "body", "consents", "suitable", "mediator", "terms", "outcome", "entered_at", *PARTICULARS)
# Fields of a deadline that are computed from the other fields, so they are not stored for undoing.
COMPUTED_DEADLINE_FIELDS = ("clock", "key", "kind", "due_at", "set_at", "next_check_at", "state", "provisional")
RECORDED_DEADLINE_FIELDS = tuple(field.name for field in fields(Deadline) if field.name not in COMPUTED_DEADLINE_FIELDS)
_dispute_values, _deadline_values = attrgetter(*REVERSIBLE_DISPUTE_FIELDS), attrgetter(*RECORDED_DEADLINE_FIELDS)


def snapshot(dispute: Dispute) -> tuple:
    """Return the present values of the dispute and its deadlines, as argument of `previous_values`. No copies are needed: values never change in place."""
    return _dispute_values(dispute), {key: _deadline_values(deadline) for key, deadline in dispute.deadlines.items()}


def previous_values(before: tuple, dispute: Dispute) -> dict:
    """Return the previous values of all fields and deadlines that changed since the snapshot `before`, ready for JSON; empty if nothing changed.

    Form: {"fields": {name: value}, "deadlines": {key: values, or None for a deadline that did not exist}}.
    """
    old_values, old_deadlines = before
    new_values = _dispute_values(dispute)
    candidates = compress(zip(REVERSIBLE_DISPUTE_FIELDS, old_values, new_values, strict=True), map(is_not, old_values, new_values))
    changed_fields = {name: _to_json(old) for name, old, new in candidates if old != new}
    changed_deadlines = {key: None for key in dispute.deadlines if key not in old_deadlines}
    for key, old in old_deadlines.items():
        new = dispute.deadlines.get(key)
        if new is None or old != _deadline_values(new):
            changed_deadlines[key] = {name: _to_json(value) for name, value in zip(RECORDED_DEADLINE_FIELDS, old, strict=True) if value}
    return {name: part for name, part in (("fields", changed_fields), ("deadlines", changed_deadlines)) if part}


def apply_inverse(decision: Decision, applied: AppliedStep, now: datetime, policy: DeadlinePolicy) -> None:
    """Restore in place the fields and deadlines that the step changed, and record each deadline that is restored or stopped.

    A deadline is restored only if its clock runs in the state of the dispute after the undoing. For example, a petition step can be undone after the
    dispute was closed; no clock of petitions runs then.
    """
    dispute = decision.dispute
    for name, old in applied.inverse.get("fields", {}).items():
        setattr(dispute, name, _FIELD_CONVERTERS[name](old) if name in _FIELD_CONVERTERS and old is not None else old)
    # Deadlines to be stopped come first, because listeners store one deadline per clock. Then by key, because jsonb does not keep the order of keys.
    for key, old in sorted(applied.inverse.get("deadlines", {}).items(), key=lambda item: (item[1] is not None, item[0])):
        running = dispute.deadlines.pop(key, None)
        if old is not None and dispute.state in CLOCK_BY_NAME[_clock_name(key)].runs_in:
            dispute.deadlines[key] = _restored_deadline(key, old, now)
            if running is not None:
                dispute.deadlines[key].postponed_days = running.postponed_days  # a postponement is independent of the step
            restore_deadline(decision, dispute.deadlines[key], now, policy)
        elif running is not None:
            record_stopped(decision, running)


def _clock_name(key: str) -> str:
    return key.partition("/")[0]


def _restored_deadline(key, old, now):
    """Return a deadline with the stored values. Its kind and due time are set by `restore_deadline` afterwards."""
    recorded = {name: _from_json(name, value) for name, value in old.items()}
    recorded.setdefault("owed_by", ())  # an empty value is not stored; here it means that all called departments had answered
    return Deadline(_clock_name(key), key, "", due_at=recorded["started_at"], set_at=now, **recorded)


def _to_json(value):
    if type(value) is datetime:
        return utc_text(value)
    if type(value) is frozenset:
        return sorted(value)
    return [_to_json(item) for item in value] if type(value) in (list, tuple) else value


def _from_json(name, stored):
    if name.endswith("_at"):
        return datetime.fromisoformat(stored)
    if name == "postponed_days":
        return stored
    if name in ("pauses", "suspensions"):
        return [(datetime.fromisoformat(start), end and datetime.fromisoformat(end)) for start, end in stored]
    if name == "extensions":
        return [(datetime.fromisoformat(at), length) for at, length in stored]
    return tuple(stored)


# Functions that convert a field of a dispute from JSON, for fields whose JSON form differs.
_FIELD_CONVERTERS = {"consents": frozenset, "entered_at": datetime.fromisoformat, **dict.fromkeys(TUPLE_FIELDS, tuple)}
