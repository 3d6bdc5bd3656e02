"""Rules that say how each event changes the read model (rows and counts of the dashboard). Pure functions, without database or system time.

Events about a dispute come from three producers (intake, mediation, notify), each in its own order, interleaved in any way.
Every interleaving gives the same read model: each column is written for the events of one producer only, `last_at` is a maximum,
the timeline is a set, and each count changes by the difference between the dispute before and the dispute after a batch.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.dates import SHANGHAI

# fmt: off
# Daily figures are counts per day (Asia/Shanghai), such as disputes registered. An event of one of these types adds one to the figure named.
DAILY_FIGURE_OF_EVENT = {
    "dispute.registered":  "reported",
    "step.refused":        "refused",
}
# A dispute that enters one of these states adds one to the daily figure named.
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
# A closed dispute that moves from one final state to another stays closed, unless a correction event caused the move: that event undoes the closing.
FINAL_STATES = ("resolved", "redirected", "closed")
CORRECTION_EVENTS = ("report.withdrawn", "report.corrected")
UNMET_DEADLINE_STATES = ("running", "approached", "passed")

# For each event type: the event field with the time that the timeline shows. The `time` of such an event is when mediation decided it.
EVENT_TIME_FIELD = {
    "deadline.passed":     "due_at",
    "routing.proposed":    "started_at",
}

ROSTER_EVENTS = ("roster.reported", "roster.changed", "roster.refused")     # the subject of these events is an organisation, not a dispute
WATERMARKS_ADVANCED = "watermarks.advanced"  # the subject of this event is a partition, not a dispute

# Only agencies with access to the sealed stream may know of a safeguard hold, so the read model must not store an event, clock, state or reason of one.
SEALED_PREFIXES = ("safeguard.", "protection_order", "hold.")
SEALED_STATE = "safeguard_hold"
TOKEN_PATTERN = re.compile(r"[a-z_]+")

# Event fields that the timeline stores. All other fields are dropped, because they may contain personal data.
TIMELINE_FIELDS = (
    "step", "state", "before", "to", "ground", "result", "outcome", "clock", "kind", "article", "due_at", "started_at", "was_due_at", "because", "owed_by", "notice", "channel", "why", "reason", "wants", "form", "mode", "minutes", "track", "suitable", "procedure", "way",
    "candidates", "excluded", "level", "escalated_for", "urged_for", "answer", "organisation", "into", "was", "other", "reasons", "days", "found_by", "reported_by",
)
# Of each change of a deadline in the event of a step, the timeline stores these fields.
DEADLINE_CHANGE_FIELDS = frozenset((
    "change", "clock", "kind", "article", "due_at", "started_at", "met_at", "was_due_at", "because", "late", "was_passed", "owed_by",
))
# fmt: on


@dataclass(slots=True)
class Deadline:
    """One deadline of a dispute, a row of metrics.deadlines."""

    clock: str
    kind: str
    article: str
    state: str
    started_at: datetime | None
    due_at: datetime
    met_at: datetime | None = None
    late: bool = False
    owed_by: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Dispute:
    """One dispute of the read model: a row of metrics.disputes and the dispute's deadlines by clock name."""

    code: str
    registered: bool = False
    township: str = ""
    kind: str = ""
    channel: str = ""
    reporter: str = ""
    opened_at: datetime | None = None
    merged_into: str | None = None
    state: str = "registered"
    next_actors: list[str] = field(default_factory=list)
    has_actors_from_step: bool = False
    body: str | None = None
    entered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    runs_out_at: datetime | None = None
    runs_out_clock: str | None = None
    overdue: str = "none"
    last_at: datetime | None = None
    unassigned_counts: list = field(default_factory=list)
    deadlines: dict[str, Deadline] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.merged_into is None


