"""Limits of the envelope of an agency's event. Intake refuses what exceeds them; the agency kit carries a generated copy and refuses the same."""

import re

MAX_BYTES = 256 * 1024  # of the body
MAX_DEPTH = 32  # nested objects and arrays of the body; the outermost is 1
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of `time`
FUTURE_SECONDS = 300  # how far an agency's clock may run ahead

# Short, and without blanks or control characters: they go into receipts, logs and addresses.
ID = re.compile(r"[A-Za-z0-9._:/@+=~#-]{1,128}", re.ASCII)
TYPE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
SUBJECT = re.compile(r"[\w.\-/#〔〕()（）]{1,64}")


def limits() -> dict:
    """The limits as JSON values. The patterns are to be matched against the whole value, with Unicode letters and digits for `\\w`."""
    return {
        "id": ID.pattern,
        "type": TYPE.pattern,
        "subject": SUBJECT.pattern,
        "max_bytes": MAX_BYTES,
        "max_depth": MAX_DEPTH,
        "first_year": FIRST_YEAR,
        "last_year": LAST_YEAR,
        "future_seconds": FUTURE_SECONDS,
    }
