"""Execution of SQL statements on one connection; statements that run often are prepared.

PostgreSQL parses and plans a prepared statement once per connection (PREPARE), and afterwards only executes it (EXECUTE). Without this, a third of the
database's CPU time would be spent on parsing and planning the same statements again.
"""

import re
from dataclasses import dataclass

from plumbing.rows import Columns

PREPARABLE = ("select", "insert", "update", "delete", "with")  # first words of the statements that PostgreSQL can prepare
MAX_STATEMENTS = 200  # prepared statements per connection; more would mean that the text of a statement depends on values
# A statement is planned again after 4, 16, 64, … executions: the first plan was made while the tables were small, perhaps empty.
REPLAN_FACTOR = 4
_PLACEHOLDERS = re.compile(r"%\((\w+)\)s|%s|%%")


class TooManyStatements(Exception):
    """More than MAX_STATEMENTS different statements were prepared on one connection."""


@dataclass(slots=True)
class PreparedStatement:
    """A statement that one connection has prepared. `names`: parameter names in the order of the placeholders; None for a placeholder without a name."""

    name: str
    prepare_sql: str
    execute_sql: str
    names: list[str | None]
    executions: int = 0
    next_plan_at: int = REPLAN_FACTOR


class PreparedStatements:
    """The prepared statements of one connection. They end with the connection, and do not depend on the end of a transaction.

    In SQL the placeholders are those of psycopg2: `%s`, or `%(name)s` for parameters in a dict.
    """

    def __init__(self):
        self._statements: dict[str, PreparedStatement] = {}
        self._prepared_now: set[str] = set()
        self.is_reused = False  # whether this transaction has executed a statement that an earlier transaction prepared

    def begin_transaction(self):
        self.is_reused = False
        self._prepared_now.clear()

    def execute(self, cursor, sql: str, params=None) -> None:
        """Execute a statement; prepare it first if this connection has not executed it yet. Raises psycopg2.Error, TooManyStatements."""
        statement = self._statements.get(sql)
        if statement is None:
            if not sql.lstrip("( \n").startswith(PREPARABLE):
                cursor.execute(sql, params)
                return
            statement = self._prepare(cursor, sql)
        elif sql not in self._prepared_now:
            self.is_reused = True
        if statement.executions == statement.next_plan_at:
            cursor.execute(f"deallocate {statement.name}; {statement.prepare_sql}")
            statement.next_plan_at *= REPLAN_FACTOR
        statement.executions += 1
        if isinstance(params, dict):
            params = [params[name] for name in statement.names]
        cursor.execute(statement.execute_sql, params)

    def _prepare(self, cursor, sql):
        if len(self._statements) >= MAX_STATEMENTS:
            raise TooManyStatements(sql[:60])
        names: list[str | None] = []

        def number_placeholder(found):
            if found[0] == "%%":
                return "%"
            if found[1] is None or found[1] not in names:
                names.append(found[1])
                return f"${len(names)}"
            return f"${names.index(found[1]) + 1}"

        text = _PLACEHOLDERS.sub(number_placeholder, sql)
        name = f"p{len(self._statements)}"
        arguments = f"({', '.join(['%s'] * len(names))})" if names else ""
        statement = PreparedStatement(name, f"prepare {name} as {text}", f"execute {name}{arguments}", names)
        cursor.execute(statement.prepare_sql)
        self._statements[sql] = statement
        self._prepared_now.add(sql)
        return statement


class Statements:
    """Executes SQL statements on a cursor, as prepared statements if `prepared` is given. Does not connect or commit."""

    def __init__(self, cursor, prepared: PreparedStatements | None = None):
        self._cursor = cursor
        self._prepared = prepared

    def rows(self, sql: str, params=None) -> list[tuple]:
        """Execute a query and return its rows."""
        self._execute(sql, params)
        return self._cursor.fetchall()

    def run(self, sql: str, params=None) -> int:
        """Execute a statement and return the number of affected rows."""
        self._execute(sql, params)
        return self._cursor.rowcount

    def insert(self, table: str, columns: Columns, rows: list[tuple], then: str = "") -> None:
        """Insert the rows with one statement, in the order given. `then` is appended to the statement, for example `on conflict do nothing`."""
        if rows:
            self.run(f"insert into {table} ({columns.names}) select * from {columns.rows} {then}", columns.parameters(rows))

    def _execute(self, sql, params):
        if self._prepared is None:
            self._cursor.execute(sql, params)
        else:
            self._prepared.execute(self._cursor, sql, params)
