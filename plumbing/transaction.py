"""The transaction in which a service processes a batch of events. Created by `plumbing.pool.Pool.transaction`.

Every service method that consumes events takes the same five steps in one transaction:

1. **hear**: `tx.unheard(batch)` returns the events to process, without duplicates and in order (plumbing.inbox);
2. **load**: read and lock the rows of the disputes concerned;
3. **decide**: compute what follows from each event, with pure functions; `tx.now` is the only clock;
4. **save**: write the changed rows;
5. **say**: `tx.say(domain_events)` stores the events to publish in the outbox, `tx.post(replies)` the replies to agencies (plumbing.outbox).

The commit makes all of it permanent at once; the deliveries are acknowledged afterwards. After a crash the broker delivers the batch again,
and step 1 recognises the duplicates.
"""

from plumbing import events
from plumbing.events import DomainEvent, Event, Reply
from plumbing.failpoints import failpoint
from plumbing.inbox import Inbox
from plumbing.outbox import Outbox
from plumbing.statements import StatementPipeline, Statements


class Transaction(Statements):
    """One database transaction of a service: SQL statements, inbox and outbox on the same connection."""

    def __init__(self, pool, cursor, pipeline: StatementPipeline | None):
        self.now = events.utc_now()
        self.settings = pool.settings
        self._pool = pool
        super().__init__(cursor, pipeline)
        # Inbox and outbox have no reference to the transaction: a reference cycle would keep the outbox rows in memory until garbage collection.
        self.inbox = Inbox(cursor, pipeline, self.now, pool.read, pool.secret_box)
        self.outbox = Outbox(cursor, pipeline, self.now, pool.settings.service, pool.settings.partitions)

    def seal(self, text: bytes) -> bytes:
        """Encrypt `text` with this service's key for data at rest, and return the ciphertext."""
        return self._pool.secret_box.encrypt(text)

    def unseal(self, ciphertext: bytes) -> bytes:
        """Return the text that `seal` encrypted. Raises nacl.exceptions.CryptoError for another key's ciphertext."""
        return self._pool.secret_box.decrypt(bytes(ciphertext))

    def unheard(self, batch: list[Event]) -> list[Event]:
        """Return the events of the batch to process now, without duplicates and in order; see `Inbox.unheard`."""
        return self.inbox.unheard(batch)

    def park(self, event: Event, reason: str, retry_at=None) -> int:
        """Store an event that failed, for a retry or for an operator; see `Inbox.park`."""
        return self.inbox.park(event, reason, retry_at)

    def say(self, domain_events: list[DomainEvent]) -> None:
        """Assign sequence numbers to these events and add them to the outbox; see `Outbox.say`."""
        self.outbox.say(domain_events)

    def post(self, replies: list[Reply]) -> list[bytes]:
        """Add receipts or notices for single agencies to the outbox. Return the serialised replies, in the order given."""
        return self.outbox.post(replies)

    def flush_outbox(self) -> None:
        """Write all outbox rows. Must be the last statement before the commit."""
        self.outbox.flush()

    def failpoint(self, name: str) -> None:
        """Call `failpoint` if this transaction processed events; the fault drills do not kill the process in other transactions."""
        if self.inbox.has_outcomes:
            failpoint(name)

    def report_metrics(self) -> None:
        """Add this transaction's events to the Prometheus counters. Must be called after the commit."""
        self.inbox.report_metrics(self.settings.service)
