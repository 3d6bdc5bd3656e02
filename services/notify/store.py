"""notify's SQL: the ledger of notices and the agencies' webhooks."""

from dataclasses import dataclass
from datetime import datetime

import psycopg2

from plumbing.database import Transaction
from plumbing.rows import Columns
from services.notify.rules import Notice

NOTICES = Columns(
    "id text, channel text, kind text, dispute text, addressee text, clock text, due_at timestamptz, status text, made_at timestamptz,"
    " next_try_at timestamptz, settled_at timestamptz, about jsonb"
)

SEALED_NOTICES = Columns("id text, dispute text, addressee text, because text, made_at timestamptz")


@dataclass(slots=True)
class Letter:
    """A notice that waits for its webhook."""

    id: str
    kind: str
    dispute: str
    to: str
    about: dict
    attempts: int
    url: str | None
    secret: bytes | None


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


def take_due(tx: Transaction, limit: int) -> list[Letter]:
    """Letters whose time has come, locked for this transaction; a second copy takes others."""
    return [
        Letter(*row[:-1], bytes(row[-1]) if row[-1] is not None else None)
        for row in tx.rows(
            "select n.id, n.kind, n.dispute, n.addressee, n.about, n.attempts, w.url, w.secret from notify.notices n"
            " left join notify.webhooks w on w.agency = n.addressee"
            " where n.status = 'waiting' and n.next_try_at <= %s order by n.next_try_at limit %s for update of n skip locked",
            (tx.now, limit),
        )
    ]


def settle(tx: Transaction, letter: Letter, status: str, why: str | None = None, next_try_at: datetime | None = None) -> None:
    tx.run(
        "update notify.notices set status = %s, why = %s, next_try_at = %s, attempts = attempts + 1, settled_at = case when %s = 'waiting' then null else %s end"
        " where id = %s and channel = 'webhook'",
        (status, why, next_try_at, status, tx.now, letter.id),
    )


def set_webhook(tx: Transaction, agency: str, url: str, secret: bytes) -> None:
    tx.run(
        "insert into notify.webhooks (agency, url, secret) values (%s, %s, %s) on conflict (agency) do update set url = excluded.url, secret = excluded.secret",
        (agency, url, psycopg2.Binary(tx.seal(secret))),
    )


def remove_webhook(tx: Transaction, agency: str) -> bool:
    return tx.run("delete from notify.webhooks where agency = %s", (agency,)) > 0
