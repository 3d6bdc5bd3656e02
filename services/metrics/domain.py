"""Rules that say how each event changes the read model (rows and counts of the dashboard). Pure functions, without database or system time.

Events about a dispute come from three producers (intake, mediation, notify), each in its own order, interleaved in any way.
Every interleaving gives the same read model: each column is written for the events of one producer only (what both intake and mediation state, such as the
kind, mediation decides), `last_at` and watermarks are maxima, the timeline is a set, and each count changes by the difference between the dispute before and
the dispute after a batch.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.dates import SHANGHAI
from services.metrics.model import UNMET_DEADLINE_STATES, CountedAs, Deadline, Dispute, ReadModelChanges, Watermark
from services.metrics.particulars import EVENTS_WITH_FACTS, is_unsettled, record_facts

# fmt: off
# Daily figures are counts per day (Asia/Shanghai). `reported` counts disputes by the day of their first report, `refused` counts refused steps; every other
# figure counts the disputes that entered the state on that day, each once.
DAILY_FIGURE_OF_STATE = {
    "accepted":            "accepted",
    "agreed":              "agreed",
    "terminated":          "terminated",
    "resolved":            "resolved",
    "closed":              "closed",
}
DAILY_FIGURES = ("reported", "accepted", "agreed", "terminated", "resolved", "closed", "refused")

# For each event type: the event field that names the agency handling the dispute from then on. None: no agency handles it any more.
HANDLING_AGENCY_FIELD = {
    "dispute.routed":      "to",
    "case.entrusted":      "to",
    "referral.accepted":   "agency",
    "referral.declined":   None,
    "dispute.redirected":  None,
    "case.filed":          "agency",
}
STEPS_STATING_CAUSE = ("dispute.screened", "case.filed")
# A closed dispute that moves from one final state to another stays closed, unless a correction event caused the move: that event undoes the closing.
FINAL_STATES = ("resolved", "redirected", "closed")
CORRECTION_EVENTS = ("report.withdrawn", "report.corrected")

# For each event type: the event field with the time that the timeline shows. The `time` of such an event is when mediation decided it.
EVENT_TIME_FIELD = {
    "deadline.passed":     "due_at",
    "routing.proposed":    "started_at",
}

WATERMARKS_ADVANCED = "watermarks.advanced"
# The subject of these events is an organisation or a partition, not a dispute.
EVENTS_WITHOUT_DISPUTE = ("roster.reported", "roster.changed", "roster.refused", WATERMARKS_ADVANCED)
CLOSED_STATE = "closed"

# Only agencies with access to the sealed stream may know of a safeguard hold, so the read model must not store an event, clock, state or reason of one.
SEALED_PREFIXES = ("safeguard.", "protection_order", "hold.")
SEALED_STATE = "safeguard_hold"
TOKEN_PATTERN = re.compile(r"[a-z_]+")

# Event fields that the timeline stores. All other fields are dropped, because they may contain personal data.
TIMELINE_FIELDS = frozenset((
    "step", "state", "before", "to", "ground", "result", "outcome", "clock", "kind", "article", "due_at", "started_at", "was_due_at", "because", "owed_by", "notice", "channel", "why", "reason", "wants", "form", "mode", "minutes", "track", "suitable", "procedure", "way",
    "candidates", "excluded", "level", "escalated_for", "urged_for", "answer", "organisation", "into", "was", "other", "reasons", "days", "found_by", "reported_by",
    "settled", "satisfied", "repeat", "persons", "provisional", "paused", "late_report", "entries", "retracted",
))
# Of each change of a deadline in the event of a step, the timeline stores these fields.
DEADLINE_CHANGE_FIELDS = frozenset((
    "change", "clock", "kind", "article", "due_at", "started_at", "met_at", "was_due_at", "because", "late", "was_passed", "owed_by", "provisional", "paused",
))
# fmt: on


def fold(disputes: dict[str, Dispute], events: list) -> ReadModelChanges:
    """Apply a batch of events to the disputes of the read model. Return the changes to store.

    `events` are in sequence per producer and dispute. `disputes`, by code, are changed in place; a dispute that is missing there is created.
    """
    changes = ReadModelChanges()
    events_by_code = defaultdict(list)
    for event in events:
        if event.type not in EVENTS_WITHOUT_DISPUTE:
            events_by_code[event.subject].append(event)
        elif event.type == WATERMARKS_ADVANCED:
            _advance_watermarks(event, changes)
        decided_at = decision_time(event)
        if decided_at > changes.latest_event_at.get(event.source, decided_at - timedelta(1)):
            changes.latest_event_at[event.source] = decided_at
    for code, dispute_events in events_by_code.items():
        dispute = disputes.get(code)
        if dispute is None:
            dispute = Dispute(code)
        else:
            _add_to_open_counts(changes, dispute, -1)
        counted_before = dispute.counted_as
        for event in dispute_events:
            _apply_event(dispute, event, changes)
        if dispute.last_at is None:
            continue  # all events of this dispute so far concern a safeguard hold, so no row is stored
        _update_deadline_columns(dispute)
        changes.disputes[code] = dispute
        _add_to_open_counts(changes, dispute, +1)
        if dispute.counted_as != counted_before:
            add_to_daily_figures(changes, code, counted_before, -1)
            add_to_daily_figures(changes, code, dispute.counted_as, +1)
    return changes


def is_sealed(event) -> bool:
    """Return whether storing this event, or a change of a deadline in it, would reveal that a safeguard hold exists."""
    data = event.data
    reason = data.get("reason")
    return (
        event.type.startswith(SEALED_PREFIXES)
        or str(data.get("step", "")).startswith(SEALED_PREFIXES)
        or str(data.get("clock", "")).startswith(SEALED_PREFIXES)
        or any(str(change.get("clock", "")).startswith(SEALED_PREFIXES) for change in data.get("deadlines", ()))
        or (isinstance(reason, dict) and str(reason.get("code", "")).startswith("safeguard"))
    )


def decision_time(event) -> datetime:
    """Return the time at which the producer decided on the event. The `time` of a step is when it happened."""
    return _parse_time(event.data.get("decided_at")) or event.time


def happened_at(event) -> datetime:
    """Return when the fact happened: the event's `time`, except for an automatic step, whose `time` is when the mediation service found that it was due."""
    return event.time if "event" in event.data else _parse_time(event.data.get("happened_at")) or event.time


