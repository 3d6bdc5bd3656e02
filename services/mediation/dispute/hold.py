"""Safeguard hold and stay of a dispute: their tables, data and guards. Pure.

While a dispute is held or stayed, steps that would change it have no effect; only the police and the court may change a held dispute (guard G7).
Every other agency receives the same refusal for a hold and for a stay, so that nobody outside can infer a hold.
Basis: 反家庭暴力法 13-16, 23-32; that a hold overrides every other rule is this project's own decision.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.safeguard import may_act_under_hold
from services.mediation.dispute.guards import ALWAYS_REPORTABLE, find_step_to_undo
from services.mediation.dispute.step import NOTED
from services.mediation.law.counting import Length
from services.mediation.law.periods import DEFAULT_RULES

CORRECTING_STEPS = ("report.withdrawn", "report.corrected")

# fmt: off
HOLD_TRANSITIONS = {
    # state             step                            new state
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
                        "hold.released":                "free" },           # by police or court; intake checks which agency may report it
}
STAY_TRANSITIONS = {                                               # one machine for each agency that stays the dispute
    "free":           { "dispute.stayed":               "stayed" },
    "stayed":         { "dispute.stayed":               NOTED,
                        "stay.lifted":                  "free" },
}


@dataclass(frozen=True, slots=True)
class LaneClock:
    """A clock of the safeguard lane. Its length and article are in law/periods.py under the same name. The court owes it; the court's decision meets it."""

    name: str
    met_by: tuple[str, ...]
    remind: tuple[timedelta, ...]                      # times before the end at which the court is reminded; a county may configure others

    @property
    def length(self) -> Length:
        return DEFAULT_RULES[self.name][0].length

    @property
    def article(self) -> str:
        return DEFAULT_RULES[self.name][0].article


LANE_CLOCKS = {clock.name: clock for clock in (             # all of kind LAW; hours run from the next full hour and are not moved by rest days
    LaneClock("protection_order",        ("protection_order.issued", "protection_order.refused"), (timedelta(hours=24),)),
    LaneClock("protection_order_urgent", ("protection_order.issued", "protection_order.refused"), (timedelta(hours=6),)),
    # A right of the parties, so there are no reminders and nobody is overdue.
    LaneClock("protection_order_review", (),                                                      ()),
)}
POSTPONEMENT = timedelta(days=30)                           # by which a policy deadline of a held or stayed dispute is moved, each time it comes near
KINDS_NOT_POSTPONED = ("LAW",)                              # statutory deadlines continue: they may not be moved, and their silence would reveal the hold
# fmt: on


@dataclass(slots=True)
class RunningLaneClock:
    """A running clock of the safeguard lane. `next_check_at` is the time of the next check; None: no further check."""

    clock: str
    started_at: datetime
    due_at: datetime
    next_check_at: datetime | None
    state: str = "open"  # open, passed, met


@dataclass(slots=True)
class Hold:
    """Safeguard hold and stays of a dispute. `reported_in_lane`: reported on the sealed stream and not yet published on the ordinary stream."""

    cause: str | None = None  # of the safeguard hold; None: no hold
    stays: list[str] = field(default_factory=list)  # codes of the agencies that stayed the dispute
    reported_in_lane: bool = False
    opened_by: list[list[str]] = field(default_factory=list)  # [source, id] of the agencies' events that opened the hold
    pending_events: list[list] = field(default_factory=list)  # [event type, data], to be published on the ordinary stream after the hold
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    running: dict[str, RunningLaneClock] = field(default_factory=dict)

    @property
    def active_holds(self) -> list[str]:
        """Names of what is active: `hold`, `stay`."""
        return [name for name, active in (("hold", self.cause), ("stay", self.stays)) if active]


def is_held(dispute) -> bool:
    """Return whether a safeguard hold or a stay is active."""
    return dispute is not None and dispute.hold is not None and bool(dispute.hold.active_holds)


def is_blocked_by_hold(dispute, step, event: dict) -> bool:
    """Return whether a step that would be legal has no effect because the dispute is held or stayed. `event`: source and id of the agency's event.

    Not blocked: steps of the police and the court, steps that change no state (ALWAYS_REPORTABLE), and the step whose risk flag opened the hold.
    """
    return (
        is_held(dispute)
        and not is_always_reportable(dispute, step)
        and not may_act_under_hold(step.agency)
        and [event["source"], event["id"]] not in dispute.hold.opened_by
    )


def is_always_reportable(dispute, step) -> bool:
    """Return whether the step is one of ALWAYS_REPORTABLE, or the withdrawal or correction of such a step, or of such a withdrawal.

    If an agency could report such a step on a held dispute but not withdraw it, the refusal would reveal the hold.
    """
    if step.step_type not in CORRECTING_STEPS:
        return step.step_type in ALWAYS_REPORTABLE
    steps, earlier = {applied.step: applied for applied in dispute.applied_steps}, find_step_to_undo(dispute, step)
    while earlier is not None and earlier.step_type in CORRECTING_STEPS:
        earlier = steps.get(earlier.undoes)
    return earlier is not None and earlier.step_type in ALWAYS_REPORTABLE
