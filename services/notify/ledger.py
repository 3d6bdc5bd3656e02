"""Rules for the ledger of notices: which notices an event settles or withdraws, and which notices follow from that. Pure functions.

The rules read the entries of one dispute that are in force, and events of that dispute in order. The result depends only on the events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from contracts import ORDINARY_STEP_NAMES
from plumbing.events import Event
from services.notify import rules
from services.notify.model import IN_FORCE, SETTLED, WITHDRAWN, LedgerEntry, Notice, as_instant, reference

# fmt: off
# Notices that announce a period, and those that remind of it or state that it has passed.
ANNOUNCEMENTS = ("notice.referral", "notice.deadline", "notice.proposal", "notice.call", "notice.supervision", "notice.escalated")
REMINDERS = ("notice.urged", "notice.overdue")
# Type of notice → clock whose period the agency has to keep, if it is not the clock that the notice names.
CLOCK_NOTICES = ("notice.referral", "notice.deadline", "notice.escalated", *REMINDERS)  # notices that end with the period that they name
CLOCK_OF_ANSWER = {"notice.call": "call_answer", "notice.supervision": "supervision_answer", "notice.proposal": "routing"}
# Type of notice about a matter without a period → states of the dispute in which the matter can be open.
STATES_OF_MATTER = {
    "notice.mediators":        ("accepted", "consent_pending", "mediating"),
    "notice.inquiry":          ("suspended",),
    "notice.escalated":        ("registered", "screened"),                # to the county level, which has no period
}
# Event type → types of the notices that it settles, whatever their clock.
SETTLED_BY_EVENT = {
    "mediator.agreed":         ("notice.mediators",),
    "mediator.appointed":      ("notice.mediators",),
    "mediators.proposed":      ("notice.mediators",),
    "routing.proposed":        ("notice.proposal",),
}
SURVIVE_CLOSING = ("notice.joined",)                                      # a join that closed the dispute can still be undone
# Types of steps whose corrected facts name the agencies that get its notices.
CORRECTED_ADDRESSEES = ("dispute.routed", "departments.called", "supervision.issued", "level.escalated", "mediation.suspended")
# The reason instead of `recomputed`, by the reason of the recomputation, and by the automatic step that no longer holds.
REASON_OF_RECOMPUTATION = {"correction": "corrected", "withdrawal": "withdrawn"}
REASON_OF_RETRACTED_STEP = {"supervision.issued": "supervision_cancelled"}
# Steps after which other agencies handle the dispute; these are told, unless another notice tells them.
TRANSFERS = ("dispute.routed", "case.entrusted", "case.filed", "dispute.redirected")
REFERRALS = ("dispute.routed", "case.entrusted")                          # steps after which only the departments named in them are called
# fmt: on


@dataclass(slots=True)
class _Outcome:
    """What one event does to the entries of a dispute."""

    event: Event
    direct: list[Notice]  # the notices that follow from the event alone
    withdrawals: list[tuple[LedgerEntry, str]] = field(default_factory=list)  # entry and reason
    released: list[str] = field(default_factory=list)  # agencies whose period ended through the event without being met

    def settle(self, entry: LedgerEntry) -> None:
        _end(entry, SETTLED, self.event.id)

    def withdraw(self, entry: LedgerEntry, why: str) -> None:
        if entry.validity == IN_FORCE:
            _end(entry, WITHDRAWN, None)  # `ended_by` is set with the notice
            self.withdrawals.append((entry, why))


def record_all(entries: Mapping[str, list[LedgerEntry]], events: Iterable[Event]) -> tuple[list[Notice], dict[str, LedgerEntry], list[LedgerEntry]]:
    """Record the events in order. `entries`: those in force, by dispute, for every dispute of the events.

    Return the notices that follow, the entries of these notices by id, and the earlier entries that changed.
    """
    notices = [notice for event in events for notice in record(entries[event.subject], event)]
    by_id = {entry.id: entry for of_dispute in entries.values() for entry in of_dispute}
    new_entries = {notice.id: by_id.pop(notice.id) for notice in notices}
    return notices, new_entries, [entry for entry in by_id.values() if entry.is_changed]


def record(entries: list[LedgerEntry], event: Event) -> list[Notice]:
    """Return the notices that follow from one event of the mediation service. Update the entries of the dispute in place, and add those of the notices."""
    in_force = sorted((entry for entry in entries if entry.validity == IN_FORCE), key=lambda entry: entry.id)
    outcome = _Outcome(event, [_as_announcement(notice, in_force) for notice in rules.notices_for(event)])
    _end_notices_of_undone_steps(outcome, in_force)
    for change in _changes(event):
        _apply_change(outcome, in_force, change)
    _settle_matters(outcome, in_force)
    _keep_what_is_announced_again(outcome)
    notices = [*outcome.direct, *_notices_of_correction(outcome, in_force)]
    notices += _notices_of_reassignment(outcome, notices, in_force)
    entries += [_entry_of(notice, in_force) for notice in notices]
    for entry, why in outcome.withdrawals:
        notice = _withdrawal(event, entry, why)
        entry.ended_by = notice.id
        notices.append(notice)
        entries.append(LedgerEntry.of(notice, SETTLED))
    return notices


def _as_announcement(notice, in_force):
    """Return the notice of a deadline that moved. If its period was not announced to the agency yet, return the notice that announces this period instead."""
    if "because" not in notice.about or _is_announced(notice, in_force):
        return notice
    clock = notice.about["clock"]
    kind = rules.NOTICES_OF_CHANGES.get(("set", clock)) or notice.kind
    if kind == notice.kind:
        return notice
    about = {name: value for name, value in notice.about.items() if name not in ("because", "paused")}
    return replace(notice, kind=kind, about=about | ({"level": clock} if kind == "notice.escalated" else {}))


def _is_announced(notice, in_force) -> bool:
    """Return whether the period that the notice concerns was announced to the same agency before, and that announcement is in force."""
    return any(
        entry.validity == IN_FORCE and entry.kind in ANNOUNCEMENTS and (entry.to, _clock_of(entry)) == (notice.to, notice.about["clock"]) for entry in in_force
    )


def _entry_of(notice, in_force):
    """Return the ledger's entry of a new notice. It is settled at once if it only states that a period which was announced before has moved."""
    is_move = "because" in notice.about and _is_announced(notice, in_force)
    return LedgerEntry.of(notice, SETTLED if is_move else IN_FORCE)