def shanghai_date(instant: datetime) -> str:
    """Return the date of the instant in Asia/Shanghai, as YYYY-MM-DD."""
    return instant.astimezone(SHANGHAI).date().isoformat()


def _apply_event(dispute, event, changes):
    """Add the event to the timeline, call the handler of its type, and apply its changes of deadlines. Events that would reveal a safeguard hold are skipped."""
    if is_sealed(event):
        return
    _add_timeline_row(dispute, event, changes)
    if event.source == "intake":
        handler = INTAKE_HANDLERS.get(event.type)
    elif event.source == "mediation":
        handler = MEDIATION_HANDLERS.get(event.type, apply_confirmed_step)
    else:
        handler = NOTIFY_HANDLERS.get(event.type)
    if handler is not None:
        handler(dispute, event, changes)
    for change in event.data.get("deadlines", ()):
        _change_deadline(dispute, change["change"], change, changes)
    if event.type in EVENTS_WITH_FACTS and event.source == "mediation":
        _record_facts(dispute, event)
    if _is_step_or_decision(event):
        changes.steps[event.source] += 1


def _add_timeline_row(dispute, event, changes):
    """Add the event to the timeline. Update `last_at`, and `opened_at` as long as the registration has not arrived."""
    at, decided_at = _time_of_fact(dispute, event), decision_time(event)
    if dispute.last_at is None or decided_at > dispute.last_at:
        dispute.last_at = decided_at
    if not dispute.registered and (dispute.opened_at is None or event.time < dispute.opened_at):
        dispute.opened_at = event.time  # provisional: the earliest event time, until intake's dispute.registered arrives
    data = event.data
    agency_event = data.get("event")
    changes.timeline.append(
        (
            dispute.code,
            event.source,
            event.sequence,
            at,
            event.type,
            data.get("agency"),
            f"{agency_event.get('source')} {agency_event.get('id')}" if isinstance(agency_event, dict) else None,
            _timeline_detail(data),
        )
    )


def _timeline_detail(data) -> dict:
    """Return the fields of an event that the timeline stores. `decided_at` is stored if the page needs it for the changes of deadlines."""
    detail = {name: value for name, value in data.items() if name in TIMELINE_FIELDS and value != SEALED_STATE and _may_store_field(name, value)}
    if "happened_at" in data and "event" not in data:
        detail["happened_at"] = data["happened_at"]  # identifies an automatic step, which may be retracted later
    if "deadlines" in data or "retracted" in data:
        detail["decided_at"] = data["decided_at"]
    if "deadlines" in data:
        detail["deadlines"] = [{name: change[name] for name in change if name in DEADLINE_CHANGE_FIELDS} for change in data["deadlines"]]
    return detail


