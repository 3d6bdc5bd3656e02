"""Data model of the read model: a dispute, its deadlines, and the changes that a batch of events makes to the tables. No logic beyond derived values."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

UNMET_DEADLINE_STATES = ("running", "approached", "passed")


@dataclass(slots=True)
class Deadline:
    """One deadline of a dispute, a row of metrics.deadlines."""

    clock: str
    kind: str
    article: str
    state: str
    started_at: datetime | None
    due_at: datetime  # of a paused deadline: the end if it were resumed when it was computed
    met_at: datetime | None = None
    late: bool = False
    owed_by: list[str] = field(default_factory=list)
    provisional: bool = False  # True: `due_at` may still change


class Watermark(NamedTuple):
    """How far an agency has reported: the latest time about which it has, and the latest time up to which it has stated itself that it reported everything."""

    up_to_at: datetime
    stated_up_to_at: datetime | None = None


class CountedAs(NamedTuple):
    """Everything that decides in which daily figures a dispute counts. The value of `figures` is replaced, never changed in place."""

    township: str
    kind: str
    registered_at: datetime | None  # None: the dispute does not count as registered, because its registration has not arrived
    is_merged: bool  # True: the dispute counts in no figure except the refused steps, because the dispute with which it is identical counts
    figures: dict[str, int]  # count by "day figure", such as {"2026-11-20 accepted": 1}


@dataclass(slots=True)
class Dispute:
    """One dispute of the read model: a row of metrics.disputes and the dispute's deadlines by clock name.

    `particulars` has the keys `figures` (see CountedAs), `facts` (facts that steps stated, see particulars.py), `joined_at` (times at which the dispute was
    joined to another one), `cause`, `amount_cny` and `village`. A key without a value is left out.
    """

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
    is_unsettled: bool = False  # True: the latest follow-up found that the dispute is not settled, and it has not been reopened since
    particulars: dict = field(default_factory=dict)
    deadlines: dict[str, Deadline] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.merged_into is None

    @property
    def figures(self) -> dict[str, int]:
        return self.particulars.get("figures", NO_FIGURES)

    @property
    def counted_as(self) -> CountedAs:
        return CountedAs(self.township, self.kind, self.opened_at if self.registered else None, self.merged_into is not None, self.figures)


NO_FIGURES: dict[str, int] = {}


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
    # Number of steps that intake passed on (`intake`), and of decisions of the mediation service on them (`mediation`).
    steps: Counter = field(default_factory=Counter)
    watermarks: dict[str, Watermark] = field(default_factory=dict)  # by agency
