"""Execution of SQL statements in a transaction. In the services, statements are prepared and sent in groups.

PostgreSQL parses and plans a prepared statement once per connection (PREPARE), and afterwards only executes it (EXECUTE). Without this, a third of the
database's CPU time would be spent on parsing and planning the same statements again. Statements whose result nobody needs are not sent at once: they
are sent together with the next statement that has a result, or with the COMMIT. Each message to the server costs both sides as much as a small statement.
"""

import re
from dataclasses import dataclass

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from plumbing.rows import Columns

PREPARABLE = ("select", "insert", "update", "delete", "with")  # first words of the statements that PostgreSQL can prepare
MAX_STATEMENTS = 200  # prepared statements per connection; more would mean that the text of a statement depends on values
MAX_QUEUED_BYTES = 4 * 2**20  # queued statements are sent when they are longer than this
# A statement is planned again after 4, 16, 64, … executions: the first plan was made while the tables were small, perhaps empty.
REPLAN_FACTOR = 4
_PLACEHOLDERS = re.compile(r"%\((\w+)\)s|%s|%%")


class TooManyStatements(Exception):
    """More than MAX_STATEMENTS different statements were prepared on one connection."""


@dataclass(slots=True)
class PreparedStatement:
    """A statement that one connection has prepared. `names`: parameter names in the order of the placeholders; None for a placeholder without a name."""

    name: str
    query: str
    execute_sql: str
    names: list[str | None]
    executions: int = 0
    next_plan_at: int = REPLAN_FACTOR


class StatementPipeline:
    """Prepares, groups and sends the statements of one connection, which is in autocommit mode: the pipeline itself sends BEGIN, COMMIT and ROLLBACK.

    Prepared statements end with the connection, and do not depend on the end of a transaction. In SQL the placeholders are those of psycopg2: `%s`, or
    `%(name)s` for parameters in a dict. Every method that sends statements raises psycopg2.Error, also for an error in a statement queued earlier.
    """

    def __init__(self, cursor):
        self._cursor = cursor
        self._queue: list[bytes] = []  # statements to send before the next statement that has a result
        self._queued_bytes = 0
        self._statements: dict[str, PreparedStatement] = {}
        self._prepared_now: set[str] = set()  # SQL of the statements that this transaction has prepared
        self._name_count = 0
        self.is_reused = False  # whether this transaction has executed a statement that an earlier transaction prepared

    def begin(self) -> None:
        """Begin a transaction. Nothing is sent until the transaction has a statement."""
        self._queue, self._queued_bytes = [b"begin"], 0
        self._prepared_now.clear()
        self.is_reused = False

    def execute(self, sql: str, params=None) -> None:
        """Send the queued statements and this one; the cursor then has the result of this one. Raises TooManyStatements."""
        self.queue(sql, params)
        self.send()

    def queue(self, sql: str, params=None) -> None:
        """Add a statement whose result is not needed to the queue. Raises TooManyStatements."""
        statement = self._statements.get(sql)
        if statement is None:
            if not sql.lstrip("( \n").startswith(PREPARABLE):
                self._append(self._cursor.mogrify(sql, params))
                return
            statement = self._prepare(sql)
        elif sql not in self._prepared_now:
            self.is_reused = True
            if statement.executions == statement.next_plan_at:
                self._append(f"deallocate {statement.name}".encode())
                self._prepare_under_new_name(statement)
                self._prepared_now.add(sql)
                statement.next_plan_at *= REPLAN_FACTOR
        statement.executions += 1
        if isinstance(params, dict):
            params = [params[name] for name in statement.names]
        self._append(self._cursor.mogrify(statement.execute_sql, params))

    def send(self) -> None:
        """Send the queued statements to the server in one message. If none is queued, nothing is sent."""
        queued, self._queue, self._queued_bytes = self._queue, [], 0
        if queued:
            self._cursor.execute(b";".join(queued))

    def commit(self) -> None:
        """Send the queued statements and COMMIT. A transaction without statements sends nothing."""
        if self._queue != [b"begin"]:
            self._queue.append(b"commit")
            self.send()

    def roll_back(self) -> None:
        """Drop the queued statements and end the transaction. Statements that it has prepared are prepared again when they are needed next."""
        self._queue, self._queued_bytes = [], 0
        for sql in self._prepared_now:
            self._statements.pop(sql, None)
        self._prepared_now.clear()
        connection = self._cursor.connection
        if not connection.closed and connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            self._cursor.execute("rollback")

    def _append(self, statement: bytes):
        self._queue.append(statement)
        self._queued_bytes += len(statement)
        if self._queued_bytes > MAX_QUEUED_BYTES:
            self.send()

    def _prepare(self, sql):
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

        query = _PLACEHOLDERS.sub(number_placeholder, sql)
        statement = self._statements[sql] = PreparedStatement("", query, "", names)
        self._prepare_under_new_name(statement)
        self._prepared_now.add(sql)
        return statement

    def _prepare_under_new_name(self, statement):
        """Queue the PREPARE. No name is used twice: after an error it is not known whether the statement of that name exists."""
        self._name_count += 1
        statement.name = f"p{self._name_count}"
        arguments = f"({', '.join(['%s'] * len(statement.names))})" if statement.names else ""
        statement.execute_sql = f"execute {statement.name}{arguments}"
        self._append(f"prepare {statement.name} as {statement.query}".encode())


class Statements:
    """Executes SQL statements on a cursor, through the connection's pipeline if there is one. Does not connect or commit."""

    def __init__(self, cursor, pipeline: StatementPipeline | None = None):
        self._cursor = cursor
        self._pipeline = pipeline

    def rows(self, sql: str, params=None) -> list[tuple]:
        """Execute a query and return its rows."""
        (self._pipeline or self._cursor).execute(sql, params)
        return self._cursor.fetchall()

    def run(self, sql: str, params=None) -> int:
        """Execute a statement and return the number of affected rows."""
        (self._pipeline or self._cursor).execute(sql, params)
        return self._cursor.rowcount

    def write(self, sql: str, params=None) -> None:
        """Execute a statement whose result is not needed. It may be sent later, but before the next `rows` or `run` and before the commit."""
        if self._pipeline is None:
            self._cursor.execute(sql, params)
        else:
            self._pipeline.queue(sql, params)

    def insert(self, table: str, columns: Columns, rows: list[tuple], then: str = "") -> None:
        """Insert the rows with one statement, in the order given, as `write` does. `then` is appended, for example `on conflict do nothing`."""
        if rows:
            self.write(f"insert into {table} ({columns.names}) select * from {columns.rows} {then}", columns.parameters(rows))
