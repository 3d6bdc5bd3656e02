"""One dispute as its rules see it, and what a decision about it brings. Shapes only."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

FIRST = "detected"
CENTRE = "mediation_centre"


@dataclass(slots=True)
class Deadline:
    """The instant that a clock sets for one dispute. `ask_at` is when time has to look at it next."""

    clock: str
    key: str  # the clock, and which one of several: "performance/2"
    kind: str
    started_at: datetime
    due_at: datetime
    owed_by: tuple[str, ...]
    set_at: datetime
    ask_at: datetime | None = None  # None: never again, or not while it is paused
    state: str = "open"  # open, passed, met
    provisional: bool = False  # its year's arrangement is not published, or an appraisal goes on
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # from, to; the last may go on
    extensions: list[tuple[datetime, int]] = field(default_factory=list)  # consented at, days
    restarted_at: datetime | None = None

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None


@dataclass(slots=True)
class Dispute:
    """One dispute as its rules see it: no person, no narrative. `deadlines` holds those not met: open or passed."""

    code: str
    state: str = FIRST
    township: str = ""
    kind: str = ""
    reporter: str = ""
    body: str | None = None  # the agency it is routed to, then the one that accepted it
    parties: frozenset[str] = frozenset()  # labels of the parties on record: applicant, respondent, respondent-2
    consents: set[str] = field(default_factory=set)
    suitable: bool | None = None
    mediator: str | None = None
    terms: list[dict] = field(default_factory=list)  # {"due_on": "2026-05-01", "result": None | "full" | "part" | "default"}
    outcome: str | None = None  # how it stands to end
    opened_at: datetime | None = None
    entered_at: datetime | None = None
    steps: int = 0
    deadlines: dict[str, Deadline] = field(default_factory=dict)


class Transition(NamedTuple):
    """One row of history. `step` counts 1, 2, 3 … per dispute; a step that was only noted has `before` and `after` alike."""

    before: str
    after: str
    step: int


@dataclass(slots=True)
class Decision:
    """What follows: the dispute (changed in place), its new transition, the deadlines that changed, and what is to be said, in order."""

    dispute: Dispute | None
    refused: str | None = None
    transition: Transition | None = None
    said: list[tuple[str, dict]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
