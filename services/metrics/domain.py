"""Effect of each event on the read model. Pure: events in, row changes out; no clock, no database.

Events about a dispute come from three producers (intake, mediation, notify), each in its own order, interleaved in any way.
The read model converges in every interleaving: each column is written for the events of one producer only, `last_at` is a maximum,
the timeline is a set, and each sum changes by the difference between a dispute before and after a batch.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.dates import SHANGHAI

# fmt: off
FIGURE_OF_EVENT = {                     # daily figure that an event adds one to
    "dispute.registered":  "reported",
    "step.refused":        "refused",
}
FIGURE_OF_STATE = {                     # daily figure that a dispute adds one to when it enters the state
    "accepted":            "accepted",
    "agreed":              "agreed",
    "terminated":          "terminated",
    "resolved":            "resolved",
    "closed":              "closed",
}
DAILY_FIGURES = ("reported", "accepted", "agreed", "terminated", "resolved", "closed", "refused")

HANDLING_AGENCY_FIELD = {               # field of the event that names the agency handling the dispute from then on; None: no agency
    "dispute.routed":      "to",
    "case.entrusted":      "to",
    "referral.accepted":   "agency",
    "referral.declined":   None,
    "dispute.redirected":  None,
    "case.filed":          "agency",
}
FINAL_STATES = ("resolved", "redirected", "closed")      # a closed dispute that enters another of these states stays closed,
CORRECTION_EVENTS = ("report.withdrawn", "report.corrected")     # unless one of these events withdraws the closing
UNMET_DEADLINE_STATES = ("running", "approached", "passed")               # states of a deadline that still has to be met

EVENT_TIME_FIELD = {                    # field with the time at which it happened; such an event's own `time` is the time of the decision
    "deadline.set":        "started_at",
    "deadline.met":        "met_at",
    "deadline.passed":     "due_at",
    "routing.proposed":    "started_at",
}

ROSTER_EVENTS = ("roster.reported", "roster.changed", "roster.refused")     # their subject is an organisation, not a dispute

# A safeguard hold is visible only in the sealed stream: no event, clock, state or reason of the read model may show it.
SEALED_PREFIXES = ("safeguard.", "protection_order", "hold.")
SEALED_STATE = "safeguard_hold"
TOKEN_PATTERN = re.compile(r"[a-z_]+")

TIMELINE_FIELDS = (                     # event fields stored in the timeline; all other fields are dropped
    "step", "state", "before", "to", "ground", "result", "outcome", "clock", "kind", "article", "due_at", "started_at", "met_at", "was_due_at", "because",
    "late", "was_passed", "owed_by", "notice", "channel", "why", "reason", "wants", "form", "mode", "minutes", "track", "suitable", "procedure", "way",
    "candidates", "excluded", "level", "escalated_for", "urged_for", "answer", "organisation", "into", "was", "other", "reasons", "days", "found_by", "reported_by",
)
# fmt: on


@dataclass(slots=True)
class Deadline:
    """A deadline of one dispute: a row of metrics.deadlines."""

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
    """One dispute of the read model: a row of metrics.disputes, with its deadlines by clock."""

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
class Changes:
    """Changes that one batch of events makes to the tables: new contents of rows, and differences to add to the sums."""

    disputes: dict[str, Dispute] = field(default_factory=dict)
    deadlines: set[tuple[str, str]] = field(default_factory=set)  # (code, clock) of the deadlines that changed
    timeline: list[tuple] = field(default_factory=list)
    open_cube: Counter = field(default_factory=Counter)
    open_waits: Counter = field(default_factory=Counter)
    daily_counts: Counter = field(default_factory=Counter)
    daily_totals: Counter = field(default_factory=Counter)
    daily_disputes: Counter = field(default_factory=Counter)
    totals: Counter = field(default_factory=Counter)
    latest_event_at: dict[str, datetime] = field(default_factory=dict)  # by producer


def fold(known: dict[str, Dispute], events: list) -> Changes:
    """Apply events to the disputes that they are about, and return what changed.

    `events` are in sequence per producer and dispute. The disputes in `known` are changed in place; a missing one is created.
    """
    changes = Changes()
    by_code = defaultdict(list)
    for event in events:
        if event.type not in ROSTER_EVENTS:
            by_code[event.subject].append(event)
        if event.time > changes.latest_event_at.get(event.source, event.time - timedelta(1)):
            changes.latest_event_at[event.source] = event.time
    for code, events_of_dispute in by_code.items():
        dispute = known.get(code)
        if dispute is None:
            dispute = Dispute(code)
        else:
            _add_to_open_sums(changes, dispute, -1)
        for event in events_of_dispute:
            _apply(dispute, event, changes)
        if dispute.last_at is None:
            continue  # every event so far belongs to the sealed stream: the dispute gets no row
        _derive_from_deadlines(dispute)
        changes.disputes[code] = dispute
        _add_to_open_sums(changes, dispute, +1)
    return changes


def is_sealed(event) -> bool:
    """Return whether this event would reveal that a safeguard hold exists."""
    data = event.data
    reason = data.get("reason")
    return (
        event.type.startswith(SEALED_PREFIXES)
        or str(data.get("step", "")).startswith(SEALED_PREFIXES)
        or str(data.get("clock", "")).startswith(SEALED_PREFIXES)
        or (isinstance(reason, dict) and str(reason.get("code", "")).startswith("safeguard"))
    )


def day_of(instant: datetime) -> str:
    """Return the date in Asia/Shanghai, as YYYY-MM-DD."""
    return instant.astimezone(SHANGHAI).date().isoformat()


def _apply(dispute, event, changes):
    if is_sealed(event):
        return
    _add_timeline_row(dispute, event, changes)
    if event.source == "intake":
        rule = INTAKE.get(event.type)
    elif event.source == "mediation":
        rule = MEDIATION.get(event.type, apply_step_fact)
    else:
        rule = NOTIFY.get(event.type)
    if rule is not None:
        rule(dispute, event, changes)


def _add_timeline_row(dispute, event, changes):
    """Add the event to the timeline, and update `last_at` and a provisional `opened_at`."""
    at = _happened_at(dispute, event)
    if dispute.last_at is None or event.time > dispute.last_at:
        dispute.last_at = event.time
    if not dispute.registered and (dispute.opened_at is None or event.time < dispute.opened_at):
        dispute.opened_at = event.time  # the earliest time known, until intake's dispute.registered arrives
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
            {name: data[name] for name in TIMELINE_FIELDS if name in data and data[name] != SEALED_STATE and _may_store(name, data[name])},
        )
    )


def _happened_at(dispute, event) -> datetime:
    """Return the time at which the fact happened, which is never later than the event's own time."""
    if event.type == "dispute.closed":
        return dispute.entered_at or event.time  # when it entered its final state
    given = event.data.get(EVENT_TIME_FIELD.get(event.type))
    return min(_parse_time(given), event.time) if given else event.time


