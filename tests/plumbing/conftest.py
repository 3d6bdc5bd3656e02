"""What the tests of plumbing share: a service that notes what it hears, in a database where nobody else hears."""

import pytest

from plumbing.events import Delivery, Event, read
from plumbing.pool import Pool
from tests.apart import Apart, domain_event

A, B = "620702-2026-000001-7", "620702-2026-000002-5"


def heard(sequence: int | None, subject: str = A, source: str = "mediation", **data) -> Event:
    """An event as the broker delivers it."""
    if sequence is None:  # from an agency: no number, and its own words
        return Event(source, data["id"], "t", subject, read(Delivery(domain_event("x", subject, 1))).time, {}, delivery=Delivery(data["id"].encode()))
    return read(Delivery(domain_event(source, subject, sequence, **data)))


class Listener:
    """What a service does with its ears: hears a batch in one transaction and notes, in order, what was in it."""

    def __init__(self, pool: Pool):
        self.pool = pool

    def hears(self, *batch: Event) -> list:
        with self.pool.transaction() as tx:
            return [(event.subject, event.sequence or event.id) for event in tx.unheard(list(batch))]

    def parks(self, event: Event, reason: str = "it failed", retry_at=None) -> int:
        with self.pool.transaction() as tx:
            return tx.park(event, reason, retry_at)

    def takes_up(self, subject: str = A, **how) -> Event:
        """The parked event of this subject, as the service takes it up again."""
        with self.pool.transaction() as tx:
            ((row, delivery),) = tx.rows("select id, delivery from parked where subject = %s", (subject,))
        event = self.pool.read(Delivery.unpack(self.pool.box.decrypt(bytes(delivery))))
        event.kept = ("parked", row)
        for name, value in how.items():
            setattr(event, name, value)
        return event


@pytest.fixture
def fresh(apart: Apart) -> Apart:
    """Nothing heard, nothing said."""
    apart.empty("notify", "mediation")
    return apart


@pytest.fixture
def listener(fresh) -> Listener:
    return Listener(fresh.pool("notify"))