def _time_of_fact(dispute, event) -> datetime:
    """Return the time at which the reported fact happened. It is never later than the event's own `time`."""
    if event.type == "dispute.closed" and event.data.get("state") == dispute.state:
        return dispute.entered_at or event.time  # when the dispute entered its final state
    stated_time = event.data.get(EVENT_TIME_FIELD.get(event.type))
    return min(_parse_time(stated_time), event.time) if stated_time else happened_at(event)


def _may_store_field(name, value) -> bool:
    """Return whether the timeline may store this field. A `reason` in free text is not stored, because it may contain personal data; a reason token is."""
    return name != "reason" or isinstance(value, dict) or TOKEN_PATTERN.fullmatch(value) is not None


# ── events of intake ──────────────────────────────────────────────────────────────────────────────────────────────────


def apply_registration(dispute, event, changes):
    """Apply dispute.registered: set township, kind, channel and reporter, unless mediation has already decided them, and count the dispute as registered."""
    data = event.data
    dispute.registered = True
    if not dispute.township:  # else dispute.recomputed has arrived before, which states everything as corrected
        dispute.township = data.get("township") or ""
        cause = dispute.particulars.get("cause") or data.get("cause")  # the screening may have arrived before
        _set_particulars(dispute, village=data.get("village"), amount_cny=data.get("amount_cny"), cause=cause)
    dispute.kind = dispute.kind or data.get("kind") or ""
    dispute.channel = dispute.channel or data.get("channel") or ""
    dispute.reporter = data.get("agency") or ""
    dispute.opened_at = event.time
    changes.totals["registered", dispute.reporter] += 1


def apply_merge(dispute, event, changes):
    """Apply dispute.merged: mark the dispute as merged into another one. It then counts in no daily figure except refused steps."""
    into = event.data["into"]
    if into != dispute.code and dispute.merged_into is None:
        dispute.merged_into = into


def undo_merge(dispute, event, changes):
    """Apply dispute.unmerged: undo the merge, so that the dispute counts again."""
    if event.data["into"] == dispute.code and dispute.merged_into is not None:
        dispute.merged_into = None


# ── events of mediation ───────────────────────────────────────────────────────────────────────────────────────────────


def apply_confirmed_step(dispute, event, changes):
    """Apply a confirmed step (domain event of mediation): set the dispute's new state, the agencies that must act next, and the handling agency."""
    data = event.data
    if "state" not in data:
        return
    _set_state(dispute, data["state"], event)
    if dispute.entered_at is None:
        dispute.entered_at = happened_at(event)
    if "next_actors" in data:
        dispute.next_actors, dispute.has_actors_from_step = list(data["next_actors"]), True
    if event.type in HANDLING_AGENCY_FIELD:
        dispute.body = data.get(HANDLING_AGENCY_FIELD[event.type])
    if event.type == "reports.joined":
        dispute.particulars["joined_at"] = [*dispute.particulars.get("joined_at", ()), event.time.isoformat()]
    if event.type in STEPS_STATING_CAUSE and "cause" in data:
        _set_particulars(dispute, cause=data["cause"])


def apply_screening(dispute, event, changes):
    """Apply dispute.screened: the kind and the cause that the screening found are those of the dispute from then on."""
    apply_confirmed_step(dispute, event, changes)
    dispute.kind = event.data.get("kind") or dispute.kind


def apply_report(dispute, event, changes):
    """Apply dispute.reported: set the state only. Until a further step, the agencies responsible for an unmet deadline must act."""
    _set_state(dispute, event.data["state"], event)


def apply_recomputed_history(dispute, event, changes):
    """Apply dispute.recomputed: replace everything that was derived from earlier events of mediation, including the daily figures of the dispute."""
    data = event.data
    dispute.township, dispute.channel = data["township"], data.get("channel") or dispute.channel
    dispute.kind, dispute.body = data["kind"], data.get("body")
    _set_particulars(dispute, village=data.get("village"), cause=data.get("cause"), amount_cny=data.get("amount_cny"))
    if data["state"] != SEALED_STATE:
        dispute.state, dispute.entered_at = data["state"], _parse_time(data["entered_at"])
    dispute.next_actors, dispute.has_actors_from_step = list(data["next_actors"]), True
    dispute.closed_at = dispute.outcome = None
    if dispute.state == CLOSED_STATE:
        _close(dispute, data.get("outcome"))
    refused = {key: count for key, count in dispute.figures.items() if key.endswith(" refused")}
    dispute.particulars["figures"] = refused | figures_of_entries(data["entries"], dispute.particulars.get("joined_at", ()))


