"""Safeguard hold and stay of a dispute: transition tables, data and conditions. Pure computation.

While a dispute is held or stayed, steps that would change it are refused; only the police and the court may change a held dispute (principle G7).
An agency receives the same refusal for a hold and for a stay, so that it cannot infer a hold from the refusal.
The safeguard lane consists of events that only police, courts and the women's federation see.
Source: 反家庭暴力法 13-16, 23-32. The rule that a hold overrides every other rule is a decision of this project.
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
# Transitions of the safeguard hold. A row says: in this state, an event of this type leads to this state.
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
                        "hold.released":                "free" },           # reported by the police or a court, which the intake service checks
}
# Transitions of a stay. Each agency that stays the dispute has a stay with its own state.
STAY_TRANSITIONS = {
    "free":           { "dispute.stayed":               "stayed" },
    "stayed":         { "dispute.stayed":               NOTED,
                        "stay.lifted":                  "free" },
}


@dataclass(frozen=True, slots=True)
class SafeguardLaneClock:
    """Clock of the safeguard lane: the rule of a deadline for the court, which the court's decision meets.

    Its length and article are in law/periods.py under the same name.
    """

    name: str
    met_by: tuple[str, ...]
    remind: tuple[str, ...]                            # lead times of the reminders to the court; a county may set others

    @property
    def length(self) -> Length:
        return DEFAULT_RULES[self.name][0].length

    @property
    def article(self) -> str:
        return DEFAULT_RULES[self.name][0].article


# All clocks of the safeguard lane are of kind LAW. Periods in hours begin at the next full hour; rest days do not move their end.
# A row says: clock, steps that meet its deadline, lead times of the reminders to the court.
SAFEGUARD_LANE_CLOCKS = {clock.name: clock for clock in (
    SafeguardLaneClock("protection_order",        ("protection_order.issued", "protection_order.refused"), ("24h",)),
    SafeguardLaneClock("protection_order_urgent", ("protection_order.issued", "protection_order.refused"), ("6h",)),
    # The review is a right of the parties, so no agency is reminded or overdue.
    SafeguardLaneClock("protection_order_review", (),                                                      ()),
)}
POSTPONEMENT = timedelta(days=30)                           # each time a policy deadline of a held or stayed dispute comes near, it is moved by this time
# Statutory deadlines are not postponed during a hold: the law does not allow it, and missing deadline events would reveal the hold.
KINDS_NOT_POSTPONED = ("LAW",)
# fmt: on


@dataclass(slots=True)
class RunningSafeguardLaneClock:
    """Deadline of one dispute in the safeguard lane. `next_check_at` is the time of the next check; None: no further check."""

    clock: str
    started_at: datetime
    due_at: datetime
    next_check_at: datetime | None
    state: str = "open"  # state of the deadline: open, passed or met


@dataclass(slots=True)
class Hold:
    """Safeguard hold and stays of a dispute.

    `reported_in_lane`: the dispute was reported on the sealed stream and has not been published on the ordinary stream yet.
    """

    cause: str | None = None  # why the safeguard hold was opened; None: no hold is active
    stays: list[str] = field(default_factory=list)  # codes of the agencies that stayed the dispute
    reported_in_lane: bool = False
    opened_by: list[list[str]] = field(default_factory=list)  # [source, id] of each agency event that opened the hold
    pending_events: list[list] = field(default_factory=list)  # [event type, data] of events that are published on the ordinary stream after the hold has ended
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    running: dict[str, RunningSafeguardLaneClock] = field(default_factory=dict)

    @property
    def active_holds(self) -> list[str]:
        """List with `hold` if the safeguard hold is active and `stay` if a stay is active."""
        return [name for name, active in (("hold", self.cause), ("stay", self.stays)) if active]


def is_held(dispute) -> bool:
    """Return whether a safeguard hold or a stay is active."""
    return dispute is not None and dispute.hold is not None and bool(dispute.hold.active_holds)


def is_blocked_by_hold(dispute, step, event: dict) -> bool:
    """Return whether a legal step has to be refused because the dispute is held or stayed. `event` contains source and id of the agency's event.

    Not refused: steps of the police and the court, steps that change no state (ALWAYS_REPORTABLE), and the step whose risk flag opened the hold.
    """
    return (
        is_held(dispute)
        and not is_always_reportable(dispute, step)
        and not may_act_under_hold(step.agency)
        and [event["source"], event["id"]] not in dispute.hold.opened_by
    )


def is_always_reportable(dispute, step) -> bool:
    """Return whether the step is of a type in ALWAYS_REPORTABLE, or withdraws or corrects such a step, directly or through earlier withdrawals.

    If an agency could report such a step about a held dispute but not withdraw it, the refusal would reveal the hold.
    """
    if step.step_type not in CORRECTING_STEPS:
        return step.step_type in ALWAYS_REPORTABLE
    steps, earlier = {applied.step: applied for applied in dispute.applied_steps}, find_step_to_undo(dispute, step)
    while earlier is not None and earlier.step_type in CORRECTING_STEPS:
        earlier = steps.get(earlier.undoes)
    return earlier is not None and earlier.step_type in ALWAYS_REPORTABLE
