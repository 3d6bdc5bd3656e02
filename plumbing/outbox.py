"""Outbox of a service: the service stores events and replies in the table `outbox` in its transaction; the relay publishes them after the commit.

Messages with events are stored in the table `published` too, which keeps them: if the broker loses its data, or the database of a listener is restored
to an earlier point, they are published again from there (plumbing.recovery). Replies to agencies are not: receipts and notices have tables of their own.

- **say**: number events per dispute and store them in the outbox. An event is published if and only if its transaction commits.
- **bundle**: one row of the outbox and one message, which contains all events of the transaction for one exchange and partition (plumbing.bundles).
- **spoken**: the table with the last sequence number used, per stream and dispute. The row is locked until the commit, so that sequence numbers
  follow the order of the commits without gaps.

All SQL runs on the cursor passed in.
"""

import zlib
from collections import Counter
from datetime import datetime

from contracts import AGENCIES, safeguard
from contracts.channels import INBOXES_EXCHANGE, exchange_of, partition_of, routing_key
from plumbing import events
from plumbing.bundles import BUNDLE_KEY, OutboxEvent, make_messages
from plumbing.events import DomainEvent, Reply
from plumbing.rows import Columns
from plumbing.statements import StatementPipeline, Statements

SEQUENCE_COLUMNS = Columns("source text, subject text, last_sequence bigint")
MESSAGE_COLUMNS = Columns("partition smallint, exchange text, routing_key text, message_id text, event_count int, body utf8")
# A body is written once: into `published`, or into `outbox` if it is a reply.
WRITE_MESSAGES_SQL = f"""
with message as materialized (select nextval('message_ids') as id, v.* from {MESSAGE_COLUMNS.rows}),
     recorded as (insert into published (id, {MESSAGE_COLUMNS.names}) select * from message where exchange <> '{INBOXES_EXCHANGE}'),
     queued as (insert into outbox (id, {MESSAGE_COLUMNS.names})
                select id, partition, exchange, routing_key, message_id, event_count, case exchange when '{INBOXES_EXCHANGE}' then body end from message)
select pg_notify(%s, '')
"""


class Outbox(Statements):
    """Collects the events of one transaction in memory, in the order of the calls; `flush` writes them to the database as bundles."""

    def __init__(self, cursor, pipeline: StatementPipeline | None, now: datetime, service: str, partitions: int):
        super().__init__(cursor, pipeline)
        self._now, self._service, self._partitions = now, service, partitions
        self._events: list[OutboxEvent] = []

    def say(self, domain_events: list[DomainEvent]) -> None:
        """Assign sequence numbers to these events, per dispute and stream, and add them to the outbox in the order given."""
        if not domain_events:
            return
        counts = Counter((event.subject, event.source or self._service) for event in domain_events)
        keys = sorted(counts)  # every transaction locks the rows in sorted order, so that no deadlock is possible
        epoch, last_used = 1, {}
        for source, subject, last, epoch in self.rows(  # noqa: B007 - the epoch is the same in all rows
            f"insert into spoken (source, subject, last_sequence) select * from {SEQUENCE_COLUMNS.rows}"
            " on conflict (subject, source) do update set last_sequence = spoken.last_sequence + excluded.last_sequence"
            " returning source, subject, last_sequence, (select number from epoch)",
            SEQUENCE_COLUMNS.parameters([(source, subject, counts[subject, source]) for subject, source in keys]),
        ):
            last_used[subject, source] = last - counts[subject, source]
        for event in domain_events:
            source = event.source or self._service
            sequence = last_used[event.subject, source] = last_used[event.subject, source] + 1
            event_id = events.event_id_of(event.subject, sequence, epoch, is_sealed=event.source is not None)
            partition = partition_of(event.subject, self._partitions)
            body = events.write(source, event, event_id, self._now, sequence, epoch)
            bundle_key = routing_key(partition, BUNDLE_KEY)
            self._events.append(OutboxEvent(partition, exchange_of(source), routing_key(partition, event.type), event_id, body, bundle_key))

    def post(self, replies: list[Reply]) -> list[bytes]:
        """Add receipts or notices for single agencies to the outbox. Return the serialised replies, in the order given.

        Replies to a removed agency are left out. Several replies to an agency that reads batches share a message, but a reply about the safeguard lane to
        an agency with access to it is a message of its own.
        """
        bodies = [events.write(self._service, reply, reply.id, self._now) for reply in replies]
        for reply, body in zip(replies, bodies, strict=True):
            self._add_reply(reply.agency, reply.id, body, may_share_message=not _is_confidential(reply))
        return bodies

    def post_again(self, replies: list[tuple[str, str, bytes]]) -> None:
        """Add replies that are already serialised, (agency, id, bytes), to the outbox, each as a message of its own."""
        for agency, event_id, body in replies:
            self._add_reply(agency, event_id, body, may_share_message=False)

    def _add_reply(self, agency, event_id, body, may_share_message):
        if AGENCIES[agency].status == "removed":
            return  # a removed agency has no inbox queue; its replies remain in the tables of receipts and notices
        partition = zlib.crc32(agency.encode()) % self._partitions
        bundle_key = agency if may_share_message and AGENCIES[agency].batches else None
        self._events.append(OutboxEvent(partition, INBOXES_EXCHANGE, agency, event_id, body, bundle_key))

    def flush(self) -> None:
        """Write the collected events and notify the relay. Must be the last statement before the commit."""
        if not self._events:
            return
        self.write(WRITE_MESSAGES_SQL, [*MESSAGE_COLUMNS.parameters(make_messages(self._events)), f"outbox_{self._service}"])


def _is_confidential(reply):
    """Return whether the reply is about the safeguard lane (events that only police, courts and women's federation see) and its reader knows of it.

    For any other reader it makes no difference what caused the reply, because the form of the message would reveal it.
    """
    return reply.cause is not None and safeguard.has_safeguard_access(reply.agency) and safeguard.must_hide_dispute(reply.cause.source, reply.cause.type)
