"""Copies each event that the services publish into a table of the drill, for the checks.

A database trigger copies the events of each inserted row, which may be a bundle of events, in the transaction that inserts it. If that transaction
committed, the copy therefore exists exactly once, whatever happens to the relay and the broker afterwards. The services' code does not depend on the copy.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg2

SUBJECTS_PER_QUERY = 500  # number of subjects whose events are in memory at a time

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
    type         text,
    subject      text,
    body         bytea not null
);
create index outbox_by_subject on drill.outbox (exchange, subject);
create function drill.copy_outbox() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into drill.outbox (service, exchange, routing_key, event_id, type, subject, body)
    select tg_table_schema, exchange, replace(routing_key, '.bundle', '.' || f.type), coalesce(f.id, message_id), f.type, f.subject, convert_to(event, 'UTF8')
      from (select *, convert_from(body, 'UTF8') as message from new_rows where body is not null) m
     cross join lateral string_to_table(case when message like '[%' then substr(message, 2, length(message) - 2) else message end, E',\n')
           with ordinality e (event, n)
     cross join lateral json_to_record(event::json) as f (id text, type text, subject text)
     order by m.id, n;
    return null;
end $$;
"""
# Each body is in one of these tables: events in `published`, replies to agencies in `outbox`.
CREATE_TRIGGERS = """
create trigger copy_events after insert on {service}.published referencing new table as new_rows for each statement execute function drill.copy_outbox();
create trigger copy_replies after insert on {service}.outbox referencing new table as new_rows for each statement execute function drill.copy_outbox()
"""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A copied receipt or notice for one agency. `type`: its event type, `subject`: the dispute's code."""

    agency: str
    event_id: str
    type: str
    subject: str


def install_outbox_copy(admin_url: str, services) -> None:
    """Create the empty table `drill.outbox` and the triggers that fill it. The services' tables must exist.

    Call it again after they were dropped and created again.
    """
    with closing(psycopg2.connect(admin_url, connect_timeout=10)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(CREATE_OUTBOX_COPY)
        for service in services:
            cursor.execute(CREATE_TRIGGERS.format(service=service))


def read_bodies(query_rows, exchanges: list[str]) -> Iterator[dict[str, list[bytes]]]:
    """Yield the serialised events published to these exchanges, {exchange: bodies in the order of insertion}, for some hundred subjects at a time.

    All events about a subject are in the same item, so that memory does not grow with the number of disputes. `query_rows(sql, *parameters)` queries
    the database as administrator.
    """
    subjects = sorted(subject for (subject,) in query_rows("select distinct subject from drill.outbox where exchange = any(%s)", exchanges))
    for first in range(0, len(subjects), SUBJECTS_PER_QUERY):
        bodies: dict[str, list[bytes]] = {exchange: [] for exchange in exchanges}
        for exchange, body in query_rows(
            "select exchange, body from drill.outbox where exchange = any(%s) and subject = any(%s) order by id",
            exchanges,
            subjects[first : first + SUBJECTS_PER_QUERY],
        ):
            bodies[exchange].append(bytes(body))
        yield bodies


def count_events(query_rows, exchange: str) -> int:
    """Return the number of events published to the exchange."""
    return query_rows("select count(*) from drill.outbox where exchange = %s", exchange)[0][0]


def read_inbox_messages(query_rows, service: str, exchange: str) -> list[InboxMessage]:
    """Return the receipts and notices that the service published to the agencies' inboxes (`exchange`), in the order of insertion."""
    rows = query_rows("select routing_key, event_id, type, subject from drill.outbox where service = %s and exchange = %s order by id", service, exchange)
    return [InboxMessage(*row) for row in rows]
