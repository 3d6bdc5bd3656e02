"""Outbox of a service: events and replies are stored in the table `outbox` in the service's transaction; the relay publishes them after the commit.

- **say**: number events per dispute and store them in the outbox. An event is published if and only if its transaction commits.
- **spoken**: the table with the last sequence number used, per stream and dispute. Its row is locked until the commit, so that numbers follow
  the order of the commits without gaps.

All SQL runs on the cursor passed in.
"""

import zlib
from collections import Counter
from datetime import datetime

from contracts import AGENCIES
from contracts.channels import INBOXES_EXCHANGE, exchange_of, partition_of, routing_key
from plumbing import events
from plumbing.events import DomainEvent, Reply
from plumbing.rows import Columns
from plumbing.statements import Statements

SEQUENCES = Columns("source text, subject text, last_sequence bigint")
OUTBOX = Columns("partition smallint, exchange text, routing_key text, event_id text, body utf8")


class Outbox(Statements):
    """Outbox rows of one transaction, collected in memory in the order of the calls; `flush` writes them."""

    def __init__(self, cursor, now: datetime, service: str, partitions: int):
        super().__init__(cursor)
        self._now, self._service, self._partitions = now, service, partitions
        self._rows: list[tuple] = []

    def say(self, facts: list[DomainEvent]) -> None:
        """Number these events per dispute and stream and add them to the outbox, in the order given."""
        if not facts:
            return
        counts = Counter((fact.subject, fact.source or self._service) for fact in facts)
        keys = sorted(counts)  # every transaction locks the rows in this order, so that no deadlock is possible
        last_used = {
            (subject, source): last - counts[subject, source]
            for source, subject, last in self.rows(
                f"insert into spoken (source, subject, last_sequence) select * from {SEQUENCES.rows}"
                " on conflict (subject, source) do update set last_sequence = spoken.last_sequence + excluded.last_sequence"
                " returning source, subject, last_sequence",
                SEQUENCES.parameters([(source, subject, counts[subject, source]) for subject, source in keys]),
            )
        }
        for fact in facts:
            source = fact.source or self._service
            sequence = last_used[fact.subject, source] = last_used[fact.subject, source] + 1
            # The sealed stream has its own sequence, so its event ids get a prefix that keeps them distinct from those of the ordinary stream.
            event_id = f"{fact.subject}/{sequence}" if fact.source is None else f"{fact.subject}/s{sequence}"
            partition = partition_of(fact.subject, self._partitions)
            body = events.write(source, fact, event_id, self._now, sequence)
            self._rows.append((partition, exchange_of(source), routing_key(partition, fact.type), event_id, body))

    def post(self, replies: list[Reply]) -> list[bytes]:
        """Add receipts or notices for single agencies to the outbox. Return their bytes, in the same order."""
        bodies = [events.write(self._service, reply, reply.id, self._now) for reply in replies]
        self.post_again([(reply.agency, reply.id, body) for reply, body in zip(replies, bodies, strict=True)])
        return bodies

    def post_again(self, replies: list[tuple[str, str, bytes]]) -> None:
        """Add replies that were already serialised, as (agency, id, bytes), to the outbox. Replies to a removed agency are left out."""
        deliverable = [reply for reply in replies if AGENCIES[reply[0]].status != "removed"]  # it has no inbox queue; the ledgers contain its replies
        self._rows += [(zlib.crc32(agency.encode()) % self._partitions, INBOXES_EXCHANGE, agency, event_id, body) for agency, event_id, body in deliverable]

    def flush(self) -> None:
        """Write the collected rows and notify the relay. To be the last statement before the commit."""
        if not self._rows:
            return
        self.run(
            f"with put as (insert into outbox ({OUTBOX.names}) select * from {OUTBOX.rows}) select pg_notify(%s, '')",
            [*OUTBOX.parameters(self._rows), f"outbox_{self._service}"],
        )
