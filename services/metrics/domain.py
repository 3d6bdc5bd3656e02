"""What each event changes in the read model. Pure: events in, row changes out; no clock, no database.

A dispute's events come from three speakers, each in its own order, interleaved in any way; mediation is often heard before intake.
The model converges because every column has one owner: what intake says and what mediation says never write the same column,
`last_at` is a maximum, the timeline is a set, and every sum moves by the difference between a dispute before and after.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.dates import SHANGHAI

# fmt: off
FLOW_OF_EVENT = {                       # what a day counts, by the event that says it
    "dispute.registered":  "reported",
    "step.refused":        "refused",
}
FLOW_OF_STATE = {                       # and by the state that a dispute comes into
    "accepted":            "accepted",
    "agreed":              "agreed",
    "terminated":          "terminated",
    "resolved":            "resolved",
    "closed":              "closed",
}
FLOWS = ("reported", "accepted", "agreed", "terminated", "resolved", "closed", "refused")

HANDLED_BY = {                          # whose hands the dispute is in after this fact: a field of it
    "dispute.routed":      "to",
    "case.entrusted":      "to",
    "referral.accepted":   "agency",
    "referral.declined":   None,
    "dispute.redirected":  None,
    "case.filed":          "agency",
}
ENDED = ("resolved", "redirected", "closed")     # going on to one of these does not reopen a closed dispute
TAKES_BACK = ("report.withdrawn", "report.corrected")     # but a closing that is taken back does
LIVE = ("running", "approached", "passed")       # a deadline that still has to be met

HAPPENED_AT = {                         # what follows from a step is said later than it happened: the fact itself knows when
    "deadline.set":        "started_at",
    "deadline.met":        "met_at",
    "deadline.passed":     "due_at",
    "routing.proposed":    "started_at",
}

NO_DISPUTE = ("roster.reported", "roster.changed", "roster.refused")     # their subject is an organisation on the roster

# Outside the sealed lane nobody sees that a safeguard hold exists: not as an event, a clock, a state or a reason.
SEALED = ("safeguard.", "protection_order", "hold.")
SEALED_STATE = "safeguard_hold"
A_TOKEN = re.compile(r"[a-z_]+")

DETAIL = (                              # what a timeline shows of an event; the rest is not kept
    "step", "state", "before", "to", "ground", "result", "outcome", "clock", "kind", "article", "due_at", "started_at", "met_at", "was_due_at", "because",
    "late", "was_passed", "owed_by", "notice", "channel", "why", "reason", "wants", "form", "mode", "minutes", "track", "suitable", "procedure", "way",
    "candidates", "excluded", "level", "escalated_for", "urged_for", "answer", "organisation", "into", "was", "other", "reasons", "days", "found_by", "reported_by",
)
# fmt: on


@dataclass(slots=True)
class Deadline:
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
    is_told: bool = False
    body: str | None = None
    entered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    runs_out_at: datetime | None = None
    runs_out_clock: str | None = None
    overdue: str = "none"
    last_at: datetime | None = None
    unplaced: list = field(default_factory=list)
    deadlines: dict[str, Deadline] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.merged_into is None


@dataclass(slots=True)
class Changes:
    """What one batch does to the tables: rows as they are now, and sums as differences."""

    disputes: dict[str, Dispute] = field(default_factory=dict)
    deadlines: set[tuple[str, str]] = field(default_factory=set)
    timeline: list[tuple] = field(default_factory=list)
    cube: Counter = field(default_factory=Counter)
    waits: Counter = field(default_factory=Counter)
    flow: Counter = field(default_factory=Counter)
    days: Counter = field(default_factory=Counter)
    moves: Counter = field(default_factory=Counter)
    totals: Counter = field(default_factory=Counter)
    said_at: dict[str, datetime] = field(default_factory=dict)


def fold(known: dict[str, Dispute], events: list) -> Changes:
    """Applies events, already in sequence per speaker and dispute, to the disputes they are about (changed in place)."""
    changes = Changes()
    by_code = defaultdict(list)
    for event in events:
        if event.type not in NO_DISPUTE:
            by_code[event.subject].append(event)
        if event.time > changes.said_at.get(event.source, event.time - timedelta(1)):
            changes.said_at[event.source] = event.time
    for code, about_it in by_code.items():
        dispute = known.get(code)
        if dispute is None:
            dispute = Dispute(code)
        else:
            _count(changes, dispute, -1)
        for event in about_it:
            _apply(dispute, event, changes)
        if dispute.last_at is None:
            continue  # all of it was said in the sealed lane
        _settle(dispute)
        changes.disputes[code] = dispute
        _count(changes, dispute, +1)
    return changes


def is_sealed(event) -> bool:
    """Whether this event would show that a safeguard hold exists."""
    data = event.data
    reason = data.get("reason")
    return (
        event.type.startswith(SEALED)
        or str(data.get("step", "")).startswith(SEALED)
        or str(data.get("clock", "")).startswith(SEALED)
        or (isinstance(reason, dict) and str(reason.get("code", "")).startswith("safeguard"))
    )


def day_of(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).date().isoformat()


def _apply(dispute, event, changes):
    if is_sealed(event):
        return
    _note(dispute, event, changes)
    if event.source == "intake":
        rule = INTAKE.get(event.type)
    elif event.source == "mediation":
        rule = MEDIATION.get(event.type, step_happened)
    else:
        rule = NOTIFY.get(event.type)
    if rule is not None:
        rule(dispute, event, changes)


def _note(dispute, event, changes):
    """The event's line in the timeline."""
    at = _happened(dispute, event)
    if dispute.last_at is None or event.time > dispute.last_at:
        dispute.last_at = event.time
    if not dispute.registered and (dispute.opened_at is None or event.time < dispute.opened_at):
        dispute.opened_at = event.time  # the earliest known, until intake says
    data = event.data
    about = data.get("event")
    changes.timeline.append(
        (
            dispute.code,
            event.source,
            event.sequence,
            at,
            event.type,
            data.get("agency"),
            f"{about.get('source')} {about.get('id')}" if isinstance(about, dict) else None,
            {name: data[name] for name in DETAIL if name in data and data[name] != SEALED_STATE and _is_code(name, data[name])},
        )
    )


