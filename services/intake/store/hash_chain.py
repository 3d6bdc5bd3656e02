"""A table whose rows each carry a hash over the row before, and a table of one row that names the last. SQL; given a transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg2

PAGE = 5000  # rows in memory at a time


@dataclass(slots=True)
class Verified:
    """How many rows were read, and the numbers of those at which the chain does not hold."""

    rows: int = 0
    broken: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HashChain:
    """The chain of `table`; its head is in `<table>_head`. `columns` are those that the hash covers, `seq` first; `encode` makes bytes of their values."""

    table: str
    columns: str
    encode: Callable[[tuple], bytes]

    def lock_head(self, tx) -> tuple[int, bytes]:
        """The last row's number and hash. Whoever appends holds this lock."""
        seq, head = tx.rows(f"select seq, hash from {self.table}_head for update")[0]
        return seq, bytes(head)

    def link(self, before: bytes, entry: tuple) -> bytes:
        """The hash of an entry that follows one with the hash `before`."""
        return hashlib.sha256(before + self.encode(entry)).digest()

    def move_head(self, tx, seq: int, head: bytes) -> None:
        """Names the row that was appended last."""
        tx.run(f"update {self.table}_head set seq = %s, hash = %s", (seq, psycopg2.Binary(head)))

    def verify(self, tx, page: int = PAGE) -> Verified:
        """Whether the table is as it was written. What is appended meanwhile is left out, unless the head does not know of it.

        After a row that does not hold it goes on from the hash stored in it.
        """
        last, head, newest = tx.rows(f"select seq, hash, (select max(seq) from {self.table}) from {self.table}_head")[0]
        found, before, number = Verified(), bytes(32), 0
        sql = f"select {self.columns}, hash from {self.table} where seq > %s and seq <= %s order by seq limit %s"
        while rows := tx.rows(sql, (number, last, page)):
            for *entry, stored in rows:
                is_next, number, stored = entry[0] == number + 1, entry[0], bytes(stored)
                if not is_next or self.link(before, tuple(entry)) != stored:
                    found.broken.append(number)
                before = stored
            found.rows += len(rows)
        if not found.broken and (number, before) != (last, bytes(head)):
            found.broken.append(last)
        if (newest or 0) > last:
            found.broken.append(last + 1)
        return found
