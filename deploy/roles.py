"""Creates a PostgreSQL role and a schema for each service and sets their permissions. Tables are created by migrations."""

from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

DATABASE = "fengqiao"

REVOKE_PUBLIC_ACCESS_SQL = """
revoke all on database {database} from public;
revoke all on schema public from public
"""
SERVICE_ROLE_SQL = """
alter role {role} with login nosuperuser nocreatedb nocreaterole password {password};
alter role {role} in database {database} set search_path = {role};
alter role {role} in database {database} set timezone = 'UTC';
grant connect on database {database} to {role};
create schema if not exists {role} authorization {role};
revoke all on schema {role} from public
"""


def prepare_database(admin_url: str, passwords: dict[str, str]) -> dict[str, str]:
    """Create a role and a schema for each service, named after the service. No role can access the schema of another role. Return {service: URL}.

    `admin_url` names the database and a user who may create roles and schemas; `passwords` has one entry per service. A repeated call is harmless.
    """
    with _AdminConnection(admin_url) as (connection, database):
        connection.execute(sql.SQL(REVOKE_PUBLIC_ACCESS_SQL).format(database=sql.Identifier(database)))
        for service, password in passwords.items():
            connection.execute("select 1 from pg_roles where rolname = %s", [service])
            if not connection.fetchone():
                connection.execute(sql.SQL("create role {}").format(sql.Identifier(service)))
            # A user who creates a schema must be a member of the role that owns the schema, unless the user is a superuser.
            connection.execute(
                sql.SQL("grant {role} to current_user").format(role=sql.Identifier(service)) if not _is_superuser(connection) else sql.SQL("select 1")
            )
            names = {"role": sql.Identifier(service), "database": sql.Identifier(database), "password": sql.Literal(password)}
            connection.execute(sql.SQL(SERVICE_ROLE_SQL).format(**names))
    return {service: url_with_user(admin_url, service, password) for service, password in passwords.items()}


def make_database(server_url: str, name: str = DATABASE) -> None:
    """Create the database if it does not exist. `server_url` is the address of any database of the server, with the credentials of a superuser."""
    with _AdminConnection(server_url) as (connection, _):
        connection.execute("select 1 from pg_database where datname = %s", [name])
        if not connection.fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def drop_database(server_url: str, name: str) -> None:
    """Drop the database if it exists, and end the connections to it."""
    with _AdminConnection(server_url) as (connection, _):
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def url_with_user(url: str, user: str, password: str) -> str:
    """Return the URL with this user and password instead of the present ones."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"))


def url_with_path(url: str, path: str) -> str:
    """Return the URL with another path, which is the database name (PostgreSQL) or the virtual host (AMQP)."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


class _AdminConnection:
    """Context manager for a database connection in autocommit mode. Yields (cursor, database name)."""

    def __init__(self, url: str):
        self.url = url

    def __enter__(self):
        self.connection = psycopg2.connect(self.url, connect_timeout=10)
        self.connection.autocommit = True
        return self.connection.cursor(), self.connection.info.dbname

    def __exit__(self, *_):
        self.connection.close()


def _is_superuser(cursor) -> bool:
    cursor.execute("select rolsuper from pg_roles where rolname = current_user")
    return cursor.fetchone()[0]