@dataclass(slots=True)
class ReadModelChanges:
    """Changes to the tables of the read model caused by one batch of events: rows to write, and differences to add to the stored counts.

    The keys of each Counter are the primary key of the table of the same name (see AGGREGATE_TABLES in store.py).
    """

    disputes: dict[str, Dispute] = field(default_factory=dict)
    deadlines: set[tuple[str, str]] = field(default_factory=set)  # (dispute code, clock) of each changed deadline
    timeline: list[tuple] = field(default_factory=list)
    open_cube: Counter = field(default_factory=Counter)
    open_waits: Counter = field(default_factory=Counter)
    daily_counts: Counter = field(default_factory=Counter)
    daily_totals: Counter = field(default_factory=Counter)
    daily_disputes: Counter = field(default_factory=Counter)
    totals: Counter = field(default_factory=Counter)
    latest_event_at: dict[str, datetime] = field(default_factory=dict)  # time of the latest event of each producer


def fold(disputes: dict[str, Dispute], events: list) -> ReadModelChanges:
    """Apply a batch of events to the disputes of the read model. Return the changes to store.

    `events` are in sequence per producer and dispute. `disputes`, by code, are changed in place; a dispute that is missing there is created.
    """
    changes = ReadModelChanges()
    events_by_code = defaultdict(list)
    for event in events:
        if event.type not in ROSTER_EVENTS and event.type != WATERMARKS_ADVANCED:
            events_by_code[event.subject].append(event)
        decided_at = decision_time(event)
        if decided_at > changes.latest_event_at.get(event.source, decided_at - timedelta(1)):
            changes.latest_event_at[event.source] = decided_at
    for code, dispute_events in events_by_code.items():
        dispute = disputes.get(code)
        if dispute is None:
            dispute = Dispute(code)
        else:
            _add_to_open_counts(changes, dispute, -1)
        for event in dispute_events:
            _apply_event(dispute, event, changes)
        if dispute.last_at is None:
            continue  # all events of this dispute so far concern a safeguard hold, so no row is stored
        _update_deadline_columns(dispute)
        changes.disputes[code] = dispute
        _add_to_open_counts(changes, dispute, +1)
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
    detail = {name: data[name] for name in TIMELINE_FIELDS if name in data and data[name] != SEALED_STATE and _may_store_field(name, data[name])}
    if "deadlines" in data:
        detail["decided_at"] = data["decided_at"]
        detail["deadlines"] = [{name: change[name] for name in change if name in DEADLINE_CHANGE_FIELDS} for change in data["deadlines"]]
    return detail


def _time_of_fact(dispute, event) -> datetime:
    """Return the time at which the reported fact happened. It is never later than the event's own `time`."""
    if event.type == "dispute.closed":
        return dispute.entered_at or event.time  # when the dispute entered its final state
    stated_time = event.data.get(EVENT_TIME_FIELD.get(event.type))
    return min(_parse_time(stated_time), event.time) if stated_time else event.time


def _may_store_field(name, value) -> bool:
    """Return whether the timeline may store this field. A `reason` in free text is not stored, because it may contain personal data; a reason token is."""
    return name != "reason" or isinstance(value, dict) or TOKEN_PATTERN.fullmatch(value) is not None


# ── events of intake ──────────────────────────────────────────────────────────────────────────────────────────────────


def apply_registration(dispute, event, changes):
    """Apply dispute.registered: set township, kind, channel and reporter, and count the dispute as registered."""
    data = event.data
    dispute.registered = True
    dispute.township, dispute.kind = data.get("township") or "", data.get("kind") or ""
    dispute.channel, dispute.reporter = data.get("channel") or "", data.get("agency") or ""
    dispute.opened_at = event.time
    for day, figure in dispute.unassigned_counts:  # counts made before township and kind were known
        changes.daily_counts[day, figure, "", ""] -= 1
        changes.daily_counts[day, figure, dispute.township, dispute.kind] += 1
    dispute.unassigned_counts = []
    changes.totals["registered", dispute.reporter] += 1
    _add_to_daily_figure(dispute, event.time, DAILY_FIGURE_OF_EVENT[event.type], changes)


def apply_merge(dispute, event, changes):
    """Apply dispute.merged: mark the dispute as merged into another one, and stop counting it as registered."""
    into = event.data["into"]
    if into != dispute.code and dispute.merged_into is None:
        dispute.merged_into = into
        _count_as_registered(dispute, changes, -1)


def undo_merge(dispute, event, changes):
    """Apply dispute.unmerged: undo the merge, and count the dispute as registered again."""
    if event.data["into"] == dispute.code and dispute.merged_into is not None:
        dispute.merged_into = None
        _count_as_registered(dispute, changes, +1)


