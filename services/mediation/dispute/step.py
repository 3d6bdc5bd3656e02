"""Data structure of a reported step, as guards and effects read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters.roster import Roster

NOTED = "noted"  # target in a transition table: the step is legal and recorded, but the state does not change and no clock restarts
Guard = Callable[..., bool]  # function of (dispute, step) that returns whether the step is allowed


@dataclass(slots=True)
class Step:
    """One reported step: its type, the reporting agency, the time at which it happened, and its facts.

    `policy` contains the calendar and the periods by which the deadlines of the dispute are computed; guards about time use the same.
    """

    step_type: str
    agency: str
    happened_at: datetime
    facts: dict
    policy: DeadlinePolicy
    roster: Roster | None = None  # rosters of mediators at the time of the decision; None: mediators are not checked against rosters
