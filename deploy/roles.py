"""Makes one role and one schema per service, on the private server or on one that runs already. Knows PostgreSQL's rights, no table."""

from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

DATABASE = "fengqiao"

CLOSED_TO_STRANGERS = """
revoke all on database {database} from public;
revoke all on schema public from public
"""
ONE_SERVICE = """
alter role {role} with login nosuperuser nocreatedb nocreaterole password {password};
alter role {role} in database {database} set search_path = {role};
alter role {role} in database {database} set timezone = 'UTC';
grant connect on database {database} to {role};
create schema if not exists {role} authorization {role};
revoke all on schema {role} from public
"""


def prepare_database(admin_url: str, passwords: dict[str, str]) -> dict[str, str]:
    """Roles and schemas named like the services, none of which sees another's. Returns {service: url}.

    `admin_url` names the database to use and a user who may create roles and schemas in it; `passwords` has one entry per service. Repeatable.
    """
    with _connected(admin_url) as (connection, database):
        connection.execute(sql.SQL(CLOSED_TO_STRANGERS).format(database=sql.Identifier(database)))
        for service, password in passwords.items():
            connection.execute("select 1 from pg_roles where rolname = %s", [service])
            if not connection.fetchone():
                connection.execute(sql.SQL("create role {}").format(sql.Identifier(service)))
            # The owner of a schema has to be a role that the one who creates it belongs to; a superuser always does.
            connection.execute(
                sql.SQL("grant {role} to current_user").format(role=sql.Identifier(service)) if not _is_superuser(connection) else sql.SQL("select 1")
            )
            names = {"role": sql.Identifier(service), "database": sql.Identifier(database), "password": sql.Literal(password)}
            connection.execute(sql.SQL(ONE_SERVICE).format(**names))
    return {service: with_user(admin_url, service, password) for service, password in passwords.items()}


def make_database(server_url: str, name: str = DATABASE) -> None:
    """Makes the database itself, if it is not there. `server_url` is a superuser's, of any database of that server."""
    with _connected(server_url) as (connection, _):
        connection.execute("select 1 from pg_database where datname = %s", [name])
        if not connection.fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def with_user(url: str, user: str, password: str) -> str:
    """The same address for somebody else."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"))


def with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


class _connected:
    """A cursor that commits each statement by itself, and the database's name; closed afterwards."""

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
