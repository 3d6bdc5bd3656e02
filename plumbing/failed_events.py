"""Storage of events whose processing failed, in the table `parked`.

A failed event is retried after 1, 2, 4, 8 and 16 seconds (status `retry`). If it still fails, it is *parked* (status `parked`): an
operator replays or discards it with `python -m plumbing.parked`. Until the event has succeeded or was discarded, later events of the same
producer about the same dispute wait in the table `waiting`; events about other disputes are not affected.
"""

import hashlib
from datetime import timedelta

from structlog import get_logger

from contracts import safeguard
from plumbing import events
from plumbing.events import Delivery, Event
from plumbing.logs import describe
from plumbing.pool import Pool

log = get_logger()

MAX_ATTEMPTS = 6  # first attempt and five retries


def store_failed_event(pool: Pool, event: Event, error: Exception) -> None:
    """Store a failed event: to be retried automatically or, after MAX_ATTEMPTS attempts, by an operator. Raises DatabaseUnavailable."""
    with pool.transaction() as tx:
        attempts = tx.inbox.count_attempts(event) + 1
        retry_at = tx.now + timedelta(seconds=2 ** (attempts - 1)) if attempts < MAX_ATTEMPTS and not event.discarded else None
        tx.park(event, describe(error), retry_at)
    log.log(
        30 if retry_at else 40,
        "An event failed; later events of its dispute wait." if retry_at else "An event is parked; later events of its dispute wait for an operator.",
        **_log_fields(event), attempts=attempts, reason=describe(error),
        next="It is retried automatically." if retry_at else "Run the parked tool: show, then replay or discard.",
    )  # fmt: skip


def park_unreadable(pool: Pool, delivery: Delivery, error: Exception) -> None:
    """Store a message that is not a valid event as parked. Called for queues to which only services publish. Raises DatabaseUnavailable."""
    digest = hashlib.sha256(delivery.body).hexdigest()
    placeholder = Event(events.UNREADABLE, digest, events.UNREADABLE, digest, events.utc_now(), {}, delivery=delivery)
    with pool.transaction() as tx:
        tx.park(placeholder, describe(error))
    log.error("A message is not a valid event and is parked.", event_id=digest, reason=describe(error))


def _log_fields(event) -> dict:
    """Return the log fields that identify an event. For events of the safeguard lane, return an empty dict.

    A log line must not reveal which dispute is in the safeguard lane. The command `parked show --body` reveals it and records the operator.
    """
    if safeguard.must_hide_dispute(event.source, event.type):
        return {}
    return {"source": event.source, "dispute": event.subject, "event_id": event.id, "event_type": event.type, "trace_id": event.trace_id}