def _happened(dispute, event) -> datetime:
    if event.type == "dispute.closed":
        return dispute.entered_at or event.time  # when it came to its end
    said = event.data.get(HAPPENED_AT.get(event.type))
    return min(_instant(said), event.time) if said else event.time


def _is_code(name, value) -> bool:
    """A reason is kept as the closed list's entry, never as somebody's own words."""
    return name != "reason" or isinstance(value, dict) or A_TOKEN.fullmatch(value) is not None


# ── intake ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def registered(dispute, event, changes):
    data = event.data
    dispute.registered = True
    dispute.township, dispute.kind = data.get("township") or "", data.get("kind") or ""
    dispute.channel, dispute.reporter = data.get("channel") or "", data.get("agency") or ""
    dispute.opened_at = event.time
    for day, what in dispute.unplaced:  # counted under "unknown" until now
        changes.flow[day, what, "", ""] -= 1
        changes.flow[day, what, dispute.township, dispute.kind] += 1
    dispute.unplaced = []
    changes.totals["registered", dispute.reporter] += 1
    _flows(dispute, event.time, FLOW_OF_EVENT[event.type], changes)


def merged(dispute, event, changes):
    """Two reports are one dispute. The one whose code ends counts no longer among those that were reported: the other one does."""
    into = event.data["into"]
    if into != dispute.code and dispute.merged_into is None:
        dispute.merged_into = into
        _reported(dispute, changes, -1)


def unmerged(dispute, event, changes):
    """They are two after all."""
    if event.data["into"] == dispute.code and dispute.merged_into is not None:
        dispute.merged_into = None
        _reported(dispute, changes, +1)


def _reported(dispute, changes, by):
    if dispute.registered:
        _flows(dispute, dispute.opened_at, FLOW_OF_EVENT["dispute.registered"], changes, by)


# ── mediation ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def step_happened(dispute, event, changes):
    """A fact that moved the dispute, or at least says who must act now."""
    data = event.data
    if "state" not in data:
        return
    _enter(dispute, data["state"], event, changes)
    if dispute.entered_at is None:
        dispute.entered_at = event.time
    if "next_actors" in data:
        dispute.next_actors, dispute.is_told = list(data["next_actors"]), True
    if event.type in HANDLED_BY:
        dispute.body = data.get(HANDLED_BY[event.type])


def step_applied(dispute, event, changes):
    _enter(dispute, event.data.get("state", dispute.state), event, changes)


def step_refused(dispute, event, changes):
    reason = event.data.get("reason") or {}
    changes.totals["refused", reason.get("code", "")] += 1
    _flows(dispute, event.time, FLOW_OF_EVENT[event.type], changes)


