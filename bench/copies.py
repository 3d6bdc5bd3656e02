"""Copies of the county's database: every measurement of a hop begins from the very same rows."""

import contextlib

import psycopg2

from deploy.roles import prepare_database, with_path, with_user

# Writes down every row that a service writes, by transaction, in order. Only while the floor's work is being captured.
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


class Copies:
    """Copies databases on one server, and gives their addresses."""

    def __init__(self, admin_url: str, passwords: dict[str, str]):
        self.admin_url, self.passwords = admin_url, passwords

    def make(self, name: str, of: str) -> dict[str, str]:
        """A fresh copy; nobody may be connected to the original. Returns {service: url}."""
        self.drop(name)
        with self.connected("postgres") as cursor:
            cursor.execute(f'create database "{name}" template "{of}" strategy file_copy')
        return prepare_database(with_path(self.admin_url, name), self.passwords)

    def drop(self, name: str) -> None:
        with self.connected("postgres") as cursor:
            cursor.execute(f'drop database if exists "{name}" with (force)')

    def url(self, name: str, service: str | None = None) -> str:
        """As the administrator, or as a service."""
        url = with_path(self.admin_url, name)
        return with_user(url, service, self.passwords[service]) if service else url

    @contextlib.contextmanager
    def connected(self, name: str):
        """A cursor of the administrator; every statement commits by itself."""
        connection = psycopg2.connect(self.url(name), connect_timeout=10)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def capture(self, name: str, service: str) -> None:
        """From now on every row that the service writes is written down."""
        with self.connected(name) as cursor:
            cursor.execute(CAPTURE)
            cursor.execute(TRIGGERS, (service,))
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)

    def captured(self, name: str) -> tuple[list[list[tuple]], dict[str, list[tuple]]]:
        """The rows written, [(table, operation, row)] by transaction, and each table's columns (name, type, whether of its key); ends the capture."""
        with self.connected(name) as cursor:
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
