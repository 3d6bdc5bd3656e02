"""Checks a table whose rows each carry a hash over the row before, page by page. Knows no table and no SQL."""

from collections.abc import Callable
from dataclasses import dataclass, field

PAGE = 5000  # rows in memory at a time


@dataclass(slots=True)
class Checked:
    """How many rows were read, and the numbers of those at which the chain does not hold."""

    rows: int = 0
    broken: list[int] = field(default_factory=list)


def walk(page_after: Callable[[int], list[tuple]], chain: Callable[[bytes, tuple], bytes], last: int, head: bytes, newest: int | None) -> Checked:
    """Rows come as (number, …, stored hash), numbered from 1 without a gap, in order; `page_after(n)` gives some with a number above n, none at the end.

    `last` and `head` are the number and the hash that the table's head names, `newest` the highest number there is (None: no row). After a row that does not hold the walk goes on from the hash stored in it.
    """
    checked, before, number = Checked(), bytes(32), 0
    while page := page_after(number):
        for *entry, stored in page:
            is_next, number, stored = entry[0] == number + 1, entry[0], bytes(stored)
            if not is_next or chain(before, tuple(entry)) != stored:
                checked.broken.append(number)
            before = stored
        checked.rows += len(page)
    if not checked.broken and (number, before) != (last, head):
        checked.broken.append(last)
    if (newest or 0) > last:
        checked.broken.append(last + 1)
    return checked
