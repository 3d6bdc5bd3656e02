"""A step that an agency reports, in the form that guards and effects read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters.roster import Roster

NOTED = "noted"  # target in a transition table: the step is legal and recorded; the state does not change and no clock restarts
Guard = Callable[..., bool]  # (dispute, step) -> whether the step is allowed


@dataclass(slots=True)
class Step:
    """One reported step: its type, the reporting agency, the time at which it happened, and its facts.

    `policy` is the policy by which the deadlines of this dispute are computed, so that guards about time use the same calendar and periods.
    """

    step_type: str
    agency: str
    happened_at: datetime
    facts: dict
    policy: DeadlinePolicy
    roster: Roster | None = None  # the rosters at the time of the decision; None: not checked
