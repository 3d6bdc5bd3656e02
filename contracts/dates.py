"""Range of years accepted in events and files, and the time zone in which days are counted."""

from datetime import timedelta, timezone

# A year outside this range comes from a wrong clock, and some of them cannot be converted between time zones.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2199
# China has had no summer time since 1991 and no dispute is older, so that a fixed offset suffices.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
