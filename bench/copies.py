"""Copies of the benchmark's database, so that every measurement of a service begins with identical rows."""

import contextlib

import psycopg2

from deploy.roles import prepare_database, with_path, with_user

# Records every row that a service writes, by transaction and in order. Used only while the floor's work is recorded.
CAPTURE = """
create schema capture;
create table capture.written (n bigserial primary key, tx bigint not null default txid_current(), name text not null, op text not null, row json not null);
create function capture.note() returns trigger language plpgsql security definer as $$
begin
  insert into capture.written (name, op, row) values
    (tg_table_schema || '.' || tg_table_name, tg_op, case tg_op when 'DELETE' then row_to_json(old) else row_to_json(new) end);
  return null;
end $$;
"""
TRIGGERS = """
select format('create trigger capture after insert or update or delete on %%I.%%I for each row execute function capture.note()', schemaname, tablename)
  from pg_tables where schemaname = %s
"""
COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), coalesce(a.attnum = any(i.indkey), false)
  from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
 where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = '' order by a.attnum
"""


class DatabaseCopies:
    """Creates copies of databases on one server and returns their URLs."""

    def __init__(self, admin_url: str, passwords: dict[str, str]):
        self.admin_url, self.passwords = admin_url, passwords

    def make(self, name: str, template: str) -> dict[str, str]:
        """Create a new copy; the original must have no connections. Returns {service: URL}."""
        self.drop(name)
        with self.admin_cursor("postgres") as cursor:
            cursor.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return prepare_database(with_path(self.admin_url, name), self.passwords)

    def drop(self, name: str) -> None:
        with self.admin_cursor("postgres") as cursor:
            cursor.execute(f'drop database if exists "{name}" with (force)')

    def url(self, name: str, service: str | None = None) -> str:
        """Return the database URL of the administrator, or of a service."""
        url = with_path(self.admin_url, name)
        return with_user(url, service, self.passwords[service]) if service else url

    @contextlib.contextmanager
    def admin_cursor(self, name: str):
        """Yield a cursor of the administrator, in autocommit mode."""
        connection = psycopg2.connect(self.url(name), connect_timeout=10)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def start_capture(self, name: str, service: str) -> None:
        """Record every row that the service writes from now on."""
        with self.admin_cursor(name) as cursor:
            cursor.execute(CAPTURE)
            cursor.execute(TRIGGERS, (service,))
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)

    def end_capture(self, name: str) -> tuple[list[list[tuple]], dict[str, list[tuple]]]:
        """End the recording. Return [(table, operation, row)] for each transaction, and {table: [(column, type, whether part of the key)]}."""
        with self.admin_cursor(name) as cursor:
            cursor.execute("select tx, name, op, row from capture.written order by n")
            transactions: dict[int, list[tuple]] = {}
            for tx, table, op, row in cursor.fetchall():
                transactions.setdefault(tx, []).append((table, op, row))
            columns = {}
            for table in {table for rows in transactions.values() for table, _, _ in rows}:
                cursor.execute(COLUMNS, (table,))
                columns[table] = cursor.fetchall()
            cursor.execute("drop schema capture cascade")
        return list(transactions.values()), columns
