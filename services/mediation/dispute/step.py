"""A step that an agency reports, as the rules see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from services.mediation.law.counting import SHANGHAI
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters.roster import Roster

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


def date_of(value: str | date) -> date:
    """Return the date of a fact, which is text in an event and may be a date in a test."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def day_of(instant: datetime) -> date:
    """Return the calendar day of an instant in China."""
    return instant.astimezone(SHANGHAI).date()
