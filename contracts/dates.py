"""Range of years accepted in events and files, and the time zone in which days are counted."""

from datetime import timedelta, timezone

# Years outside this range result from wrong system clocks. At the ends of Python's range, times cannot be converted between time zones.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2199
# A fixed offset suffices, because China has had no summer time since 1991 and no dispute is older.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
