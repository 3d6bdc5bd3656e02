"""What becomes of an event that cannot be applied: it is kept in the database, tried again after a while, and in the end left to a person."""

import hashlib
from datetime import timedelta

from structlog import get_logger

from contracts import safeguard
from plumbing import events
from plumbing.events import Delivery, Event
from plumbing.logs import describe
from plumbing.pool import Pool

log = get_logger()

TRIES = 6  # for an event that fails: after 1, 2, 4, 8, 16 seconds; then a person decides


def set_aside(pool: Pool, event: Event, problem: Exception) -> None:
    """Keeps an event that failed; later ones of its dispute wait behind it. Raises DatabaseUnavailable."""
    with pool.transaction() as tx:
        attempts = tx.inbox.attempts(event) + 1
        retry_at = tx.now + timedelta(seconds=2 ** (attempts - 1)) if attempts < TRIES and not event.discarded else None
        tx.park(event, describe(problem), retry_at)
    log.log(
        30 if retry_at else 40,
        "An event failed; later ones of its dispute wait." if retry_at else "An event is parked; later ones of its dispute wait for a person.",
        **_named(event), attempts=attempts, reason=describe(problem),
        next="It is tried again." if retry_at else "Run the parked tool: show, then replay or discard.",
    )  # fmt: skip


def park_unreadable(pool: Pool, delivery: Delivery, problem: Exception) -> None:
    """Keeps bytes that are no event, from a queue that only our own services write to, for a person to look at. Raises DatabaseUnavailable."""
    digest = hashlib.sha256(delivery.body).hexdigest()
    lost = Event(events.UNREADABLE, digest, events.UNREADABLE, digest, events.utc_now(), {}, delivery=delivery)
    with pool.transaction() as tx:
        tx.park(lost, describe(problem))
    log.error("A message is not an event and is parked.", event_id=digest, reason=describe(problem))


def _named(event) -> dict:
    """Which event it was, for a log line. Of the safeguard lane no line says which dispute: the parked tool knows, and writes down who asked it."""
    if safeguard.is_quiet(event.source, event.type):
        return {}
    return {"source": event.source, "dispute": event.subject, "event_id": event.id, "event_type": event.type, "trace_id": event.trace_id}
