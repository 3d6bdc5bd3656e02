"""What a service says: events numbered per dispute, and replies to single agencies, as outbox rows. SQL on a cursor that it is given."""

import zlib
from collections import Counter
from datetime import datetime

from contracts import AGENCIES
from contracts.channels import INBOXES_EXCHANGE, exchange_of, partition_of, routing_key
from plumbing import events
from plumbing.events import DomainEvent, Reply
from plumbing.rows import Columns
from plumbing.statements import Statements

COUNTS = Columns("source text, subject text, last_sequence bigint")
OUTBOX = Columns("partition smallint, exchange text, routing_key text, event_id text, body utf8")


class Outbox(Statements):
    """The outbox rows of one transaction, in the order said; `flush` writes them."""

    def __init__(self, cursor, now: datetime, service: str, partitions: int):
        super().__init__(cursor)
        self._now, self._service, self._partitions = now, service, partitions
        self._rows: list[tuple] = []

    def say(self, said: list[DomainEvent]) -> None:
        """Numbers these facts per dispute and voice; they go into the outbox in the order given."""
        if not said:
            return
        counts = Counter((fact.subject, fact.source or self._service) for fact in said)
        keys = sorted(counts)  # the rows are locked in this order everywhere
        following = {
            (subject, source): last - counts[subject, source]
            for source, subject, last in self.rows(
                f"insert into spoken (source, subject, last_sequence) select * from {COUNTS.rows}"
                " on conflict (subject, source) do update set last_sequence = spoken.last_sequence + excluded.last_sequence"
                " returning source, subject, last_sequence",
                COUNTS.of([(source, subject, counts[subject, source]) for subject, source in keys]),
            )
        }
        for fact in said:
            source = fact.source or self._service
            sequence = following[fact.subject, source] = following[fact.subject, source] + 1
            # The two voices count apart, so each has names of its own for what it says.
            event_id = f"{fact.subject}/{sequence}" if fact.source is None else f"{fact.subject}/s{sequence}"
            partition = partition_of(fact.subject, self._partitions)
            body = events.write(source, fact, event_id, self._now, sequence)
            self._rows.append((partition, exchange_of(source), routing_key(partition, fact.type), event_id, body))

    def post(self, posted: list[Reply]) -> list[bytes]:
        """Puts receipts or notices for single agencies into the outbox; returns their bytes, in the same order."""
        bodies = [events.write(self._service, reply, reply.id, self._now) for reply in posted]
        self.post_again([(reply.agency, reply.id, body) for reply, body in zip(posted, bodies, strict=True)])
        return bodies

    def post_again(self, replies: list[tuple[str, str, bytes]]) -> None:
        """Puts replies (agency, id, bytes) into the outbox as they are."""
        there = [reply for reply in replies if AGENCIES[reply[0]].status != "removed"]  # a removed agency has no inbox; the services' ledgers keep its replies
        self._rows += [(zlib.crc32(agency.encode()) % self._partitions, INBOXES_EXCHANGE, agency, event_id, body) for agency, event_id, body in there]

    def flush(self) -> None:
        """The last statement before the commit: all that is said and posted goes into the outbox. The NOTIFY wakes the relay within milliseconds."""
        if not self._rows:
            return
        self.run(
            f"with put as (insert into outbox ({OUTBOX.names}) select * from {OUTBOX.rows}) select pg_notify(%s, '')",
            [*OUTBOX.of(self._rows), f"outbox_{self._service}"],
        )
