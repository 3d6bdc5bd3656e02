"""Changes that make the listeners agree with the producers' records after a loss of data, and begin the next epoch. See plumbing.recovery."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pika
import psycopg2
from nacl.secret import SecretBox

from contracts.channels import exchange_of, partition_of, routing_key, service_of
from plumbing import epoch, events, first_epoch
from plumbing.bundles import BUNDLE_KEY, OutboxEvent, make_messages
from plumbing.epoch import EpochFile
from plumbing.events import Delivery, Event, UnreadableEvent
from plumbing.outbox import MESSAGE_COLUMNS
from plumbing.recovery import positions, queues, record
from plumbing.recovery.positions import StreamPositions

SAFETY_MARGIN = timedelta(minutes=1)  # agencies send again what they reported from this long before the newest restored event
MAX_UNKNOWN_EPOCHS = 100
LOST_REASON = "{} was restored to an earlier point and no longer has this event"
FOREIGN_SESSIONS_SQL = """
select count(*) from pg_stat_activity where application_name = 'fengqiao' and datname = current_database() and usename = current_user and pid <> pg_backend_pid()
"""
STATE_SQL = """
select (select number from epoch), (select last_value from message_ids), (select created_at from published order by id desc limit 1),
       exists (select from published)
"""
INSERT_CONFLICT_SQL = """
insert into parked (source, subject, sequence, event_id, type, delivery, status, reason) values (%s, %s, %s, %s, %s, %s, 'conflict', %s)
on conflict (source, subject, event_id) do nothing
"""
REQUEUE_SQL = """
insert into outbox (id, partition, exchange, routing_key, message_id, event_count)
select id, partition, exchange, routing_key, message_id, event_count from published where id = any(%s) on conflict (id) do nothing
"""
WRITE_JUMPS_SQL = f"""
with message as materialized (select nextval('message_ids') as id, v.* from {MESSAGE_COLUMNS.rows}),
     recorded as (insert into published (id, {MESSAGE_COLUMNS.names}) select * from message)
