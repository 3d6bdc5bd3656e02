"""One transaction for what is heard, what follows from it and what is said about it. Made by `plumbing.pool.Pool.transaction`."""

from plumbing import events
from plumbing.events import DomainEvent, Event, Reply
from plumbing.failpoints import failpoint
from plumbing.inbox import Inbox
from plumbing.outbox import Outbox
from plumbing.statements import Statements


class Transaction(Statements):
    """What a service does between hearing and acknowledging: SQL, the inbox and the outbox on one connection."""

    def __init__(self, pool, connection):
        self.now = events.utc_now()
        self.settings = pool.settings
        self._pool = pool
        cursor = connection.cursor()
        super().__init__(cursor)
        # No reference back to the transaction: with one, the outbox rows would stay in memory until the garbage collector comes by.
        self.inbox = Inbox(cursor, self.now, pool.read, pool.box)
        self.outbox = Outbox(cursor, self.now, pool.settings.service, pool.settings.partitions)

    def seal(self, text: bytes) -> bytes:
        """Encrypted with this service's key at rest."""
        return self._pool.box.encrypt(text)

    def unheard(self, batch: list[Event]) -> list[Event]:
        """Those events whose turn it is; see `Inbox.unheard`."""
        return self.inbox.unheard(batch)

    def park(self, event: Event, reason: str, retry_at=None) -> int:
        """Keeps an event that failed; see `Inbox.park`."""
        return self.inbox.park(event, reason, retry_at)

    def say(self, said: list[DomainEvent]) -> None:
        """Numbers these events and puts them into the outbox; see `Outbox.say`."""
        self.outbox.say(said)

    def post(self, replies: list[Reply]) -> list[bytes]:
        """Puts replies to single agencies into the outbox; returns their bytes, in the same order."""
        return self.outbox.post(replies)

    def flush_outbox(self) -> None:
        """Writes all outbox rows: the last statement before the commit."""
        self.outbox.flush()

    def failpoint(self, name: str) -> None:
        """Only where something was heard: other transactions are of no interest to the fault drills."""
        if self.inbox.is_used:
            failpoint(name)

    def report(self) -> None:
        """Tells the telemetry what was heard, after the commit."""
        self.inbox.report(self.settings.service)
