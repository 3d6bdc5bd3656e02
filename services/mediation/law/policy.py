"""Settings of the computation of deadlines: calendar, rules with the county's changes, and waiting time for steps reported late."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from contracts.dates import SHANGHAI
from services.mediation.law.county_periods import CountyPeriods
from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """Settings of the computation of deadlines: calendar, rules of the county, and waiting time.

    `patience`: a deadline that is already past when it is set is checked only after this time, because the step that met it may follow in a bulk import.
    """

    holidays: Holidays = CHINESE_CALENDAR
    county: CountyPeriods = field(default_factory=CountyPeriods)
    patience: timedelta = timedelta(minutes=10)
    # Grace period: how long a deadline waits for agencies that have not been heard, in working days and until a time of the last of them.
    grace_working_days: int = 1
    grace_until: time = time(10, 0)

    @property
    def basis(self) -> dict[str, str]:
        """Return a fingerprint of the calendar and one of the rules, by the reason for which deadlines are recomputed when it changes."""
        return {"calendar": self.holidays.fingerprint, "county_period": self.county.fingerprint}

    def reminders(self, clock) -> tuple[timedelta, ...]:
        """Return the times before the end at which reminders of this clock are sent: those set by the county, else the default of the clock."""
        return self.county.remind.get(clock.name, clock.remind)

    def end_of_grace(self, instant: datetime) -> datetime:
        """Return the end of the grace period that begins at `instant`: a working day after its day, at the time of the county."""
        day = self.holidays.working_day_after(instant.astimezone(SHANGHAI).toordinal(), self.grace_working_days)
        return datetime.combine(date.fromordinal(day), self.grace_until, SHANGHAI)


USUAL_POLICY = DeadlinePolicy()