def deadline_set(dispute, event, changes):
    data = event.data
    dispute.deadlines[data["clock"]] = Deadline(
        data["clock"],
        data["kind"],
        data.get("article") or "",
        "paused" if data.get("because") in ("paused", "suspended") else "running",
        _instant(data.get("started_at")),
        _instant(data["due_at"]),
        owed_by=list(data.get("owed_by") or ()),
    )
    changes.deadlines.add((dispute.code, data["clock"]))


def deadline_moved(dispute, event, changes):
    """It approached, passed or was met."""
    data = event.data
    deadline = dispute.deadlines.get(data["clock"])
    if deadline is None:
        deadline_set(dispute, event, changes)
        deadline = dispute.deadlines[data["clock"]]
    deadline.state = "lapsed" if data.get("lapsed") else event.type.removeprefix("deadline.")
    if data.get("due_at"):
        deadline.due_at = _instant(data["due_at"])
    if deadline.state == "met":
        deadline.met_at, deadline.late = _instant(data.get("met_at")) or event.time, bool(data.get("late"))
    changes.deadlines.add((dispute.code, deadline.clock))


def closed(dispute, event, changes):
    data = event.data
    _enter(dispute, data.get("state", dispute.state), event, changes)
    dispute.closed_at, dispute.outcome, dispute.next_actors = dispute.entered_at or event.time, data.get("outcome"), []
    dispute.is_told = True
    for clock, deadline in dispute.deadlines.items():
        if deadline.state in (*LIVE, "paused"):
            deadline.state = "stopped"
            changes.deadlines.add((dispute.code, clock))
    changes.totals["closed", data.get("outcome") or ""] += 1


def _enter(dispute, state, event, changes):
    if state == dispute.state or state == SEALED_STATE:
        return
    dispute.state, dispute.entered_at = state, event.time
    if dispute.closed_at is not None and (state not in ENDED or event.type in TAKES_BACK):
        dispute.closed_at = dispute.outcome = None  # reopened
    if state in FLOW_OF_STATE and event.type != "reports.joined":  # a code that ends in another is no dispute that was closed
        _flows(dispute, event.time, FLOW_OF_STATE[state], changes)


# ── notify ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def notice_sent(dispute, event, changes):
    changes.totals["notices", "sent"] += 1


def notice_undeliverable(dispute, event, changes):
    changes.totals["notices", "undeliverable"] += 1


# fmt: off
INTAKE = {
    "dispute.registered":    registered,
    "dispute.merged":        merged,
    "dispute.unmerged":      unmerged,
}
MEDIATION = {               # every other type is a fact of the dispute's life
    "step.applied":          step_applied,
    "step.refused":          step_refused,
    "deadline.set":          deadline_set,
    "deadline.recomputed":   deadline_set,
    "deadline.approached":   deadline_moved,
    "deadline.passed":       deadline_moved,
    "deadline.met":          deadline_moved,
    "deadline.stopped":      deadline_moved,
    "dispute.closed":        closed,
}
NOTIFY = {
    "notice.sent":           notice_sent,
    "notice.undeliverable":  notice_undeliverable,
}
# fmt: on


# ── sums ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _flows(dispute, at, what, changes, by=1):
    day = day_of(at)
    changes.flow[day, what, dispute.township, dispute.kind] += by
    changes.days[day, what] += by
    changes.moves[day, what, dispute.code] += by
    if not dispute.registered:
        dispute.unplaced.append([day, what])


def _settle(dispute):
    """The columns that follow from its deadlines."""
    live = [deadline for deadline in dispute.deadlines.values() if deadline.state in LIVE]
    passed = {deadline.kind == "LAW" for deadline in live if deadline.state == "passed"}
    dispute.overdue = "none" if not passed else "both" if len(passed) == 2 else "law" if True in passed else "other"
    nearest = min(live, key=lambda deadline: (deadline.due_at, deadline.clock), default=None)
    dispute.runs_out_at, dispute.runs_out_clock = (nearest.due_at, nearest.clock) if nearest else (None, None)
    if not dispute.is_told:  # no step has said who acts: whoever owes the running deadlines does
        dispute.next_actors = sorted({agency for deadline in live for agency in deadline.owed_by})


def _count(changes, dispute, by):
    if not dispute.is_open:
        return
    changes.cube[dispute.township, dispute.state, dispute.kind, dispute.overdue] += by
    for agency in dispute.next_actors:
        changes.waits[dispute.township, agency, dispute.overdue] += by


def _instant(text) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text
