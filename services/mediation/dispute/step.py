"""A step that an agency reports, as the rules see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters.roster import Roster

NOTED = "noted"  # in a table of transitions: the step is legal and on record; the state stays, and no clock starts anew
Guard = Callable[..., bool]  # (dispute, step) -> whether the step may go ahead


@dataclass(slots=True)
class Step:
    """What an agency says that it did: the type of step, who reports it, when it happened, and its facts.

    `policy` is the one by which this dispute's deadlines are computed: a guard about time asks the same calendar and periods.
    """

    word: str
    agency: str
    happened: datetime
    facts: dict
    policy: DeadlinePolicy
    roster: Roster | None = None  # as it is known when the step is decided
