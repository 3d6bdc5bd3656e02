"""The transaction in which a service processes a batch of events. Created by `plumbing.pool.Pool.transaction`.

Every service method that consumes events takes the same five steps in one transaction:

1. **hear**: `tx.unheard(batch)` returns the events to process, without duplicates and in order (plumbing.inbox);
2. **load**: read and lock the rows of the disputes concerned;
3. **decide**: compute what follows from each event, with pure functions; `tx.now` is the only clock;
4. **save**: write the changed rows;
5. **say**: `tx.say(facts)` stores the events to publish in the outbox, `tx.post(replies)` the replies to agencies (plumbing.outbox).

The commit makes all of it permanent at once; the deliveries are acknowledged afterwards. After a crash the broker delivers the batch again,
and step 1 recognises the duplicates.
"""

from plumbing import events
from plumbing.events import DomainEvent, Event, Reply
from plumbing.failpoints import failpoint
from plumbing.inbox import Inbox
from plumbing.outbox import Outbox
from plumbing.statements import Statements


class Transaction(Statements):
    """One database transaction with SQL statements, the inbox and the outbox on the same connection."""

    def __init__(self, pool, connection):
        self.now = events.utc_now()
        self.settings = pool.settings
        self._pool = pool
        cursor = connection.cursor()
        super().__init__(cursor)
        # Inbox and outbox have no reference to the transaction: a reference cycle would keep the outbox rows in memory until garbage collection.
        self.inbox = Inbox(cursor, self.now, pool.read, pool.secret_box)
        self.outbox = Outbox(cursor, self.now, pool.settings.service, pool.settings.partitions)

    def seal(self, text: bytes) -> bytes:
        """Return `text` encrypted with this service's key for data at rest."""
        return self._pool.secret_box.encrypt(text)

    def unheard(self, batch: list[Event]) -> list[Event]:
        """Return the events to process now; see `Inbox.unheard`."""
        return self.inbox.unheard(batch)

    def park(self, event: Event, reason: str, retry_at=None) -> int:
        """Store an event that failed; see `Inbox.park`."""
        return self.inbox.park(event, reason, retry_at)

    def say(self, facts: list[DomainEvent]) -> None:
        """Number these events and add them to the outbox; see `Outbox.say`."""
        self.outbox.say(facts)

    def post(self, replies: list[Reply]) -> list[bytes]:
        """Add replies to single agencies to the outbox. Return their bytes, in the same order."""
        return self.outbox.post(replies)

    def flush_outbox(self) -> None:
        """Write all outbox rows. To be the last statement before the commit."""
        self.outbox.flush()

    def failpoint(self, name: str) -> None:
        """Pass a failpoint if this transaction processed events; the fault drills do not interrupt other transactions."""
        if self.inbox.has_outcomes:
            failpoint(name)

    def report_metrics(self) -> None:
        """Add this transaction's events to the metrics. To be called after the commit."""
        self.inbox.report_metrics(self.settings.service)