def figures_of_entries(entries: list[dict], joined_at: Iterable[str | datetime]) -> dict[str, int]:
    """Return the daily figures in which a dispute with these entries into states counts.

    A dispute that was joined to another one does not count as closed. `joined_at`: the times of its joins, also of joins that were undone later.
    """
    joins = {_parse_time(at) for at in joined_at}
    figures = {}
    for entry in entries:
        state, at = entry["state"], _parse_time(entry["at"])
        if state in DAILY_FIGURE_OF_STATE and not (state == CLOSED_STATE and at in joins):
            figures[_figure_key(at, DAILY_FIGURE_OF_STATE[state])] = 1
    return figures


def count_refused_step(dispute, event, changes):
    """Apply step.refused: count the refusal by its reason and in the daily figure."""
    reason = event.data.get("reason") or {}
    changes.totals["refused", reason.get("code", "")] += 1
    key = _figure_key(happened_at(event), "refused")
    dispute.particulars["figures"] = {**dispute.figures, key: dispute.figures.get(key, 0) + 1}


def apply_deadline_event(dispute, event, changes):
    """Apply an event deadline.…: something happened to a deadline without a step."""
    _change_deadline(dispute, event.type.removeprefix("deadline."), event.data, changes)


def _change_deadline(dispute, change, data, changes):
    """Store a deadline that was set or recomputed, with its new end. After any other change, update the stored deadline.

    A deadline is `passed` only after mediation has published that it passed; no rule compares its end with the present time.
    """
    clock = data["clock"]
    deadline = dispute.deadlines.get(clock)
    if deadline is None or change in ("set", "recomputed"):
        deadline = dispute.deadlines[clock] = Deadline(
            clock,
            data["kind"],
            data.get("article") or "",
            "paused" if data.get("paused") else "passed" if data.get("passed") else "running",
            _parse_time(data.get("started_at")),
            _parse_time(data["due_at"]),
            owed_by=list(data.get("owed_by") or ()),
            provisional=bool(data.get("provisional")),
        )
    if change not in ("set", "recomputed"):
        deadline.state, deadline.due_at = "lapsed" if data.get("lapsed") else change, _parse_time(data["due_at"])
        deadline.provisional = bool(data.get("provisional"))
    if change == "met":
        deadline.met_at, deadline.late = _parse_time(data["met_at"]), bool(data.get("late"))
    changes.deadlines.add((dispute.code, clock))


def close_dispute(dispute, event, changes):
    """Apply dispute.closed: close the dispute. The event of the step that closed it has stopped its deadlines, except those that run on, as of a petition."""
    data = event.data
    _set_state(dispute, data.get("state", dispute.state), event)
    dispute.entered_at = dispute.entered_at or event.time
    _close(dispute, data.get("outcome"))
    changes.totals["closed", data.get("outcome") or ""] += 1


def _close(dispute, outcome):
    """Mark the dispute as closed since it entered its state. No agency must act in it."""
    dispute.closed_at, dispute.outcome, dispute.next_actors = dispute.entered_at, outcome, []
    dispute.has_actors_from_step = True


def _set_state(dispute, state, event):
    """Set the dispute's state, reopen a closed dispute if it leaves the final states, and count it in the daily figure of the new state."""
    if state == dispute.state or state == SEALED_STATE:
        return
    at = happened_at(event)
    dispute.state, dispute.entered_at = state, at
    if dispute.closed_at is not None and (state not in FINAL_STATES or event.type in CORRECTION_EVENTS):
        dispute.closed_at = dispute.outcome = None  # the dispute is reopened
    if state in DAILY_FIGURE_OF_STATE and event.type != "reports.joined":  # a dispute that was joined to another one does not count as closed
        key = _figure_key(at, DAILY_FIGURE_OF_STATE[state])
        if key not in dispute.figures:
            dispute.particulars["figures"] = {**dispute.figures, key: 1}


def _set_particulars(dispute, **values):
    """Set these keys of the particulars; a key whose value is None is removed."""
    for name, value in values.items():
        if value is None:
            dispute.particulars.pop(name, None)
        else:
            dispute.particulars[name] = value


def _record_facts(dispute, event):
    facts = dispute.particulars.get("facts", NO_FACTS)
    after = record_facts(facts, event)
    if after is not facts:
        dispute.particulars["facts"], dispute.is_unsettled = after, is_unsettled(after)


