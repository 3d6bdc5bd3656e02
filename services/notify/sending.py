"""Sends the letters that wait for webhooks: outside any transaction, several addresses at once, one letter at a time to each.

A sender takes an address for the time of a LEASE and says so in the database, so that no other sender, in this process or another one, calls it
meanwhile. It sends one letter, settles it and takes the next, in one short transaction in between. If its process dies, the lease runs out
and the letter is sent again: the receiver knows it by its id.
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
from services.notify.retries import LEASE
from services.notify.store import Address, PendingWebhook

LETTERS_AT_ONCE = 20  # to one address, before others may have its place
ROUND_SECONDS, LOOK_AGAIN_SECONDS = 3.0, 0.5


def send_due(db: Pool, jobs: Jobs) -> None:
    """Starts a sender for each address with due letters. Returns when there is nothing more to do, or after ROUND_SECONDS, with calls still under way."""
    ends = time.monotonic() + ROUND_SECONDS
    while True:
        for address, letter in _take(db, jobs):
            jobs.start(address.agency, partial(_serve, db, jobs, address, letter))
        if not jobs.running or time.monotonic() > ends:
            return
        jobs.wait(LOOK_AGAIN_SECONDS)


def _take(db, jobs) -> list[tuple[Address, PendingWebhook]]:
    taken = []
    with db.transaction() as tx:
        _give_up(tx, store.without_address(tx))
        for address in store.take_addresses(tx, jobs.room(), jobs.running, LEASE):
            letter = store.next_letter(tx, address.agency)
            if letter is not None:
                taken.append((address, letter))
            else:
                store.keep_address(tx, address, timedelta(0), address.failures)
    return taken


def _serve(db, jobs, address, letter):
    for sent in range(1, LETTERS_AT_ONCE + 1):
        problem = _call(db, address, letter)
        with db.transaction() as tx:
            address, letter = _settle(tx, address, letter, problem, goes_on=sent < LETTERS_AT_ONCE and not jobs.stopping)
        if letter is None:
            return


def _call(db, address, letter) -> webhook.NotDelivered | None:
    try:
        webhook.send(address.url, db.box.decrypt(address.secret), _as_in_the_inbox(letter))
    except webhook.NotDelivered as problem:
        return problem
    return None


def _settle(tx: Transaction, address: Address, letter: PendingWebhook, problem, goes_on: bool) -> tuple[Address | None, PendingWebhook | None]:
    """Enters what became of the call, and takes the next letter, if there is one and the address is still ours."""
    if problem is not None and problem.whole_address:
        # One call stands for all letters that are due: none of them would have got through.
        failures = address.failures + 1
        rest = retries.rest_after(failures)
        if store.keep_address(tx, address, rest, failures) is not None:
            _give_up(tx, store.put_off_due(tx, letter, problem.why, rest, retries.TRIES))
        return None, None
    if problem is None:
        if store.settle(tx, letter, "sent"):
            tx.say([DomainEvent("notice.sent", letter.dispute, said_of(letter.kind, letter.to, "webhook", letter.about))])
    elif retries.is_given_up_after(letter.attempts + 1):
        if store.settle(tx, letter, "undeliverable", problem.why):
            _give_up(tx, [(letter, problem.why)])
    else:
        store.settle(tx, letter, "waiting", problem.why, retries.rest_after(letter.attempts + 1))
    following = store.next_letter(tx, address.agency) if goes_on else None
    kept = store.keep_address(tx, address, LEASE if following else timedelta(0), 0)
    return kept, following if kept else None


def _give_up(tx, letters: list[tuple[PendingWebhook, str]]) -> None:
    tx.say([DomainEvent("notice.undeliverable", one.dispute, said_of(one.kind, one.to, "webhook", one.about) | {"why": why}) for one, why in letters])


def _as_in_the_inbox(letter):
    """The same event that lies in the agency's inbox: it recognises the repeat by its id."""
    return events.write("notify", Reply(letter.to, letter.id, letter.kind, letter.dispute, letter.about), letter.id, events.utc_now())


def said_of(kind: str, to: str, channel: str, about: dict) -> dict:
    """The data of `notice.sent` and `notice.undeliverable`."""
    data = {"notice": kind, "to": to, "channel": channel}
    return data | {name: about[name] for name in ("clock", "due_at") if name in about}