def _end(entry, validity, ended_by):
    if entry.validity == IN_FORCE:
        entry.validity, entry.ended_by, entry.is_changed = validity, ended_by, True


def _changes(event):
    """Return the changes of deadlines, also those that the event of an approaching or passed deadline states."""
    if event.type in ("deadline.approached", "deadline.passed"):
        return [{"change": event.type.removeprefix("deadline."), **event.data}]
    return rules.changes_of_deadlines(event)


def _clock_of(entry):
    return CLOCK_OF_ANSWER.get(entry.kind, entry.clock)


# ── Which entries end ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _reason_of_undoing(event) -> str | None:
    """Return the reason of withdrawals if the event takes back an earlier step, else None."""
    why = rules.UNDOING_EVENTS.get(event.type)
    return REASON_OF_RECOMPUTATION.get(event.data.get("because"), why) if event.type == "dispute.recomputed" else why


def _end_notices_of_undone_steps(outcome, in_force):
    """Withdraw the notices caused by steps that the event takes back: reported steps, joins, and automatic steps.

    Notices about deadlines are left to the changes of deadlines that follow from the undoing.
    """
    event, data, why = outcome.event, outcome.event.data, _reason_of_undoing(outcome.event)
    if event.type in ("report.withdrawn", "report.corrected") and data.get("about"):
        undone = reference({"source": data["event"]["source"], "id": data["about"]})
        caused = [entry for entry in in_force if entry.reported and undone in entry.reported and (not entry.clock or entry.kind not in CLOCK_NOTICES)]
        if event.type == "report.corrected":
            _apply_correction(outcome, caused)
        else:
            _withdraw_report(outcome, caused, undone)
    elif event.type == "reports.unjoined":
        _withdraw_each(outcome, why, (entry for entry in in_force if entry.step == "reports.joined"))
    elif event.type == "unmerge.noted":
        separated = (data["into"], data["reported_by"])
        _withdraw_each(outcome, "unjoined", (entry for entry in in_force if entry.step == "merge.noted" and entry.other in separated))
    for retracted in data.get("retracted", ()):
        step, happened_at = retracted["step"], as_instant(retracted["happened_at"])
        of_step = (entry for entry in in_force if entry.reported is None and (entry.step, entry.happened_at) == (step, happened_at))
        _withdraw_each(outcome, REASON_OF_RETRACTED_STEP.get(step, why), of_step)


