"""notify's SQL: the ledger of notices and the agencies' webhooks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg2

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.notify.rules import Notice

NOTICES = Columns(
    "id text, channel text, kind text, dispute text, addressee text, clock text, due_at timestamptz, status text, made_at timestamptz,"
    " next_try_at timestamptz, settled_at timestamptz, about jsonb"
)

SEALED_NOTICES = Columns("id text, dispute text, addressee text, because text, made_at timestamptz")


@dataclass(slots=True)
class PendingWebhook:
    """A notice that waits for its webhook."""

    id: str
    kind: str
    dispute: str
    to: str
    about: dict
    attempts: int


@dataclass(slots=True)
class Address:
    """An agency's webhook, taken by one sender until `free_at`."""

    agency: str
    url: str
    secret: bytes  # sealed
    failures: int
    free_at: datetime


def hooked(tx: Transaction, agencies: set[str]) -> set[str]:
    """Which of these agencies want a webhook too."""
    return {agency for (agency,) in tx.rows("select agency from notify.webhooks where agency = any(%s)", (sorted(agencies),))}


def enter(tx: Transaction, notices: list[Notice], channel: str, waiting: bool) -> None:
    """Enters notices into the ledger: sent with this transaction, or waiting for the sender."""
    status, next_try_at, settled_at = ("waiting", tx.now, None) if waiting else ("sent", None, tx.now)
    tx.insert(
        "notify.notices",
        NOTICES,
        [
            (n.id, channel, n.kind, n.dispute, n.to, n.about.get("clock"), n.about.get("due_at"), status, tx.now, next_try_at, settled_at, n.about)
            for n in notices
        ],
        "on conflict do nothing",
    )


def enter_sealed(tx: Transaction, notices: list[Notice]) -> None:
    """Enters notices about the safeguard lane into their own ledger."""
    rows = [(n.id, n.dispute, n.to, n.event.type, tx.now) for n in notices]
    tx.insert("notify.sealed_notices", SEALED_NOTICES, rows, "on conflict do nothing")


# All times of sending are the database's: the clocks of two machines may differ by more than a lease.


def take_addresses(tx: Transaction, limit: int, except_for: set[str], lease: timedelta) -> list[Address]:
    """Addresses with due letters that nobody has taken and that need not rest, those first that have been free for longest."""
    return [
        Address(agency, url, bytes(secret), failures, free_at)
        for agency, url, secret, failures, free_at in tx.rows(
            "update notify.webhooks set free_at = now() + %s where agency in ("
            " select w.agency from notify.webhooks w where w.free_at <= now() and w.agency <> all(%s) and exists ("
            "  select 1 from notify.notices n where n.addressee = w.agency and n.status = 'waiting' and n.next_try_at <= now())"
            " order by w.free_at limit %s for update skip locked)"
            " returning agency, url, secret, failures, free_at",
            (lease, sorted(except_for), limit),
        )
    ]


def keep_address(tx: Transaction, address: Address, time: timedelta, failures: int) -> Address | None:
    """Takes the address again for so long, or lets it rest or go. None if it is not ours any more: the lease ran out, or it was removed."""
    rows = tx.rows(
        "update notify.webhooks set free_at = now() + %s, failures = %s where agency = %s and free_at = %s returning agency, url, secret, failures, free_at",
        (time, failures, address.agency, address.free_at),
    )
    return next((Address(agency, url, bytes(secret), failed, free_at) for agency, url, secret, failed, free_at in rows), None)


def next_letter(tx: Transaction, agency: str) -> PendingWebhook | None:
    """What was never tried comes first: a letter that its address refuses must not keep others back."""
    rows = tx.rows(
        "select id, kind, dispute, addressee, about, attempts from notify.notices"
        " where addressee = %s and status = 'waiting' and next_try_at <= now() order by tried_at nulls first, next_try_at, id limit 1",
        (agency,),
    )
    return next((PendingWebhook(*row) for row in rows), None)


def settle(tx: Transaction, letter: PendingWebhook, status: str, why: str | None = None, rest: timedelta | None = None) -> bool:
    """False if somebody else settled this try: then nothing more is to be said of it."""
    return (
        tx.run(
            "update notify.notices set status = %s, why = %s, next_try_at = now() + %s, tried_at = now(), attempts = attempts + 1,"
            " settled_at = case when %s = 'waiting' then null else now() end"
            " where id = %s and channel = 'webhook' and status = 'waiting' and attempts = %s",
            (status, why, rest, status, letter.id, letter.attempts),
        )
        > 0
    )


def put_off_due(tx: Transaction, tried: PendingWebhook, why: str, rest: timedelta, tries: int) -> list[tuple[PendingWebhook, str]]:
    """A failed try for every due letter of that address; returns those that are given up now, with the reason."""
    rows = tx.rows(
        "update notify.notices set attempts = attempts + 1, why = %s, tried_at = case when id = %s then now() else tried_at end,"
        " status = case when attempts + 1 < %s then 'waiting' else 'undeliverable' end,"
        " next_try_at = case when attempts + 1 < %s then now() + %s end, settled_at = case when attempts + 1 < %s then null else now() end"
        " where addressee = %s and status = 'waiting' and next_try_at <= now() returning id, kind, dispute, addressee, about, attempts, status",
        (why, tried.id, tries, tries, rest, tries, tried.to),
    )
    return [(PendingWebhook(*row), why) for *row, status in rows if status == "undeliverable"]


def without_address(tx: Transaction) -> list[tuple[PendingWebhook, str]]:
    """Gives up the letters to agencies whose address was taken away; returns them, with the reason."""
    rows = tx.rows(
        "update notify.notices n set status = 'undeliverable', why = 'no_address', next_try_at = null, attempts = attempts + 1, settled_at = now()"
        " where status = 'waiting' and not exists (select 1 from notify.webhooks w where w.agency = n.addressee)"
        " returning id, kind, dispute, addressee, about, attempts"
    )
    return [(PendingWebhook(*row), "no_address") for row in rows]


def set_webhook(tx: Transaction, agency: str, url: str, secret: bytes, lease: timedelta) -> None:
    """A new address need not rest; a call that is under way to the old one is still waited for."""
    tx.run(
        "insert into notify.webhooks (agency, url, secret) values (%s, %s, %s) on conflict (agency) do update"
        " set url = excluded.url, secret = excluded.secret, failures = 0, free_at = least(webhooks.free_at, now() + %s)",
        (agency, url, psycopg2.Binary(tx.seal(secret)), lease),
    )


def remove_webhook(tx: Transaction, agency: str) -> bool:
    return tx.run("delete from notify.webhooks where agency = %s", (agency,)) > 0
