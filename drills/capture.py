"""Copies each row of the services' outboxes, with the full events, into a table of the drill, for the checks.

A trigger in the drill's own database copies the row in the transaction that inserts it. The copy therefore exists exactly once if that transaction
committed, whatever happens to the relay and the broker afterwards. The services' code does not depend on it.
"""

from contextlib import closing
from dataclasses import dataclass

import psycopg2

# The function runs with the rights of its owner, the administrator: the services have none on this schema.
INSTALL = """
drop schema if exists drill cascade;
create schema drill;
create table drill.outbox (
    id           bigint generated always as identity primary key,
    service      text  not null,
    exchange     text  not null,
    routing_key  text  not null,
    event_id     text  not null,
    body         bytea not null
);
create function drill.copy_outbox() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into drill.outbox (service, exchange, routing_key, event_id, body)
    select tg_table_schema, exchange, routing_key, event_id, body from new_rows order by id;
    return null;
end $$;
"""
ATTACH = """
create trigger copy_outbox after insert on {service}.outbox referencing new table as new_rows for each statement execute function drill.copy_outbox()
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One outbox row, as the service inserted it."""

    service: str
    exchange: str
    routing_key: str
    event_id: str
    body: bytes


def install(admin_url: str, services) -> None:
    """Create an empty copy and the triggers that fill it. The services' tables must exist; install again after they were dropped."""
    with closing(psycopg2.connect(admin_url, connect_timeout=10)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(INSTALL)
        for service in services:
            cursor.execute(ATTACH.format(service=service))


def read(rows) -> list[Message]:
    """Return all messages in the order of insertion. `rows(sql, *parameters)` queries the database as administrator."""
    copied = rows("select service, exchange, routing_key, event_id, body from drill.outbox order by id")
    return [Message(service, exchange, key, event_id, bytes(body)) for service, exchange, key, event_id, body in copied]
