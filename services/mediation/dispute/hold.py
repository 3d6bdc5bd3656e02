"""The second, smaller life of a dispute beside the first: the safeguard hold, and the stay that looks like it from outside. Tables and guards. Pure.

While it is held the first life stands still. Only the police and the court move it (guard G7); everybody else hears what is said of any dispute
that is stayed, and nothing says why. Basis: 反家庭暴力法 13-16, 23-32; that the hold beats every other rule is this house's own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.safeguard import moves_it
from services.mediation.dispute.guards import MOVES_NOTHING, reported_before
from services.mediation.dispute.step import NOTED
from services.mediation.law.counting import Length
from services.mediation.law.periods import LAW

TAKE_BACK = ("report.withdrawn", "report.corrected")

# fmt: off
HOLD = {
    # while it is       and this happens                it becomes
    "free":           { "risk.flagged":                 "safeguard_hold",
                        "dv.warning_issued":            "safeguard_hold",
                        "protection_order.applied":     "safeguard_hold",
                        "protection_order.accepted":    "safeguard_hold",
                        "protection_order.issued":      "safeguard_hold",
                        "protection_order.refused":     "safeguard_hold" },
    "safeguard_hold": { "risk.flagged":                 NOTED,
                        "dv.warning_issued":            NOTED,
                        "protection_order.applied":     NOTED,
                        "protection_order.accepted":    NOTED,
                        "protection_order.issued":      NOTED,
                        "protection_order.refused":     NOTED,
                        "hold.released":                "free" },           # by police or court; an agency's right to say it is asked at the door
}
STAY = {                                               # one for each agency that stayed it
    "free":           { "dispute.stayed":               "stayed" },
    "stayed":         { "dispute.stayed":               NOTED,
                        "stay.lifted":                  "free" },
}


@dataclass(frozen=True, slots=True)
class LaneClock:
    """A clock of the lane, by the name under which law/periods.py has its length and article. The court owes it and its decision meets it."""

    name: str
    met_by: tuple[str, ...]
    remind: tuple[timedelta, ...]                      # how long before its end the court is reminded, once for each; a county may set others

    @property
    def length(self) -> Length:
        return LAW[self.name][0].length

    @property
    def article(self) -> str:
        return LAW[self.name][0].article


CLOCKS = {clock.name: clock for clock in (             # all of them LAW; hours are not moved off rest days, and run from the next full hour
    LaneClock("protection_order",        ("protection_order.issued", "protection_order.refused"), (timedelta(hours=24),)),
    LaneClock("protection_order_urgent", ("protection_order.issued", "protection_order.refused"), (timedelta(hours=6),)),
    # A right of the parties: nobody is reminded of it, and when it has lapsed nobody is late.
    LaneClock("protection_order_review", (),                                                      ()),
)}
PUT_OFF = timedelta(days=30)                           # by which an ordinary policy deadline moves when it comes near while the dispute stands still
PASSES_AS_EVER = ("LAW",)                              # the law's own dates are not ours to stop, and one that went by unmarked would tell
# fmt: on


@dataclass(slots=True)
class Running:
    """A clock of the lane at work. `next_check_at` is when time has to look at it next; None: never again."""

    clock: str
    started_at: datetime
    due_at: datetime
    next_check_at: datetime | None
    state: str = "open"  # open, passed, met


@dataclass(slots=True)
class Hold:
    """What holds a dispute. `reported_in_lane`: it was reported into the lane, and the ordinary voice has not named it yet."""

    cause: str | None = None  # of the safeguard hold; None: there is none
    stays: list[str] = field(default_factory=list)  # the agencies that stayed it
    reported_in_lane: bool = False
    opened_by: list[list[str]] = field(default_factory=list)  # [source, id] of the agencies' events that opened it
    pending_events: list[list] = field(default_factory=list)  # [word, data]: what the ordinary voice will say when it is over
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def active_holds(self) -> list[str]:
        """What holds it: `hold`, `stay`."""
        return [which for which, there in (("hold", self.cause), ("stay", self.stays)) if there]


def is_held(dispute) -> bool:
    return dispute is not None and dispute.hold is not None and bool(dispute.hold.active_holds)


def stands_still(dispute, step, event: dict) -> bool:
    """Whether a step that would be legal has no effect because the dispute is held or stayed.

    Not for police and court; not for what moves nothing, such as another report of the dispute; and not for the very step that carried the flag.
    """
    return is_held(dispute) and not moves_nothing(dispute, step) and not moves_it(step.agency) and [event["source"], event["id"]] not in dispute.hold.opened_by


def moves_nothing(dispute, step) -> bool:
    """Whether the step leaves the dispute where it is: one of MOVES_NOTHING, or the withdrawal or correction of one, or of such a withdrawal.

    An agency that could report something of a held dispute and could not take it back would learn that the dispute is held.
    """
    if step.word not in TAKE_BACK:
        return step.word in MOVES_NOTHING
    steps, earlier = {taken.step: taken for taken in dispute.taken}, reported_before(dispute, step)
    while earlier is not None and earlier.word in TAKE_BACK:
        earlier = steps.get(earlier.undoes)
    return earlier is not None and earlier.word in MOVES_NOTHING
