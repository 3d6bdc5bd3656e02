"""One dispute as its rules see it, and what a decision about it brings. Shapes only; what is told is kept, never changed in place."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.mediation.dispute import escalation
from services.mediation.dispute.agencies import CENTRE, COURT, POLICE
from services.mediation.dispute.hold import Hold

FIRST = "detected"


@dataclass(slots=True)
class Deadline:
    """The instant that a clock sets for one dispute. `next_check_at` is when time has to look at it next."""

    clock: str
    key: str  # the clock, and which one of several: "performance/2"
    kind: str
    started_at: datetime
    due_at: datetime
    owed_by: tuple[str, ...]
    set_at: datetime
    next_check_at: datetime | None = None  # None: never again, or not while it is paused
    state: str = "open"  # open, passed, met, stopped
    provisional: bool = False  # its year's arrangement is not published, or an appraisal goes on
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # from, to; the last may go on
    extensions: list[tuple[datetime, int | str]] = field(default_factory=list)  # consented at; days, or months as "P6M"
    restarted_at: datetime | None = None
    opened_at: datetime | None = None  # when it was ordered, where that day decides whether the law has such a clock
    suspensions: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # of mediation; from, to; the last may go on
    put_off: int = 0  # days that do not count because the dispute stood still

    @property
    def stands_still_since(self) -> datetime | None:
        """When the appraisal or the suspension that goes on began; the later of the two."""
        return max((one[-1][0] for one in (self.pauses, self.suspensions) if one and one[-1][1] is None), default=None)

    @property
    def paused(self) -> bool:
        return self.stands_still_since is not None


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
    consents: frozenset[str] = frozenset()
    suitable: bool | None = None
    mediator: str | None = None
    terms: list[dict] = field(default_factory=list)  # {"due_on": "2026-05-01", "result": None | "full" | "part" | "default"}
    outcome: str | None = None  # how it stands to end
    opened_at: datetime | None = None
    entered_at: datetime | None = None
    steps: int = 0
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    hold: Hold | None = None  # the second life beside this one
    # What only some disputes have; see PARTICULARS.
    track: str = "A"
    cause: str | None = None
    wants: str | None = None
    sent_by: str | None = None  # the agency that routed or entrusted it: a declined referral goes back there
    court: str | None = None  # the court that has the case, or the application for confirmation
    docket: str | None = None  # open, closed: whether the case is on a court's docket
    received_on: str | None = None  # when that court received the claim
    procedure: str | None = None
    mode: str | None = None  # how the court closed its case
    ground: str | None = None  # why mediation ended
    suspected: str | None = None  # why it was suspended
    back_to: str | None = None  # the state that it left for a pause
    extensions: int = 0
    agreement: dict | None = None  # {"effective_on", "form", "confirmable", "about", "by"}
    confirmation: str | None = None  # applied, accepted, granted, refused, withdrawn, lapsed
    objected: bool = False  # whether somebody objected to the court's confirmation
    conflicts: dict[str, bool] = field(default_factory=dict)  # who was named in a disclosure: whether all parties agreed after it
    mediators: tuple[str, ...] = ()  # everybody who mediated here, ever
    mediators_refused: int = 0
    not_again: tuple[str, ...] = ()  # mediators whom a party refused
    # Routing, levels, calls, urging: routing/effects.py, escalation.py.
    village: str | None = None
    standings: tuple[str, ...] = ()  # what the parties are
    flags: tuple[str, ...] = ()  # what calls for special care
    organisation: str | None = None  # of the body: its code on the roster, where the agency speaks for several
    joint: tuple[str, ...] = ()  # agencies that handle it together with the body, which leads
    left_out: dict[str, str] = field(default_factory=dict)  # bodies that are not asked again, and why
    level: str | None = None  # of the four; only where the grid found it
    called: dict[str, str | None] = field(default_factory=dict)  # departments that were called, and what they answered
    urged: str | None = None  # the agency that owes an answer
    urgings: int = 0  # how often time urged it since a person did
    urged_in_all: int = 0  # how often anybody did
    # The steps taken, loaded only where an earlier report is called wrong; grows within a batch.
    taken: list["Taken"] = field(default_factory=list, compare=False, repr=False)


PARTICULARS = (
    "track", "cause", "wants", "sent_by", "court", "docket", "received_on", "procedure", "mode", "ground", "suspected", "back_to", "extensions",
    "agreement", "confirmation", "objected", "conflicts", "mediators", "mediators_refused", "not_again",
    "village", "standings", "flags", "organisation", "joint", "left_out", "level", "called", "urged", "urgings", "urged_in_all",
)  # fmt: skip
TUPLES = ("mediators", "not_again", "standings", "flags", "joint")  # lists in JSON


class Transition(NamedTuple):
    """One row of history. `step` counts 1, 2, 3 … per dispute; a step that was only noted has `before` and `after` alike."""

    before: str
    after: str
    step: int


class Taken(NamedTuple):
    """A step that was taken: who said it under which id, and what of the dispute it changed. `inverse` is empty for a step that changed nothing."""

    step: int
    word: str
    agency: str | None  # None: time
    reported: str | None
    happened: datetime
    inverse: dict
    undoes: int | None = None  # the earlier step that this one takes back


@dataclass(slots=True)
class Decision:
    """What follows: the dispute (changed in place), its new transition, the deadlines that changed, and what is to be said, in order."""

    dispute: Dispute | None
    refused: str | None = None
    transition: Transition | None = None
    taken: Taken | None = None
    said: list[tuple[str, dict]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    # What concerns the safeguard lane: what is said sealed, what the ordinary voice says late ([word, data]), and the hold if it changed.
    sealed: list[tuple[str, dict]] = field(default_factory=list)
    late: list[list] = field(default_factory=list)
    hold: Hold | None = None


def who(dispute: Dispute, roles: tuple[str, ...]) -> tuple[str, ...]:
    """The agencies that have these parts in the dispute now, each once."""
    return tuple(dict.fromkeys([agency for role in roles for agency in _PARTS[role](dispute)]))


# fmt: off
_PARTS = {
    "centre":    lambda dispute: (CENTRE,),
    "body":      lambda dispute: (dispute.body or CENTRE,),
    "sender":    lambda dispute: (dispute.sent_by or CENTRE,),
    "court":     lambda dispute: (dispute.court or COURT,),
    # Who appoints a mediator where the parties do not choose: the court whose case it is, else the body itself (特邀调解规定 12; 在线调解规则 10).
    "appoints":  lambda dispute: (dispute.court or COURT,) if dispute.docket == "open" else (dispute.body or CENTRE,),
    "authority": lambda dispute: (POLICE if dispute.suspected == "suspected_crime" else dispute.court or COURT,),
    "level":     lambda dispute: (escalation.owner(dispute),),
    "called":    escalation.missing,
    "urged":     lambda dispute: (dispute.urged or CENTRE,),
}
# fmt: on
