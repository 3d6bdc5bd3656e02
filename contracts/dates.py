"""Years that a date in an event or a file may have. Outside them a clock was wrong, and some time zones cannot even be computed."""

EARLIEST, LATEST = 1990, 2199
