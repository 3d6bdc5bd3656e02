"""Rebuilds the tables of a listener from the producers' records: in a separate database, while the service runs, then switches over.

The rebuilt tables include the positions. What the service has processed beyond them by the time of the switch is published again afterwards.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from heapq import merge

import psycopg2
from psycopg2 import sql

from contracts.channels import SUBSCRIPTIONS, service_of
from plumbing import events
from plumbing.events import Delivery, Event
from plumbing.logs import describe
from plumbing.pool import Pool, should_try_again
from plumbing.recovery import positions, record
from plumbing.recovery.repair import REQUEUE_SQL

BATCH_EVENTS = 800
POSITION_TABLES = ("heard", "waiting", "parked")
DISCARDED_SQL = """
select source, subject, event_id from (
    select distinct on (source, subject, event_id) source, subject, event_id, action from parked_actions where action <> 'read'
     order by source, subject, event_id, id desc) last_action
 where action = 'discard'
"""
STORED_COLUMNS_SQL = """
select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_generated = 'NEVER' and is_identity = 'NO'
 order by ordinal_position
"""


def replay(pool: Pool, databases: dict[str, str], apply) -> int:
    """Process all recorded events of the streams that the pool's service hears, in a new database. Return their number.

    `databases`: {service: URL} of the installation. `apply(tx, events)` changes the tables as the service does, and publishes nothing. An event that fails
    is parked in the new database.
    """
    service, count = pool.settings.service, 0
    with closing(psycopg2.connect(databases[service])) as connection, connection.cursor() as cursor:
        cursor.execute(DISCARDED_SQL)
        discarded = set(cursor.fetchall())
    for recorded_at, batch in _batches(_merged_records(databases, service)):
        for event in batch:
            event.discarded = (event.source, event.subject, event.id) in discarded
        _process(pool, batch, recorded_at, apply)
        count += len(batch)
    return count


def _merged_records(databases, service) -> Iterator[tuple[datetime, list[Delivery]]]:
    """Yield (time of recording, deliveries) of the messages of all producers, about in the order in which they were recorded."""
    streams = SUBSCRIPTIONS[service]
    sources = [_read_record(databases[name], tuple(s for s in streams if service_of(s) == name)) for name in sorted({service_of(s) for s in streams})]
    return merge(*sources, key=lambda item: item[0])


def _read_record(url, streams):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select last_value from message_ids")
        yield from record.iterate_messages(cursor, streams, cursor.fetchone()[0])


def _batches(records) -> Iterator[tuple[datetime, list[Event]]]:
    batch: list[Event] = []
    recorded_at = None
    for at, deliveries in records:
        recorded_at = at
        batch += [events.read(delivery) for delivery in deliveries]
        if len(batch) >= BATCH_EVENTS:
            yield recorded_at, batch
            batch = []
    if batch:
        yield recorded_at, batch


def _process(pool, batch, recorded_at, apply):
    """Process a batch in one transaction; if that fails, event by event, and park the event that fails."""
    try:
        with pool.transaction() as tx:
            tx.now = recorded_at
            apply(tx, tx.unheard(batch))
    except Exception as error:
        if should_try_again(error):
            raise
        if len(batch) > 1:
            for event in batch:
                _process(pool, [event], recorded_at, apply)
        elif batch[0].is_processed_alone:
            with pool.transaction() as tx:
                tx.park(batch[0], describe(error))
        else:
            batch[0].is_processed_alone = True
            _process(pool, batch, recorded_at, apply)


def copy_table(source_cursor, target_cursor, schema: str, table: str, into: str | None = None) -> None:
    """Copy the rows of a table to the table of the same name, or named `into`, on another connection."""
    source_cursor.execute(STORED_COLUMNS_SQL, (schema, table))
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in source_cursor.fetchall())
    target = sql.Identifier(schema, into or table)
    with tempfile.TemporaryFile() as file:
        source_cursor.copy_expert(sql.SQL("copy {} ({}) to stdout").format(sql.Identifier(schema, table), columns).as_string(source_cursor), file)
        file.seek(0)
        target_cursor.copy_expert(sql.SQL("copy {} ({}) from stdin").format(target, columns).as_string(target_cursor), file)


def replace_tables(source_cursor, target_cursor, schema: str, tables) -> None:
    """Replace the rows of these tables by those of the rebuilt ones."""
    target_cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)))
    for table in tables:
        copy_table(source_cursor, target_cursor, schema, table)


def publish_again_what_is_lacking(databases: dict[str, str], service: str) -> int:
    """Put the messages that the service has not processed into the producers' outboxes again. Return their number."""
    count = 0
    connections = {name: psycopg2.connect(url) for name, url in databases.items()}
    try:
        cursors = {name: connection.cursor() for name, connection in connections.items()}
        for stream in SUBSCRIPTIONS[service]:
            producer = service_of(stream)
            lacking = {service: positions.load(cursors, stream).lacking()[service]}
            messages, _ = record.find_messages(cursors[producer], stream, positions.first_lacking(lacking))
            cursors[producer].execute(REQUEUE_SQL, (messages,))
            count += cursors[producer].rowcount
            cursors[producer].execute("select pg_notify(%s, '')", (f"outbox_{producer}",))
        for connection in connections.values():
            connection.commit()
    finally:
        for connection in connections.values():
            connection.close()
    return count
