"""Copies each event in the services' outboxes into a table of the drill, for the checks.

A database trigger copies the events of each inserted row, which may be a bundle of events, in the transaction that inserts it. If that transaction committed, the copy therefore exists exactly once,
whatever happens to the relay and the broker afterwards. The services' code does not depend on the copy.
"""

from contextlib import closing
from dataclasses import dataclass

import psycopg2

# `security definer`: the trigger function runs with the rights of the administrator, because the services have no rights on the schema `drill`.
CREATE_OUTBOX_COPY = r"""
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
    select tg_table_schema, exchange, replace(routing_key, '.bundle', '.' || (event::json ->> 'type')), coalesce(event::json ->> 'id', message_id),
           convert_to(event, 'UTF8')
      from (select *, convert_from(body, 'UTF8') as message from new_rows) m
     cross join lateral string_to_table(case when message like '[%' then substr(message, 2, length(message) - 2) else message end, E',\n')
           with ordinality e (event, n)
     order by id, n;
    return null;
end $$;
"""
CREATE_TRIGGER = """
create trigger copy_outbox after insert on {service}.outbox referencing new table as new_rows for each statement execute function drill.copy_outbox()
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A copied event of a service's outbox. `routing_key`: the key that it has as a message of its own."""

    service: str
    exchange: str
    routing_key: str
    event_id: str
    body: bytes


def install_outbox_copy(admin_url: str, services) -> None:
    """Create the empty table `drill.outbox` and the triggers that fill it. The services' tables must exist.

    Call it again after they were dropped and created again.
    """
    with closing(psycopg2.connect(admin_url, connect_timeout=10)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(CREATE_OUTBOX_COPY)
        for service in services:
            cursor.execute(CREATE_TRIGGER.format(service=service))


def read_messages(query_rows) -> list[Message]:
    """Return all events that the trigger copied from the services' outboxes, in the order of insertion. `query_rows(sql, *parameters)` queries the database as administrator."""
    copied = query_rows("select service, exchange, routing_key, event_id, body from drill.outbox order by id")
    return [Message(service, exchange, key, event_id, bytes(body)) for service, exchange, key, event_id, body in copied]