def _apply_correction(outcome, caused):
    """Withdraw the notices to agencies that the corrected step does not name, and notify those that only the corrected step names."""
    event, data = outcome.event, outcome.event.data
    if data.get("corrects") not in CORRECTED_ADDRESSEES or "facts" not in data:
        return
    outcome_fields = {name: value for name, value in data.items() if name not in ("facts", "corrects", "about", "reason")}
    corrected = replace(event, type=data["corrects"], data={**data["facts"], **{n: v for n, v in outcome_fields.items() if n != "deadlines"}})
    named = {(notice.kind, notice.to): notice for notice in rules.notices_for(corrected)}
    for entry in caused:
        if named.pop((entry.kind, entry.to), None) is None:
            outcome.withdraw(entry, "corrected")
        else:
            entry.reported, entry.is_changed = [*entry.reported, reference(data["event"])], True  # a later correction names this one
    outcome.direct += named.values()


def _withdraw_report(outcome, caused, undone):
    """Withdraw the notices of a withdrawn report. After the withdrawal of a correction, a notice that followed from the earlier report still holds."""
    for entry in caused:
        if entry.reported[0] == undone:
            outcome.withdraw(entry, "withdrawn")
        else:
            entry.reported, entry.is_changed = entry.reported[: entry.reported.index(undone)], True


def _withdraw_each(outcome, why, entries):
    for entry in entries:
        outcome.withdraw(entry, why)


def _apply_change(outcome, in_force, change):
    """Settle or withdraw the notices about a deadline that was met, stopped, set again, moved, or passed."""
    for entry in [entry for entry in in_force if _clock_of(entry) == change["clock"]]:
        _EFFECTS_OF_CHANGES[change["change"]](outcome, entry, change)


def _on_met(outcome, entry, change):
    if entry.kind in REMINDERS and change.get("was_passed") and not change.get("late"):
        outcome.withdraw(entry, "met_in_time")
    else:
        outcome.settle(entry)


def _on_stopped(outcome, entry, change):
    why = _reason_of_undoing(outcome.event)
    if why:
        outcome.withdraw(entry, why)
        return
    if entry.kind in ANNOUNCEMENTS and not entry.is_copy:
        outcome.released.append(entry.to)
    outcome.settle(entry)


def _on_set(outcome, entry, change):
    """The deadline begins anew, which the event's own notices announce. A department that was called before and has not answered is still called."""
    why = _reason_of_undoing(outcome.event)
    if why:
        outcome.withdraw(entry, why)
    elif entry.kind != "notice.call" or entry.to not in change["owed_by"] or entry.to in [notice.to for notice in outcome.direct]:
        outcome.settle(entry)


def _on_recomputed(outcome, entry, change):
    """A moved deadline stays announced, with its new end. A notice that it has passed no longer holds if it now ends later."""
    is_paused = rules.is_paused(change)
    if entry.kind in ANNOUNCEMENTS:
        if entry.to not in change["owed_by"] and not entry.is_copy and entry.kind != "notice.call":
            _on_stopped(outcome, entry, change)  # another agency has to keep the period now
        elif entry.clock == change["clock"]:
            entry.due_at, entry.is_changed = None if is_paused else as_instant(change["due_at"]), True
    elif change["because"] in rules.SILENT_REASONS or entry.kind == "notice.urged":
        outcome.settle(entry)
    elif change.get("passed"):
        entry.due_at, entry.is_changed = as_instant(change["due_at"]), True  # the deadline has another end, which has passed, too
    elif is_paused or as_instant(change["due_at"]) > as_instant(change["was_due_at"]):
        outcome.withdraw(entry, _reason_of_undoing(outcome.event) or "moved")


def _on_approached(outcome, entry, change):
    if entry.kind == "notice.urged":
        outcome.settle(entry)  # replaced by the new reminder


def _on_passed(outcome, entry, change):
    if change.get("lapsed"):
        outcome.settle(entry)  # the right of the parties has ended, so that no agency has to act


_EFFECTS_OF_CHANGES = {
    "met": _on_met,
    "stopped": _on_stopped,
    "set": _on_set,
    "recomputed": _on_recomputed,
    "approached": _on_approached,
    "passed": _on_passed,
}


def _settle_matters(outcome, in_force):
    """Settle the notices about matters that have ended or are announced anew, and almost all notices when the dispute is closed."""
    event = outcome.event
    for entry in in_force:
        if _is_settled(entry, event):
            outcome.settle(entry)
        elif event.type in REFERRALS and entry.kind == "notice.call" and entry.validity == IN_FORCE:
            outcome.settle(entry)  # the departments called by the earlier mediation body are no longer called
            outcome.released.append(entry.to)