def _count_as_registered(dispute, changes, difference):
    if dispute.registered:
        _add_to_daily_figure(dispute, dispute.opened_at, DAILY_FIGURE_OF_EVENT["dispute.registered"], changes, difference)


# ── events of mediation ───────────────────────────────────────────────────────────────────────────────────────────────


def apply_confirmed_step(dispute, event, changes):
    """Apply a confirmed step (domain event of mediation): set the dispute's new state, the agencies that must act next, and the handling agency."""
    data = event.data
    if "state" not in data:
        return
    _set_state(dispute, data["state"], event, changes)
    if dispute.entered_at is None:
        dispute.entered_at = event.time
    if "next_actors" in data:
        dispute.next_actors, dispute.has_actors_from_step = list(data["next_actors"]), True
    if event.type in HANDLING_AGENCY_FIELD:
        dispute.body = data.get(HANDLING_AGENCY_FIELD[event.type])


def apply_report(dispute, event, changes):
    """Apply dispute.reported: set the state only. Until a further step, the agencies responsible for an unmet deadline must act."""
    _set_state(dispute, event.data["state"], event, changes)


def count_refused_step(dispute, event, changes):
    """Apply step.refused: count the refusal by its reason and in the daily figure."""
    reason = event.data.get("reason") or {}
    changes.totals["refused", reason.get("code", "")] += 1
    _add_to_daily_figure(dispute, event.time, DAILY_FIGURE_OF_EVENT[event.type], changes)


def apply_deadline_event(dispute, event, changes):
    """Apply an event deadline.…: something happened to a deadline without a step."""
    _change_deadline(dispute, event.type.removeprefix("deadline."), event.data, changes)


def _change_deadline(dispute, change, data, changes):
    """Store a deadline that was set or recomputed, with its new end. After any other change, update the stored deadline."""
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
        )
    if change not in ("set", "recomputed"):
        deadline.state, deadline.due_at = "lapsed" if data.get("lapsed") else change, _parse_time(data["due_at"])
    if change == "met":
        deadline.met_at, deadline.late = _parse_time(data["met_at"]), bool(data.get("late"))
    changes.deadlines.add((dispute.code, clock))


def close_dispute(dispute, event, changes):
    """Apply dispute.closed: close the dispute, and stop its unmet and paused deadlines."""
    data = event.data
    _set_state(dispute, data.get("state", dispute.state), event, changes)
    dispute.closed_at, dispute.outcome, dispute.next_actors = dispute.entered_at or event.time, data.get("outcome"), []
    dispute.has_actors_from_step = True
    for clock, deadline in dispute.deadlines.items():
        if deadline.state in (*UNMET_DEADLINE_STATES, "paused"):
            deadline.state = "stopped"
            changes.deadlines.add((dispute.code, clock))
    changes.totals["closed", data.get("outcome") or ""] += 1


def _set_state(dispute, state, event, changes):
    """Set the dispute's state, reopen a closed dispute if it leaves the final states, and add one to the daily figure of the new state."""
    if state == dispute.state or state == SEALED_STATE:
        return
    dispute.state, dispute.entered_at = state, event.time
    if dispute.closed_at is not None and (state not in FINAL_STATES or event.type in CORRECTION_EVENTS):
        dispute.closed_at = dispute.outcome = None  # the dispute is reopened
    if state in DAILY_FIGURE_OF_STATE and event.type != "reports.joined":  # a dispute that was joined to another one does not count as closed
        _add_to_daily_figure(dispute, event.time, DAILY_FIGURE_OF_STATE[state], changes)


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


def _add_to_daily_figure(dispute, at, figure, changes, difference=1):
    """Add `difference` to a daily figure on the day of `at`.

    Before the registration has arrived, township and kind are unknown: the count is also noted in `unassigned_counts`, to be moved to them later.
    """
    day = shanghai_date(at)
    changes.daily_counts[day, figure, dispute.township, dispute.kind] += difference
    changes.daily_totals[day, figure] += difference
    changes.daily_disputes[day, figure, dispute.code] += difference
    if not dispute.registered:
        dispute.unassigned_counts.append([day, figure])


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