insert into outbox (id, partition, exchange, routing_key, message_id, event_count) select id, partition, exchange, routing_key, message_id, event_count from message
"""
BEGIN_EPOCH_SQL = """
update epoch set number = %s, began_at = now(), last_message_before = (select last_value from message_ids)
"""


class ServicesAreRunning(Exception):
    """A process of the installation is connected to the database. The text names the service."""


@dataclass(frozen=True)
class ServiceAccess:
    """Access to one service's tables: URL of the database with the service's role, and its key for stored deliveries."""

    database: str
    at_rest_key: bytes


@dataclass
class Loss:
    """What was found lost. `restored`: service → time of its newest event, for each service whose data is older than it was; None: it has no event."""

    epoch: int  # the highest number of an epoch found
    restored: dict[str, datetime | None] = field(default_factory=dict)
    is_file_missing: bool = False
    is_broker_lost: bool = False

    @property
    def is_none(self) -> bool:
        return not (self.restored or self.is_broker_lost or self.is_file_missing)


@dataclass
class Report:
    """What a recovery did."""

    loss: Loss
    epoch: int
    lacking: Counter = field(default_factory=Counter)  # (stream, listener) → number of events that the listener lacked
    requeued: Counter = field(default_factory=Counter)  # stream → number of messages to be published again
    unrecorded: Counter = field(default_factory=Counter)  # stream → number of lacking events that the record does not contain
    jumps: Counter = field(default_factory=Counter)  # stream → number of disputes whose numbering jumps
    ahead: Counter = field(default_factory=Counter)  # (stream, listener) → number of events that the listener has processed and the producer no longer has
    conflicts: Counter = field(default_factory=Counter)  # (stream, listener) → number of events set aside
    unknown_subjects: dict[str, list[str]] = field(default_factory=dict)  # stream → disputes known to listeners only

    @property
    def since(self) -> datetime | None:
        """Return from which time on agencies have to send their events again; None if intake has lost none of them."""
        newest = self.loss.restored.get("intake")
        return None if newest is None else newest - SAFETY_MARGIN


def detect_loss(services: dict[str, ServiceAccess], amqp_admin: str, file: EpochFile) -> Loss:
    """Find out what was lost. Raises ServicesAreRunning, psycopg2.Error."""
    recorded = file.read()
    loss = Loss(recorded["epoch"] if recorded else 1, is_file_missing=recorded is None)
    states = {}
    for service, access in services.items():
        with closing(psycopg2.connect(access.database)) as connection, connection.cursor() as cursor:
            cursor.execute(FOREIGN_SESSIONS_SQL)
            if cursor.fetchone()[0]:
                raise ServicesAreRunning(service)
            cursor.execute(STATE_SQL)
            states[service] = cursor.fetchone()
    known_epoch = max(loss.epoch, *(number for number, *_ in states.values()))
    # Without the file, the broker may be the only one that knows a later epoch.
    marker = _find_marker(amqp_admin, known_epoch + (0 if recorded else MAX_UNKNOWN_EPOCHS))
    loss.epoch, loss.is_broker_lost = max(known_epoch, marker), not marker
    for service, (number, last_message, newest, _) in states.items():
        # Without the file nothing shows whether the data was restored, so it is treated as if it was.
        if recorded is None or number < loss.epoch or last_message < recorded["published"].get(service, 0):
            loss.restored[service] = newest
    return loss


def recover(services: dict[str, ServiceAccess], amqp_admin: str, partitions: int, file: EpochFile, loss: Loss, finish) -> Report:
    """Repair the loss and begin the next epoch. `finish(report)` does what only the services themselves can do, before the epoch file is written.

    It may be repeated after an interruption: until the file is written, no process starts.
    """
    report = Report(loss, loss.epoch + 1)
    for stream in positions.heard_streams():
        _recover_stream(services, amqp_admin, partitions, stream, report)
    recorded = (file.read() or {"published": {}})["published"]
    for service, access in services.items():
        with closing(psycopg2.connect(access.database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("select setval('message_ids', greatest((select last_value from message_ids), %s))", (recorded.get(service, 0) + 1,))
            cursor.execute(BEGIN_EPOCH_SQL, (report.epoch,))
    finish(report)
    first_epoch.declare_marker(amqp_admin, report.epoch)
    file.begin(report.epoch, {})
    return report


def _recover_stream(services, amqp_admin, partitions, stream, report):
    connections = {service: psycopg2.connect(access.database) for service, access in services.items()}
    try:
        cursors = {service: connection.cursor() for service, connection in connections.items()}
        found = positions.load(cursors, stream)
        for listener in found.heard:
            box = SecretBox(services[listener].at_rest_key)
            _set_aside_queued_events(connections[listener], amqp_admin, partitions, found, listener, box, report)
            _set_aside_stored_events(connections[listener], found, listener, box, report)
            if count := found.count_ahead(listener):
                report.ahead[stream, listener] = count
        producer = service_of(stream)
        with connections[producer] as connection, connection.cursor() as cursor:
            lacking = found.lacking()
            report.lacking.update({(stream, listener): sum(last - heard for heard, last in subjects.values()) for listener, subjects in lacking.items()})
            messages, report.unrecorded[stream] = record.find_messages(cursor, stream, positions.first_lacking(lacking))
            cursor.execute(REQUEUE_SQL, (messages,))
            report.requeued[stream] = cursor.rowcount
            jumps = found.jumps()
            _write_jumps(cursor, stream, jumps, report.epoch, partitions)
            report.jumps[stream] = len(jumps)
            report.unknown_subjects[stream] = [subject for subject, (spoken, _) in jumps.items() if not spoken]
    finally:
        for connection in connections.values():
            connection.close()


def _set_aside_queued_events(connection, amqp_admin, partitions, found: StreamPositions, listener, box, report):
    """Empty the listener's queues of the stream. Store the events that the producer no longer has as conflicts; the others are in its record."""

    def handle(deliveries):
        with connection, connection.cursor() as cursor:
            for delivery in deliveries:
                try:
                    event = events.read(delivery)
                except UnreadableEvent:
                    continue  # it would have been parked as unreadable; its original is in the producer's record
                if event.sequence > found.spoken.get(event.subject, 0):
                    found.note_seen(event.subject, event.sequence)
                    _insert_conflict(cursor, found.stream, event, delivery, box)
                    report.conflicts[found.stream, listener] += 1

    queues.take_deliveries(amqp_admin, listener, found.stream, partitions, handle)