def _is_settled(entry, event) -> bool:
    data = event.data
    if event.type == "dispute.closed":
        return entry.kind not in SURVIVE_CLOSING
    if entry.kind in SETTLED_BY_EVENT.get(event.type, ()):
        return True
    if entry.kind in STATES_OF_MATTER and not entry.clock and "state" in data:
        return data["state"] not in STATES_OF_MATTER[entry.kind]
    if entry.kind == "notice.call":
        return event.type == "call.answered" and entry.to == data["agency"]
    return entry.kind == "notice.duplicate" and entry.other in _disputes_compared(event)


def _disputes_compared(event):
    """Return the code of the other dispute if the event states that it was joined to this one, or proposes the join anew."""
    return [event.data.get({"merge.noted": "was", "duplicate.noted": "other"}[event.type])] if event.type in ("merge.noted", "duplicate.noted") else []


def _keep_what_is_announced_again(outcome):
    """Do not withdraw the announcement of a period if the event announces the same period to the same agency again.

    An announcement that names the same end, or names no end, stays in force, and the agency gets no second one. One that names another end is replaced.
    """
    withdrawals = []
    for entry, why in outcome.withdrawals:
        again = next((n for n in outcome.direct if (n.to, n.about.get("clock")) == (entry.to, _clock_of(entry)) and n.kind in ANNOUNCEMENTS), None)
        if entry.kind not in ANNOUNCEMENTS or again is None:
            withdrawals.append((entry, why))
        elif entry.clock != _clock_of(entry) or as_instant(again.about.get("due_at")) == entry.due_at:
            outcome.direct.remove(again)
            entry.validity, entry.ended_by = IN_FORCE, None
        else:
            entry.validity, entry.ended_by = SETTLED, outcome.event.id
    outcome.withdrawals = withdrawals


# ── Which notices follow ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _notices_of_correction(outcome, in_force):
    """Return notices that facts of the dispute were corrected, to the agencies that handle the dispute or have a notice in force, except the corrector."""
    event, data = outcome.event, outcome.event.data
    if not (event.type == "dispute.recomputed" and data.get("changed")):
        return []
    handling = [*data["next_actors"], *([data["body"]] if data.get("body") else []), *(entry.to for entry in in_force if entry.kind in ANNOUNCEMENTS)]
    corrected_by = {"corrected_by": data["agency"]} if data.get("agency") else {}
    about = {"dispute": event.subject, "changed": list(data["changed"]), **corrected_by}
    return [Notice("notice.corrected", event.subject, to, about, event, "corrected") for to in dict.fromkeys(handling) if to != data.get("agency")]


def _notices_of_reassignment(outcome, notices, in_force):
    """Return notices to the agencies that lost the dispute through the event or no longer have to act, and to those that gained it, if nothing else tells them."""
    event, data = outcome.event, outcome.event.data
    if "next_actors" not in data or event.type == "dispute.reopened":
        return []
    told = {notice.to for notice in notices if notice.kind in (*ANNOUNCEMENTS, "notice.joined")}
    told |= {entry.to for entry, _ in outcome.withdrawals if entry.kind in ANNOUNCEMENTS}
    not_concerned = {data.get("agency"), *told}
    had_it = [data["body_before"]] if data.get("body_before") else []
    if event.type in rules.UNDOING_EVENTS:  # the notices to a body are withdrawn with the deadlines that no longer run
        announced = {entry.to for entry in in_force if entry.kind in ANNOUNCEMENTS and _clock_of(entry)}
        had_it = [body for body in had_it if body not in announced]
    lost = [agency for agency in (*had_it, *outcome.released) if agency not in data["next_actors"]]
    is_transfer = event.type in TRANSFERS or (event.type == "dispute.recomputed" and had_it)
    addressees = dict.fromkeys(agency for agency in (*lost, *(data["next_actors"] if is_transfer else ())) if agency not in not_concerned)
    if event.type == "reports.joined":
        return [Notice("notice.joined", event.subject, to, {"dispute": event.subject, "into": data["into"]}, event) for to in addressees]
    step = {"step": event.type} if event.type in ORDINARY_STEP_NAMES else {}
    about = {"dispute": event.subject, **step, "handled_by": list(data["next_actors"])}
    return [Notice("notice.reassigned", event.subject, to, about, event, "reassigned") for to in addressees]


def _withdrawal(event, entry, why):
    about = {"dispute": event.subject, "notice": entry.kind, "notice_id": entry.id, "why": why, **({"clock": entry.clock} if entry.clock else {})}
    return Notice(
        "notice.withdrawn", event.subject, entry.to, about, event, f"withdraws/{entry.id.removeprefix(f'{event.subject}/').removesuffix(f'/{entry.to}')}"
    )
