"""Execution of SQL statements on one cursor."""

from plumbing.rows import Columns


class Statements:
    """Executes SQL statements on a cursor. Does not connect or commit."""

    def __init__(self, cursor):
        self._cursor = cursor

    def rows(self, sql: str, params=None) -> list[tuple]:
        """Execute a query and return its rows."""
        self._cursor.execute(sql, params)
        return self._cursor.fetchall()

    def run(self, sql: str, params=None) -> int:
        """Execute a statement and return the number of affected rows."""
        self._cursor.execute(sql, params)
        return self._cursor.rowcount

    def insert(self, table: str, columns: Columns, rows: list[tuple], then: str = "") -> None:
        """Insert the rows with one statement, in the order given. `then` is appended to the statement, for example `on conflict do nothing`."""
        if rows:
            self.run(f"insert into {table} ({columns.names}) select * from {columns.rows} {then}", columns.parameters(rows))
