"""Limits of the CloudEvents envelope of an agency's event.

The intake service refuses events that exceed them. The agency client library (kit) checks the same limits, from a generated copy.
"""

import re

MAX_BYTES = 256 * 1024  # size of the message body
MAX_DEPTH = 32  # nesting depth of objects and arrays in the message body; the outermost object has depth 1
FIRST_YEAR, LAST_YEAR = 2000, 2100  # accepted years of the attribute `time`
MAX_FUTURE_SECONDS = 300  # how far `time` may be in the future, because an agency's system clock may be ahead

# Patterns of the attributes `id`, `type` and `subject`. They are short and contain neither blanks nor control characters, because they are copied into
# receipts, logs and URLs.
ID_PATTERN = re.compile(r"[A-Za-z0-9._:/@+=~#-]{1,128}", re.ASCII)
TYPE_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
SUBJECT_PATTERN = re.compile(r"[\w.\-/#〔〕()（）]{1,64}")


def envelope_limits() -> dict:
    """Return the limits of the envelope as JSON values. A pattern must match the whole attribute; `\\w` includes Unicode letters and digits."""
    return {
        "id": ID_PATTERN.pattern,
        "type": TYPE_PATTERN.pattern,
        "subject": SUBJECT_PATTERN.pattern,
        "max_bytes": MAX_BYTES,
        "max_depth": MAX_DEPTH,
        "first_year": FIRST_YEAR,
        "last_year": LAST_YEAR,
        "future_seconds": MAX_FUTURE_SECONDS,
    }
