"""Settings of the computation of deadlines: calendar, rules with the county's changes, and waiting time for steps reported late."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Length
from services.mediation.law.county_periods import CountyPeriods
from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays
from services.mediation.law.reminders import may_remind_at, reminder_times


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """Settings of the computation of deadlines: calendar, rules of the county, and waiting time.

    `patience`: a deadline that is already past when it is set is checked only after this time, because the step that met it may follow in a bulk import.
    """

    holidays: Holidays = CHINESE_CALENDAR
    county: CountyPeriods = field(default_factory=CountyPeriods)
    patience: timedelta = timedelta(minutes=10)

    @property
    def basis(self) -> dict[str, str]:
        """Return a fingerprint of the calendar and one of the rules, by the reason for which deadlines are recomputed when it changes."""
        return {"calendar": self.holidays.fingerprint, "county_period": self.county.fingerprint}

    def reminder_times(self, clock, due_at: datetime, started_at: datetime, length: Length) -> list[datetime]:
        """Return the times of the reminders of this deadline, by the lead times that the county set for the clock, else by those of the clock."""
        return reminder_times(due_at, self.county.remind.get(clock.name, clock.remind), length, started_at, self.county.office_hours, self.holidays)

    def may_remind_at(self, instant: datetime, length: Length) -> bool:
        """Return whether a reminder may be sent at this time: in office hours, or at any time if the period is short."""
        return may_remind_at(instant, length, self.county.office_hours, self.holidays)

    def next_office_moment(self, instant: datetime) -> datetime:
        """Return the instant if it is within office hours, else the next opening."""
        return self.county.office_hours.next_moment(instant, self.holidays)

    def end_of_grace(self, instant: datetime) -> datetime:
        """Return the end of the grace period that begins at `instant`: a working day after its day, at the time of the county."""
        day = self.holidays.working_day_after(instant.astimezone(SHANGHAI).toordinal(), self.county.grace.working_days)
        return datetime.combine(date.fromordinal(day), self.county.grace.until, SHANGHAI)


USUAL_POLICY = DeadlinePolicy()
