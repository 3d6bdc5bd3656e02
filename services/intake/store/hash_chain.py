"""SQL of a hash chain: a table in which each row's hash covers the previous row, and a table with one row, the head (number and hash of the last row).

Uses the caller's transaction.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg2

PAGE_ROWS = 5000  # number of rows read at a time


@dataclass(slots=True)
class Verification:
    """The result of verifying a hash chain: the number of rows read, and the number (`seq`) of each row at which the chain is broken."""

    rows: int = 0
    broken: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HashChain:
    """The hash chain of the table `table`. Number and hash of its last row are in the table `<table>_head`.

    `columns` are the columns covered by the hash, `seq` first; `encode` converts the values of these columns to bytes.
    """

    table: str
    columns: str
    encode: Callable[[tuple], bytes]
    skips_sql: str | None = None  # query whether numbers between the last row (%s) and the head (%s) were skipped; None: none ever are

    def lock_head(self, tx) -> tuple[int, bytes]:
        """Lock the head. Return number and hash of the last row. Every transaction that appends rows must hold this lock."""
        seq, head = tx.rows(f"select seq, hash from {self.table}_head for update")[0]
        return seq, bytes(head)

    def hash_entry(self, previous_hash: bytes, entry: tuple) -> bytes:
        """Return the hash of a row with the values `entry` that follows a row with the hash `previous_hash`."""
        return hashlib.sha256(previous_hash + self.encode(entry)).digest()

    def move_head(self, tx, seq: int, head: bytes) -> None:
        """Save number and hash of the last appended row as the new head."""
        tx.write(f"update {self.table}_head set seq = %s, hash = %s", (seq, psycopg2.Binary(head)))

    def verify(self, tx, page: int = PAGE_ROWS) -> Verification:
        """Verify that no row has changed since it was written. Rows appended during the verification are not read.

        The hash of a row covers the row before it, so a deleted row is a break. A gap in the numbers alone is none: a recovery skips numbers. A row with a number above the head's counts as a break. After a broken row, verification continues with the hash stored in that row.
        """
        last, head, newest = tx.rows(f"select seq, hash, (select max(seq) from {self.table}) from {self.table}_head")[0]
        found, previous_hash, number = Verification(), bytes(32), 0
        sql = f"select {self.columns}, hash from {self.table} where seq > %s and seq <= %s order by seq limit %s"
        while rows := tx.rows(sql, (number, last, page)):
            for *entry, stored_hash in rows:
                number, stored_hash = entry[0], bytes(stored_hash)
                if self.hash_entry(previous_hash, tuple(entry)) != stored_hash:
                    found.broken.append(number)
                previous_hash = stored_hash
            found.rows += len(rows)
        if not found.broken and (previous_hash != bytes(head) or not (number == last or self._are_skipped(tx, number, last))):
            found.broken.append(last)
        if (newest or 0) > last:
            found.broken.append(last + 1)
        return found

    def _are_skipped(self, tx, number, last) -> bool:
        return self.skips_sql is not None and bool(tx.rows(self.skips_sql, (number, last)))