def _set_aside_stored_events(connection, found: StreamPositions, listener, box, report):
    """Turn waiting and parked events that the producer no longer has into conflicts, so that they block nothing."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select id, subject, sequence, delivery from waiting where source = %s", (found.stream,))
        for row, subject, sequence, delivery in cursor.fetchall():
            if sequence is not None and sequence > found.spoken.get(subject, 0):
                unpacked = Delivery.unpack(box.decrypt(bytes(delivery)))
                _insert_conflict(cursor, found.stream, events.read(unpacked), unpacked, box)
                cursor.execute("delete from waiting where id = %s", (row,))
                report.conflicts[found.stream, listener] += 1
        cursor.execute("select id, subject, sequence from parked where source = %s and status <> 'conflict'", (found.stream,))
        for row, subject, sequence in cursor.fetchall():
            if sequence is not None and sequence > found.spoken.get(subject, 0):
                reason = LOST_REASON.format(service_of(found.stream))
                cursor.execute("update parked set status = 'conflict', next_attempt_at = null, reason = %s where id = %s", (reason, row))
                cursor.execute(
                    "update heard set blocked = false where source = %s and subject = %s and not exists ("
                    "  select from parked where source = %s and subject = %s and status <> 'conflict')",
                    (found.stream, subject) * 2,
                )
                report.conflicts[found.stream, listener] += 1


def _insert_conflict(cursor, stream, event: Event, delivery: Delivery, box):
    reason = LOST_REASON.format(service_of(stream))
    packed = psycopg2.Binary(box.encrypt(delivery.pack()))
    cursor.execute(INSERT_CONFLICT_SQL, (event.source, event.subject, event.sequence, event.id, event.type, packed, reason))


def _write_jumps(cursor, stream, jumps: dict[str, tuple[int, int]], number, partitions):
    """Continue the numbering of these disputes above the highest known number, and publish an event that tells the listeners."""
    if not jumps:
        return
    published, now = [], events.utc_now()
    for subject, (spoken, highest) in jumps.items():
        cursor.execute(
            "insert into spoken (source, subject, last_sequence) values (%s, %s, %s)"
            " on conflict (subject, source) do update set last_sequence = excluded.last_sequence",
            (stream, subject, highest + 1),
        )
        partition = partition_of(subject, partitions)
        body = events.write_jump(stream, subject, highest + 1, spoken, number, now)
        key, bundle_key = routing_key(partition, events.SEQUENCE_CONTINUED), routing_key(partition, BUNDLE_KEY)
        published.append(OutboxEvent(partition, exchange_of(stream), key, f"{subject}/{highest + 1}", body, bundle_key))
    cursor.execute(WRITE_JUMPS_SQL, MESSAGE_COLUMNS.parameters(make_messages(published)))


def _find_marker(amqp_admin, highest: int) -> int:
    """Return the highest epoch, up to this one, whose marker the broker has; 0 if it has none."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_admin))) as connection:
        for number in range(highest, 0, -1):
            try:
                connection.channel().exchange_declare(epoch.marker_of(number), "fanout", passive=True)
                return number
            except pika.exceptions.ChannelClosedByBroker:
                continue
    return 0
