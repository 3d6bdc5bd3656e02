"""Fixtures for the tests of plumbing: events, empty inbox and outbox tables, and a listener that processes batches of events."""

import pytest

from plumbing.events import Delivery, Event, read
from plumbing.pool import Pool
from tests.sandbox import Sandbox, domain_event

DISPUTE_A, DISPUTE_B = "620702-2026-000001-7", "620702-2026-000002-5"  # codes of two disputes


def make_event(sequence: int | None, subject: str = DISPUTE_A, source: str = "mediation", **data) -> Event:
    """Return an event as a service reads it from the broker. If `sequence` is None, return an agency's event with the id `data["id"]`."""
    if sequence is None:
        return Event(source, data["id"], "t", subject, read(Delivery(domain_event("x", subject, 1))).time, {}, delivery=Delivery(data["id"].encode()))
    return read(Delivery(domain_event(source, subject, sequence, **data)))


class Listener:
    """Processes batches of events as a service does: each in one transaction with the inbox."""

    def __init__(self, pool: Pool):
        self.pool = pool

    def hear(self, *batch: Event) -> list:
        """Process a batch. Return (subject, sequence or id) of the events that `unheard` returned, in order."""
        with self.pool.transaction() as tx:
            return [(event.subject, event.sequence or event.id) for event in tx.unheard(list(batch))]

    def park(self, event: Event, reason: str = "it failed", retry_at=None) -> int:
        """Store an event as failed. Return its number of failed attempts."""
        with self.pool.transaction() as tx:
            return tx.park(event, reason, retry_at)

    def load_parked(self, subject: str = DISPUTE_A, **attributes) -> Event:
        """Return the parked event of this dispute as the service loads it for a retry, with `attributes` set on it."""
        with self.pool.transaction() as tx:
            ((row_id, delivery),) = tx.rows("select id, delivery from parked where subject = %s", (subject,))
        event = self.pool.read(Delivery.unpack(self.pool.secret_box.decrypt(bytes(delivery))))
        event.stored_in = ("parked", row_id)
        for name, value in attributes.items():
            setattr(event, name, value)
        return event


@pytest.fixture
def empty_sandbox(sandbox: Sandbox) -> Sandbox:
    """The sandbox (see tests/sandbox.py) with empty inbox and outbox tables of the services notify and mediation."""
    sandbox.empty("notify", "mediation")
    return sandbox


@pytest.fixture
def listener(empty_sandbox) -> Listener:
    return Listener(empty_sandbox.pool("notify"))
