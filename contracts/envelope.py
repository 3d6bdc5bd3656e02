"""Limits of the envelope of an agency's event. Intake refuses events that exceed them; the agency kit checks the same limits from a generated copy."""

import re

MAX_BYTES = 256 * 1024  # of the body
MAX_DEPTH = 32  # nested objects and arrays of the body; the outermost is 1
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of `time`
FUTURE_SECONDS = 300  # tolerance for an agency's clock that is ahead

# These values are copied into receipts, logs and URLs: they are short and contain neither blanks nor control characters.
ID = re.compile(r"[A-Za-z0-9._:/@+=~#-]{1,128}", re.ASCII)
TYPE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
SUBJECT = re.compile(r"[\w.\-/#〔〕()（）]{1,64}")


def limits() -> dict:
    """Return the limits as JSON values. Patterns must match the whole value; `\\w` includes Unicode letters and digits."""
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
