"""Bulk parameters for SQL: many rows in one statement. Each column is sent as one delimited string, which PostgreSQL splits.

For the statements that run for every event, this takes half the CPU time of the driver's `values` lists or arrays, on client and server.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import chain, islice

import orjson

# Default separator of values, and marker of null. JSON, codes and numbers contain no control characters; if a free text does, others are used.
SEPARATOR, NULL_MARKER = "\x1f", "\x1e"
ALTERNATIVE_SEPARATORS = range(0xE000, 0xF8FF)  # code points of Unicode's private use area, which contains no assigned characters


class Columns:
    """Column definitions in SQL syntax; makes the parameters for rows with these columns.

        STEPS = Columns("code text, step int, happened_at timestamptz")
        tx.run(f"update … from {STEPS.rows} where d.code = v.code", STEPS.parameters([(code, 1, now), …]))

    `names` is the column list for `insert into`; `rows` is a relation named `v` for `from`. The keys of TEXT_FORMATTERS are the allowed types.
    A timestamp or date may also be passed as text in ISO format. Any value may be None.
    """

    def __init__(self, definitions: str):
        pairs = [tuple(column.split()) for column in definitions.split(",")]
        self._names = [name for name, _ in pairs]
        self.names = ", ".join(self._names)
        self._formatters = [TEXT_FORMATTERS[type] for _, type in pairs]
        values = ", ".join(f"convert_to({name}, 'UTF8')" if type == "utf8" else f"{name}::{type}" for name, type in pairs)
        # string_to_array returns no element for an empty string, although one empty value is meant. Therefore every string begins with a separator,
        # and the first element is cut off.
        arrays = ", ".join(["(string_to_array(%s, %s, %s))[2:]"] * len(pairs))
        self.rows = f"(select {values} from unnest({arrays}) as w ({self.names})) as v ({self.names})"

    def assign_excluded(self, *key: str) -> str:
        """Return the assignments for `on conflict (key) do update set` that overwrite every column outside `key`."""
        others = [name for name in self._names if name not in key]
        return f"({', '.join(others)}) = ({', '.join(f'excluded.{name}' for name in others)})"

    def parameters(self, rows: Sequence[Sequence]) -> list[str]:
        """Return the SQL parameters for these rows: three per column (joined values, separator, null marker)."""
        if not rows:
            return ["", SEPARATOR, NULL_MARKER] * len(self._formatters)
        return [part for formatter, column in zip(self._formatters, zip(*rows, strict=True), strict=True) for part in _join_column(column, formatter)]


def _join_column(column, formatter):
    """Join the values of a column into one string. Return the string, its separator and its null marker; the two marks occur in no value."""
    null_count = column.count(None)
    if formatter is not None:
        column = list(map(formatter, column)) if not null_count else [None if value is None else formatter(value) for value in column]
    for separator, null in chain([(SEPARATOR, NULL_MARKER)], _unused_characters(column)):
        text = separator + separator.join(column if not null_count else [null if value is None else value for value in column])
        if text.count(separator) == len(column) and text.count(null) == null_count:
            return text, separator, null
    raise ValueError("no unused character is left to separate these values")


def _unused_characters(column):
    """Yield one pair of characters (separator, null marker) that do not occur in the values."""
    used = set().union(*(value for value in column if value is not None))
    unused = (chr(number) for number in ALTERNATIVE_SEPARATORS if chr(number) not in used)
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


# SQL type → function that returns the text form of a value of the column. None: the value is already text.
# fmt: off
TEXT_FORMATTERS: dict[str, Callable | None] = {
    "text":        None,
    "smallint":    str,
    "int":         str,
    "bigint":      str,
    "boolean":     _format_boolean,
    "date":        _format_time,
    "timestamptz": _format_time,
    "bytea":       _format_bytes,
    "utf8":        _decode_utf8,      # for bytea columns whose values are UTF-8 text: half the size of the hexadecimal form
    "jsonb":       _format_json,
    "text[]":      _format_text_array,
}
# fmt: on