NO_FACTS: list[dict] = []


# ── events of notify ──────────────────────────────────────────────────────────────────────────────────────────────────


def count_sent_notice(dispute, event, changes):
    changes.totals["notices", "sent"] += 1


def count_undeliverable_notice(dispute, event, changes):
    changes.totals["notices", "undeliverable"] += 1


# fmt: off
INTAKE_HANDLERS = {
    "dispute.registered":    apply_registration,
    "dispute.merged":        apply_merge,
    "dispute.unmerged":      undo_merge,
}
MEDIATION_HANDLERS = {      # every other event type of mediation is handled by apply_confirmed_step
    "dispute.reported":      apply_report,
    "dispute.screened":      apply_screening,
    "dispute.recomputed":    apply_recomputed_history,
    "step.refused":          count_refused_step,
    "deadline.recomputed":   apply_deadline_event,
    "deadline.approached":   apply_deadline_event,
    "deadline.passed":       apply_deadline_event,
    "dispute.closed":        close_dispute,
}
NOTIFY_HANDLERS = {
    "notice.sent":           count_sent_notice,
    "notice.undeliverable":  count_undeliverable_notice,
}
# fmt: on


# ── stored counts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_to_daily_figures(changes, code: str, counted_as: CountedAs, difference: int) -> None:
    """Add `difference` to each daily figure in which a dispute counts. Before the registration has arrived, township and kind are empty."""
    for key, count in daily_figures(counted_as).items():
        day, figure = key.split()
        changes.daily_counts[day, figure, counted_as.township, counted_as.kind] += difference * count
        changes.daily_totals[day, figure] += difference * count
        changes.daily_disputes[day, figure, code] += difference * count


def daily_figures(counted_as: CountedAs) -> dict[str, int]:
    """Return the daily figures in which a dispute counts, as {"day figure": count}."""
    if counted_as.is_merged:
        return {key: count for key, count in counted_as.figures.items() if key.endswith(" refused")}
    if counted_as.registered_at is None:
        return counted_as.figures
    return {**counted_as.figures, _figure_key(counted_as.registered_at, "reported"): 1}


def _figure_key(at: datetime, figure: str) -> str:
    return f"{shanghai_date(at)} {figure}"


def _is_step_or_decision(event) -> bool:
    """Return whether the event is a step that intake passed on, or the decision of the mediation service on one. Both are counted to show how many are left."""
    if event.source == "intake":
        return event.type in ("step.reported", "dispute.registered")
    data = event.data
    return event.source == "mediation" and "event" in data and (("before" in data and event.type != "dispute.recomputed") or event.type == "step.refused")


def _advance_watermarks(event, changes):
    """Apply watermarks.advanced: agencies have reported up to these times."""
    for watermark in event.data["agencies"]:
        agency, up_to = watermark["agency"], _parse_time(watermark["up_to"])
        known = changes.watermarks.get(agency, Watermark(up_to))
        stated = [at for at in (known.stated_up_to_at, up_to if watermark.get("stated") else None) if at is not None]
        changes.watermarks[agency] = Watermark(max(known.up_to_at, up_to), max(stated, default=None))


def _update_deadline_columns(dispute):
    """Set the columns of the dispute that are computed from its deadlines: `overdue`, the nearest deadline, and `next_actors` unless a step named them."""
    unmet = [deadline for deadline in dispute.deadlines.values() if deadline.state in UNMET_DEADLINE_STATES]
    is_law_of_passed = {deadline.kind == "LAW" for deadline in unmet if deadline.state == "passed"}
    dispute.overdue = "none" if not is_law_of_passed else "both" if len(is_law_of_passed) == 2 else "law" if True in is_law_of_passed else "other"
    nearest = min(unmet, key=lambda deadline: (deadline.due_at, deadline.clock), default=None)
    dispute.runs_out_at, dispute.runs_out_clock = (nearest.due_at, nearest.clock) if nearest else (None, None)
    if not dispute.has_actors_from_step:  # before any step, the agencies responsible for an unmet deadline must act
        dispute.next_actors = sorted({agency for deadline in unmet for agency in deadline.owed_by})


def _add_to_open_counts(changes, dispute, difference):
    """Add `difference` to the counts of open disputes, unless the dispute is closed or merged."""
    if not dispute.is_open:
        return
    changes.open_cube[dispute.township, dispute.state, dispute.kind, dispute.overdue] += difference
    for agency in dispute.next_actors:
        changes.open_waits[dispute.township, agency, dispute.overdue] += difference


def _parse_time(text) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text