def _may_store(name, value) -> bool:
    """Return False for a reason in free text: it may contain personal data. Only entries of the closed list of reasons are stored."""
    return name != "reason" or isinstance(value, dict) or TOKEN_PATTERN.fullmatch(value) is not None


# ── events of intake ──────────────────────────────────────────────────────────────────────────────────────────────────


def apply_registration(dispute, event, changes):
    data = event.data
    dispute.registered = True
    dispute.township, dispute.kind = data.get("township") or "", data.get("kind") or ""
    dispute.channel, dispute.reporter = data.get("channel") or "", data.get("agency") or ""
    dispute.opened_at = event.time
    for day, figure in dispute.unassigned_counts:  # counted without township and kind until now
        changes.daily_counts[day, figure, "", ""] -= 1
        changes.daily_counts[day, figure, dispute.township, dispute.kind] += 1
    dispute.unassigned_counts = []
    changes.totals["registered", dispute.reporter] += 1
    _add_to_daily_figure(dispute, event.time, FIGURE_OF_EVENT[event.type], changes)


def apply_merge(dispute, event, changes):
    """Mark the dispute as merged into another one. It no longer counts as registered; the dispute that it is merged into does."""
    into = event.data["into"]
    if into != dispute.code and dispute.merged_into is None:
        dispute.merged_into = into
        _count_as_registered(dispute, changes, -1)


def undo_merge(dispute, event, changes):
    """Make a merged dispute separate again. It counts as registered again."""
    if event.data["into"] == dispute.code and dispute.merged_into is not None:
        dispute.merged_into = None
        _count_as_registered(dispute, changes, +1)


def _count_as_registered(dispute, changes, difference):
    if dispute.registered:
        _add_to_daily_figure(dispute, dispute.opened_at, FIGURE_OF_EVENT["dispute.registered"], changes, difference)


# ── events of mediation ───────────────────────────────────────────────────────────────────────────────────────────────


def apply_step_fact(dispute, event, changes):
    """Apply a fact of the dispute's course: its new state, the agencies that must act next, and the agency that handles it."""
    data = event.data
    if "state" not in data:
        return
    _enter_state(dispute, data["state"], event, changes)
    if dispute.entered_at is None:
        dispute.entered_at = event.time
    if "next_actors" in data:
        dispute.next_actors, dispute.has_actors_from_step = list(data["next_actors"]), True
    if event.type in HANDLING_AGENCY_FIELD:
        dispute.body = data.get(HANDLING_AGENCY_FIELD[event.type])


def apply_step_result(dispute, event, changes):
    """Apply step.applied: the state in which the step left the dispute."""
    _enter_state(dispute, event.data.get("state", dispute.state), event, changes)


def count_refused_step(dispute, event, changes):
    reason = event.data.get("reason") or {}
    changes.totals["refused", reason.get("code", "")] += 1
    _add_to_daily_figure(dispute, event.time, FIGURE_OF_EVENT[event.type], changes)


