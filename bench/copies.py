"""Copies of the benchmark's database, so that each measurement of a service starts with identical rows; and recording of the rows that a service writes."""

import contextlib

import psycopg2

from deploy.roles import prepare_database, url_with_path, url_with_user

# SQL that creates a table and a trigger function, which record each row that a service writes, with its transaction and in order.
CREATE_CAPTURE = """
create schema capture;
create table capture.written (n bigserial primary key, tx bigint not null default txid_current(), name text not null, op text not null, row json not null);
create function capture.note() returns trigger language plpgsql security definer as $$
begin
  insert into capture.written (name, op, row) values
    (tg_table_schema || '.' || tg_table_name, tg_op, case tg_op when 'DELETE' then row_to_json(old) else row_to_json(new) end);
  return null;
end $$;
"""
SELECT_TRIGGER_STATEMENTS = """
select format('create trigger capture after insert or update or delete on %%I.%%I for each row execute function capture.note()', schemaname, tablename)
  from pg_tables where schemaname = %s
"""
SELECT_COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), coalesce(a.attnum = any(i.indkey), false)
  from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
 where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = '' order by a.attnum
"""


class DatabaseCopies:
    """Creates and drops copies of databases on one PostgreSQL server, and records written rows in them."""

    def __init__(self, admin_url: str, passwords: dict[str, str]):
        self.admin_url, self.passwords = admin_url, passwords

    def create_copy(self, name: str, template: str) -> dict[str, str]:
        """Create the database `name` as a copy of `template`, which must have no connections. Return {service: URL of the copy}."""
        self.drop_copy(name)
        with self.admin_cursor("postgres") as cursor:
            cursor.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return prepare_database(url_with_path(self.admin_url, name), self.passwords)

    def drop_copy(self, name: str) -> None:
        with self.admin_cursor("postgres") as cursor:
            cursor.execute(f'drop database if exists "{name}" with (force)')

    def database_url(self, name: str, service: str | None = None) -> str:
        """Return the URL of the database for the service, or for the administrator if no service is given."""
        url = url_with_path(self.admin_url, name)
        return url_with_user(url, service, self.passwords[service]) if service else url

    @contextlib.contextmanager
    def admin_cursor(self, name: str):
        """Yield a database cursor of the administrator, in autocommit mode."""
        connection = psycopg2.connect(self.database_url(name), connect_timeout=10)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def start_capture(self, name: str, service: str) -> None:
        """Start to record every row that the service writes in this database."""
        with self.admin_cursor(name) as cursor:
            cursor.execute(CREATE_CAPTURE)
            cursor.execute(SELECT_TRIGGER_STATEMENTS, (service,))
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)

    def end_capture(self, name: str) -> tuple[list[list[tuple]], dict[str, list[tuple]]]:
        """End the recording. Return the list of transactions, and the columns of the tables that they wrote.

        A transaction is a list of (table, operation, row); the columns are {table: [(name, type, whether part of the primary key)]}.
        """
        with self.admin_cursor(name) as cursor:
            cursor.execute("select tx, name, op, row from capture.written order by n")
            transactions: dict[int, list[tuple]] = {}
            for tx, table, op, row in cursor.fetchall():
                transactions.setdefault(tx, []).append((table, op, row))
            columns = {}
            for table in {table for rows in transactions.values() for table, _, _ in rows}:
                cursor.execute(SELECT_COLUMNS, (table,))
                columns[table] = cursor.fetchall()
            cursor.execute("drop schema capture cascade")
        return list(transactions.values()), columns
