"""Bulk parameters for SQL: many rows in one statement. Each column is sent as one delimited string, which PostgreSQL splits.

For the statements that run for every event this costs half of what the driver's `values` lists or arrays cost, for client and server.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import chain, islice

import orjson

# Default separator of values, and marker of null. JSON, tokens and numbers contain no control characters; free text may, then other characters are used.
SEPARATOR, NULL = "\x1f", "\x1e"
OTHER_MARKS = range(0xE000, 0xF8FF)  # Unicode's private use area: no assigned characters


class Columns:
    """Column definitions in SQL syntax, and the parameters for rows of them.

        STEPS = Columns("code text, step int, happened_at timestamptz")
        tx.run(f"update … from {STEPS.rows} where d.code = v.code", STEPS.parameters([(code, 1, now), …]))

    `names` is the column list for `insert into`; `rows` is a relation named `v` for `from`. Types are those of AS_TEXT. A timestamp or date
    may also be passed as its text. Any value may be None.
    """

    def __init__(self, definitions: str):
        pairs = [tuple(column.split()) for column in definitions.split(",")]
        self._names = [name for name, _ in pairs]
        self.names = ", ".join(self._names)
        self._as_text = [AS_TEXT[type] for _, type in pairs]
        values = ", ".join(f"convert_to({name}, 'UTF8')" if type == "utf8" else f"{name}::{type}" for name, type in pairs)
        # string_to_array makes no element of an empty string, although one empty value is meant. So every string begins with a separator,
        # and the first element is cut off.
        arrays = ", ".join(["(string_to_array(%s, %s, %s))[2:]"] * len(pairs))
        self.rows = f"(select {values} from unnest({arrays}) as w ({self.names})) as v ({self.names})"

    def assign_excluded(self, *key: str) -> str:
        """Return the assignments for `on conflict (key) do update set` that overwrite every column outside `key`."""
        others = [name for name in self._names if name not in key]
        return f"({', '.join(others)}) = ({', '.join(f'excluded.{name}' for name in others)})"

    def parameters(self, rows: Sequence[Sequence]) -> list[str]:
        """Return the statement parameters for these rows."""
        if not rows:
            return ["", SEPARATOR, NULL] * len(self._as_text)
        return [part for as_text, column in zip(self._as_text, zip(*rows, strict=True), strict=True) for part in _join_column(column, as_text)]


def _join_column(column, as_text):
    """Join the values into one string. Return it with the separator and the null marker used; neither occurs in a value."""
    null_count = column.count(None)
    if as_text is not None:
        column = list(map(as_text, column)) if not null_count else [None if value is None else as_text(value) for value in column]
    for separator, null in chain([(SEPARATOR, NULL)], _unused_marks(column)):
        text = separator + separator.join(column if not null_count else [null if value is None else value for value in column])
        if text.count(separator) == len(column) and text.count(null) == null_count:
            return text, separator, null
    raise ValueError("no unused character is left to separate these values")


def _unused_marks(column):
    """Yield one pair of characters that do not occur in the values."""
    used = set().union(*(value for value in column if value is not None))
    unused = (chr(number) for number in OTHER_MARKS if chr(number) not in used)
    yield tuple(islice(unused, 2))


def _format_boolean(value: bool) -> str:
    return "t" if value else "f"


def _format_time(value: datetime | date | str) -> str:
    return value if type(value) is str else value.isoformat()


def _format_bytes(value: bytes) -> str:
    return "\\x" + bytes(value).hex()


def _decode_utf8(value: bytes) -> str:
    return bytes(value).decode()


def _format_json(value) -> str:
    return orjson.dumps(value).decode()


def _format_text_array(values: Sequence[str]) -> str:
    return "{" + ",".join(['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]) + "}"


# fmt: off
AS_TEXT: dict[str, Callable | None] = {
    "text":        None,
    "smallint":    str,
    "int":         str,
    "bigint":      str,
    "boolean":     _format_boolean,
    "date":        _format_time,
    "timestamptz": _format_time,
    "bytea":       _format_bytes,
    "utf8":        _decode_utf8,      # a bytea column whose values are UTF-8 text: half the size of the hexadecimal form
    "jsonb":       _format_json,
    "text[]":      _format_text_array,
}
# fmt: on
