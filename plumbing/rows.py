"""Many rows in one statement: each column travels as one text, which the server takes apart again. Knows types, no table.

On the path of every event this costs half of what the driver's `values` or lists cost, on both sides of the wire.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import chain, islice

import orjson

# Between values, and for null. JSON, tokens and numbers never hold a control character; a text from outside may, so there are others.
MARK, NULL = "\x1f", "\x1e"
OTHER_MARKS = range(0xE000, 0xF8FF)  # for private use: nobody's letters


class Columns:
    """Columns as SQL declares them, and rows of them on their way.

        STEPS = Columns("code text, step int, happened_at timestamptz")
        tx.run(f"update … from {STEPS.rows} where d.code = v.code", STEPS.of([(code, 1, now), …]))

    `names` is the list for `insert into`, `rows` a relation named `v`. A type is one of AS_TEXT; instants and days may be given as
    their text already; anything may be None.
    """

    def __init__(self, declared: str):
        pairs = [tuple(column.split()) for column in declared.split(",")]
        self._names = [name for name, _ in pairs]
        self.names = ", ".join(self._names)
        self._as_text = [AS_TEXT[kind] for _, kind in pairs]
        values = ", ".join(f"convert_to({name}, 'UTF8')" if kind == "utf8" else f"{name}::{kind}" for name, kind in pairs)
        # PostgreSQL makes no value at all of an empty text, where we mean one empty value: hence the first of each, which is left out again.
        texts = ", ".join(["(string_to_array(%s, %s, %s))[2:]"] * len(pairs))
        self.rows = f"(select {values} from unnest({texts}) as w ({self.names})) as v ({self.names})"

    def given(self, *key: str) -> str:
        """For `on conflict (key) do update set`: every other column as it was given."""
        others = [name for name in self._names if name not in key]
        return f"({', '.join(others)}) = ({', '.join(f'excluded.{name}' for name in others)})"

    def of(self, rows: Sequence[Sequence]) -> list[str]:
        """The parameters for these rows."""
        if not rows:
            return ["", MARK, NULL] * len(self._as_text)
        return [part for as_text, column in zip(self._as_text, zip(*rows, strict=True), strict=True) for part in _joined(column, as_text)]


def _joined(column, as_text):
    """One text for all values, what separates them in it, and what stands for null."""
    nulls = column.count(None)
    if as_text is not None:
        column = list(map(as_text, column)) if not nulls else [None if value is None else as_text(value) for value in column]
    for mark, null in chain([(MARK, NULL)], _other_marks(column)):
        text = mark + mark.join(column if not nulls else [null if value is None else value for value in column])
        if text.count(mark) == len(column) and text.count(null) == nulls:
            return text, mark, null
    raise ValueError("no mark is left to separate these values")


def _other_marks(column):
    taken = set().union(*(value for value in column if value is not None))
    free = (chr(number) for number in OTHER_MARKS if chr(number) not in taken)
    yield tuple(islice(free, 2))


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _instant(value: datetime | date | str) -> str:
    return value if type(value) is str else value.isoformat()


def _bytes(value: bytes) -> str:
    return "\\x" + bytes(value).hex()


def _utf8(value: bytes) -> str:
    return bytes(value).decode()


def _json(value) -> str:
    return orjson.dumps(value).decode()


def _texts(values: Sequence[str]) -> str:
    return "{" + ",".join(['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]) + "}"


# fmt: off
AS_TEXT: dict[str, Callable | None] = {
    "text":        None,
    "smallint":    str,
    "int":         str,
    "bigint":      str,
    "boolean":     _flag,
    "date":        _instant,
    "timestamptz": _instant,
    "bytea":       _bytes,
    "utf8":        _utf8,      # of a bytea column: bytes that are text travel in half the space
    "jsonb":       _json,
    "text[]":      _texts,
}
# fmt: on
