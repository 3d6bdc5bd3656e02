"""Settings by which deadlines are computed: the calendar, the rules with the county's changes, and the waiting time for late reports."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.mediation.law.county_periods import CountyPeriods
from services.mediation.law.holidays import CHINA, Holidays


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """Calendar, rules and waiting time.

    `patience`: a deadline that was already past when it was set is checked only after this time, because a bulk import may bring the step that met it later.
    """

    holidays: Holidays = CHINA
    county: CountyPeriods = field(default_factory=CountyPeriods)
    patience: timedelta = timedelta(minutes=10)

    def reminders(self, clock) -> tuple[timedelta, ...]:
        """Return the lead times of reminders for a clock of disputes or of the safeguard lane: the county's own, else the usual ones."""
        return self.county.remind.get(clock.name, clock.remind)


USUAL_POLICY = DeadlinePolicy()
