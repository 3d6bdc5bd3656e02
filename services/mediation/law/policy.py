"""How deadlines are computed here: the calendar, the law with this county's own rows, and how long late reports are waited for."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.mediation.law.county_periods import County
from services.mediation.law.holidays import CHINA, Holidays


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """`patience`: history arrives in bulk, so a deadline set in the past is only looked at when the step that met it has had time to arrive."""

    holidays: Holidays = CHINA
    county: County = field(default_factory=County)
    patience: timedelta = timedelta(minutes=10)

    def reminders(self, clock) -> tuple[timedelta, ...]:
        """Return the lead times of a clock of disputes or of the safeguard lane: the county's if it sets some, else the usual ones."""
        return self.county.remind.get(clock.name, clock.remind)


USUAL_POLICY = DeadlinePolicy()
