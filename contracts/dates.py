"""Dates that events and files may have, and the time in which days are counted."""

from datetime import timedelta, timezone

# Outside these years a clock was wrong, and some time zones cannot even be computed.
EARLIEST, LATEST = 1990, 2199
# Without summer time since 1991, and no dispute here is older.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
