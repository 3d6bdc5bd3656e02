"""SQL statements on one cursor: rows out, many rows in."""

from plumbing.rows import Columns


class Statements:
    """Runs statements on a cursor; neither commits nor connects."""

    def __init__(self, cursor):
        self._cursor = cursor

    def rows(self, sql: str, params=None) -> list[tuple]:
        """The rows that a statement returns."""
        self._cursor.execute(sql, params)
        return self._cursor.fetchall()

    def run(self, sql: str, params=None) -> int:
        """How many rows a statement touched."""
        self._cursor.execute(sql, params)
        return self._cursor.rowcount

    def insert(self, table: str, columns: Columns, rows: list[tuple], then: str = "") -> None:
        """One statement for many rows, in the order given. `then` is what follows: `on conflict …`."""
        if rows:
            self.run(f"insert into {table} ({columns.names}) select * from {columns.rows} {then}", columns.of(rows))
