"""Sends notices by webhook: outside any transaction, to several addresses at a time, one call at a time per address.

A sender takes a lease on an address in the database, so that no other sender, in this or another process, calls the address at the same time.
Between two calls the sender records the result and loads the next notice in one short transaction. If the process dies, the lease expires and the
notice is sent again; the agency recognises the duplicate by its id.
"""

import time
from datetime import timedelta
from functools import partial

from plumbing import events
from plumbing.events import DomainEvent, Reply
from plumbing.jobs import Jobs
from plumbing.pool import Pool
from plumbing.transaction import Transaction
from services.notify import retries, store, webhook
from services.notify.retries import LEASE_DURATION
from services.notify.store import LeasedAddress, PendingWebhook

CALLS_PER_LEASE = 20  # maximum number of calls to one address before its slot becomes free for other addresses
ROUND_SECONDS = 3.0  # maximum duration of `send_due`
JOB_CHECK_SECONDS = 0.5  # maximum wait for the end of a job before addresses are leased again


def send_due_notices(db: Pool, jobs: Jobs) -> None:
    """Start a sender for each address with due notices. Return when no sender is running, or after ROUND_SECONDS while senders may still run."""
    ends = time.monotonic() + ROUND_SECONDS
    while True:
        for address, pending in _reserve_addresses_with_due_notices(db, jobs):
            jobs.start(address.agency, partial(_send_to_address, db, jobs, address, pending))
        if not jobs.running or time.monotonic() > ends:
            return
        jobs.wait(JOB_CHECK_SECONDS)


def _reserve_addresses_with_due_notices(db, jobs) -> list[tuple[LeasedAddress, PendingWebhook]]:
    """Take a lease on addresses with due notices, at most one per free job slot. Return each address with its first due notice."""
    leased = []
    with db.transaction() as tx:
        _publish_undeliverable(tx, store.give_up_notices_without_webhook(tx))
        for address in store.lease_addresses(tx, jobs.count_free_slots(), jobs.running, LEASE_DURATION):
            pending = store.load_next_due_notice(tx, address.agency)
            if pending is not None:
                leased.append((address, pending))
            else:
                store.extend_lease(tx, address, timedelta(0), address.failures)
    return leased


def _send_to_address(db, jobs, address, pending):
    for calls in range(1, CALLS_PER_LEASE + 1):
        failure = _call_webhook(db, address, pending)
        with db.transaction() as tx:
            address, pending = _record_result(tx, address, pending, failure, may_continue=calls < CALLS_PER_LEASE and not jobs.is_stopping)
        if pending is None:
            return


def _call_webhook(db, address, pending) -> webhook.NotDelivered | None:
    try:
        webhook.send(address.url, db.secret_box.decrypt(address.secret), _serialize_notice(pending))
    except webhook.NotDelivered as failure:
        return failure
    return None


def _record_result(
    tx: Transaction, address: LeasedAddress, pending: PendingWebhook, failure, may_continue: bool
) -> tuple[LeasedAddress | None, PendingWebhook | None]:
    """Record the result of a call. Return the address and its next due notice; the notice is None if no notice is due or the lease was lost."""
    if failure is not None and failure.affects_all:
        # The address accepts no notice at present, so this one failed call counts as a failed attempt of all its due notices.
        failures = address.failures + 1
        delay = retries.retry_delay(failures)
        if store.extend_lease(tx, address, delay, failures) is not None:
            _publish_undeliverable(tx, store.fail_all_due_notices(tx, pending, failure.why, delay, retries.MAX_ATTEMPTS))
        return None, None
    if failure is None:
        if store.record_attempt(tx, pending, "sent"):
            tx.say([DomainEvent("notice.sent", pending.dispute, notice_event_data(pending.kind, pending.to, "webhook", pending.about))])
    elif retries.is_given_up_after(pending.attempts + 1):
        if store.record_attempt(tx, pending, "undeliverable", failure.why):
            _publish_undeliverable(tx, [(pending, failure.why)])
    else:
        store.record_attempt(tx, pending, "waiting", failure.why, retries.retry_delay(pending.attempts + 1))
    next_pending = store.load_next_due_notice(tx, address.agency) if may_continue else None
    leased = store.extend_lease(tx, address, LEASE_DURATION if next_pending else timedelta(0), 0)
    return leased, next_pending if leased else None


def _publish_undeliverable(tx, given_up: list[tuple[PendingWebhook, str]]) -> None:
    tx.say(
        [
            DomainEvent("notice.undeliverable", notice.dispute, notice_event_data(notice.kind, notice.to, "webhook", notice.about) | {"why": why})
            for notice, why in given_up
        ]
    )


def _serialize_notice(pending):
    """Return the notice as a serialised CloudEvent, with the same id as in the agency's inbox, so that the agency recognises the duplicate."""
    return events.write("notify", Reply(pending.to, pending.id, pending.kind, pending.dispute, pending.about), pending.id, events.utc_now())


def notice_event_data(kind: str, to: str, channel: str, about: dict) -> dict:
    """Return the data that the events `notice.sent` and `notice.undeliverable` have in common."""
    data = {"notice": kind, "to": to, "channel": channel}
    return data | {name: about[name] for name in ("clock", "due_at", "provisional") if name in about}