def set_deadline(dispute, event, changes):
    data = event.data
    dispute.deadlines[data["clock"]] = Deadline(
        data["clock"],
        data["kind"],
        data.get("article") or "",
        "paused" if data.get("because") in ("paused", "suspended") else "running",
        _parse_time(data.get("started_at")),
        _parse_time(data["due_at"]),
        owed_by=list(data.get("owed_by") or ()),
    )
    changes.deadlines.add((dispute.code, data["clock"]))


def update_deadline(dispute, event, changes):
    """Record that a deadline has come near, passed, been met or been stopped."""
    data = event.data
    deadline = dispute.deadlines.get(data["clock"])
    if deadline is None:
        set_deadline(dispute, event, changes)
        deadline = dispute.deadlines[data["clock"]]
    deadline.state = "lapsed" if data.get("lapsed") else event.type.removeprefix("deadline.")
    if data.get("due_at"):
        deadline.due_at = _parse_time(data["due_at"])
    if deadline.state == "met":
        deadline.met_at, deadline.late = _parse_time(data.get("met_at")) or event.time, bool(data.get("late"))
    changes.deadlines.add((dispute.code, deadline.clock))


def close_dispute(dispute, event, changes):
    """Close the dispute, and stop its deadlines that are still to be met or paused."""
    data = event.data
    _enter_state(dispute, data.get("state", dispute.state), event, changes)
    dispute.closed_at, dispute.outcome, dispute.next_actors = dispute.entered_at or event.time, data.get("outcome"), []
    dispute.has_actors_from_step = True
    for clock, deadline in dispute.deadlines.items():
        if deadline.state in (*UNMET_DEADLINE_STATES, "paused"):
            deadline.state = "stopped"
            changes.deadlines.add((dispute.code, clock))
    changes.totals["closed", data.get("outcome") or ""] += 1


def _enter_state(dispute, state, event, changes):
    """Change the state, reopen a closed dispute where the new state requires it, and count the entry."""
    if state == dispute.state or state == SEALED_STATE:
        return
    dispute.state, dispute.entered_at = state, event.time
    if dispute.closed_at is not None and (state not in FINAL_STATES or event.type in CORRECTION_EVENTS):
        dispute.closed_at = dispute.outcome = None  # reopened
    if state in FIGURE_OF_STATE and event.type != "reports.joined":  # a code closed because it was joined to another is not a closed dispute
        _add_to_daily_figure(dispute, event.time, FIGURE_OF_STATE[state], changes)


# ── events of notify ──────────────────────────────────────────────────────────────────────────────────────────────────


def count_sent_notice(dispute, event, changes):
    changes.totals["notices", "sent"] += 1


def count_undeliverable_notice(dispute, event, changes):
    changes.totals["notices", "undeliverable"] += 1


# fmt: off
INTAKE = {
    "dispute.registered":    apply_registration,
    "dispute.merged":        apply_merge,
    "dispute.unmerged":      undo_merge,
}
MEDIATION = {               # for every other event type: apply_step_fact
    "step.applied":          apply_step_result,
    "step.refused":          count_refused_step,
    "deadline.set":          set_deadline,
    "deadline.recomputed":   set_deadline,
    "deadline.approached":   update_deadline,
    "deadline.passed":       update_deadline,
    "deadline.met":          update_deadline,
    "deadline.stopped":      update_deadline,
    "dispute.closed":        close_dispute,
}
NOTIFY = {
    "notice.sent":           count_sent_notice,
    "notice.undeliverable":  count_undeliverable_notice,
}
# fmt: on


# ── sums ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_to_daily_figure(dispute, at, figure, changes, difference=1):
    """Add `difference` to a daily figure, on the day of `at`. Until the registration is known, remember the count to assign it later."""
    day = day_of(at)
    changes.daily_counts[day, figure, dispute.township, dispute.kind] += difference
    changes.daily_totals[day, figure] += difference
    changes.daily_disputes[day, figure, dispute.code] += difference
    if not dispute.registered:
        dispute.unassigned_counts.append([day, figure])


def _derive_from_deadlines(dispute):
    """Set the columns that follow from the deadlines: `overdue`, the nearest deadline, and `next_actors` until a step names them."""
    live = [deadline for deadline in dispute.deadlines.values() if deadline.state in UNMET_DEADLINE_STATES]
    passed = {deadline.kind == "LAW" for deadline in live if deadline.state == "passed"}
    dispute.overdue = "none" if not passed else "both" if len(passed) == 2 else "law" if True in passed else "other"
    nearest = min(live, key=lambda deadline: (deadline.due_at, deadline.clock), default=None)
    dispute.runs_out_at, dispute.runs_out_clock = (nearest.due_at, nearest.clock) if nearest else (None, None)
    if not dispute.has_actors_from_step:  # the agencies that owe a running deadline must act
        dispute.next_actors = sorted({agency for deadline in live for agency in deadline.owed_by})


def _add_to_open_sums(changes, dispute, difference):
    if not dispute.is_open:
        return
    changes.open_cube[dispute.township, dispute.state, dispute.kind, dispute.overdue] += difference
    for agency in dispute.next_actors:
        changes.open_waits[dispute.township, agency, dispute.overdue] += difference


def _parse_time(text) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text
