"""SQL of the service notify: the tables of notices and of the agencies' webhooks."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg2

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.notify.model import LedgerEntry, Notice

NOTICE_COLUMNS = Columns(
    "id text, channel text, kind text, dispute text, addressee text, clock text, due_at timestamptz, status text, made_at timestamptz,"
    " next_try_at timestamptz, settled_at timestamptz, about jsonb, is_copy boolean, step text, happened_at timestamptz, reported text[], validity text,"
    " ended_by text"
)
CHANGED_COLUMNS = Columns("id text, due_at timestamptz, reported text[], validity text, ended_by text")

SEALED_NOTICE_COLUMNS = Columns("id text, dispute text, addressee text, because text, made_at timestamptz")

# Completion of the ledger by a rebuilt one: notices that the ledger lacks are inserted. None is deleted, because the ledger says what agencies were sent.
LEDGER_TABLES = ("notices", "sealed_notices")
LOCK_LEDGER_SQL = "lock table notify.notices, notify.sealed_notices in share row exclusive mode"
CREATE_REBUILT_SQL = {table: f"create table notify.rebuilt_{table} (like notify.{table} including defaults)" for table in LEDGER_TABLES}
MERGE_REBUILT_SQL = (
    "update notify.notices n set due_at = r.due_at, is_copy = r.is_copy, step = r.step, happened_at = r.happened_at, reported = r.reported,"
    " validity = r.validity, ended_by = r.ended_by from notify.rebuilt_notices r where n.id = r.id",
    "insert into notify.notices select * from notify.rebuilt_notices on conflict do nothing",
    "update notify.notices n set due_at = r.due_at, reported = r.reported, validity = r.validity, ended_by = r.ended_by from notify.rebuilt_notices r"
    " where n.id = r.id and (n.due_at, n.reported, n.validity, n.ended_by) is distinct from (r.due_at, r.reported, r.validity, r.ended_by)",
    "insert into notify.sealed_notices select * from notify.rebuilt_sealed_notices on conflict do nothing",
    "drop table notify.rebuilt_notices, notify.rebuilt_sealed_notices",
)


@dataclass(slots=True)
class PendingWebhook:
    """Stored notice that waits to be sent by webhook."""

    id: str
    kind: str
    dispute: str
    to: str
    about: dict
    attempts: int


@dataclass(slots=True)
class LeasedAddress:
    """Webhook address of an agency; one sender holds a lease on it until `free_at`."""

    agency: str
    url: str
    secret: bytes  # encrypted
    failures: int
    free_at: datetime


def load_agencies_with_webhook(tx: Transaction, agencies: set[str]) -> set[str]:
    """Return those of the given agencies that have registered a webhook."""
    return {agency for (agency,) in tx.rows("select agency from notify.webhooks where agency = any(%s)", (sorted(agencies),))}


def load_entries_in_force(tx: Transaction, disputes: set[str]) -> dict[str, list[LedgerEntry]]:
    """Return the ledger's entries of these disputes that are in force, by dispute."""
    found = defaultdict(list)
    rows = tx.rows(
        "select dispute, id, kind, addressee, clock, due_at, is_copy, step, happened_at, reported,"
        " coalesce(about ->> 'was', about ->> 'other', about ->> 'reported_by')"
        " from notify.notices where dispute = any(%s) and channel = 'inbox' and validity = 'in_force'",
        (sorted(disputes),),
    )
    for dispute, *columns in rows:
        found[dispute].append(LedgerEntry(*columns))
    return found


def insert_notices(tx: Transaction, notices: list[Notice], entries: dict[str, LedgerEntry], channel: str, is_waiting: bool) -> None:
    """Insert notices into the table `notices`, with status `waiting` (for a webhook sender) or `sent` (in this transaction). `entries`: by id of the notice."""
    status, next_try_at, settled_at = ("waiting", tx.now, None) if is_waiting else ("sent", None, tx.now)
    rows = []
    for notice in notices:
        entry = entries[notice.id]
        sent = (notice.id, channel, notice.kind, notice.dispute, notice.to, entry.clock, entry.due_at, status, tx.now, next_try_at, settled_at, notice.about)
        rows.append((*sent, entry.is_copy, entry.step, entry.happened_at, entry.reported, entry.validity, entry.ended_by))
    tx.insert("notify.notices", NOTICE_COLUMNS, rows, "on conflict do nothing")


def update_entries(tx: Transaction, entries: list[LedgerEntry]) -> None:
    """Store what changed in entries since their notices were sent, for all channels of the notice."""
    if entries:
        tx.write(
            "update notify.notices n set due_at = v.due_at, reported = v.reported, validity = v.validity, ended_by = v.ended_by"
            f" from {CHANGED_COLUMNS.rows} where n.id = v.id",
            CHANGED_COLUMNS.parameters([(entry.id, entry.due_at, entry.reported, entry.validity, entry.ended_by) for entry in entries]),
        )


def load_notices_in_force(tx: Transaction) -> list[tuple]:
    """Return (kind, dispute, addressee, clock, due_at) of every notice in force by which an agency has to act, in this order of columns."""
    return tx.rows("select kind, dispute, addressee, clock, due_at from notify.notices_in_force order by 2, 1, 3, 4, 5")


def insert_sealed_notices(tx: Transaction, notices: list[Notice]) -> None:
    """Insert notices about the safeguard lane into the separate table `sealed_notices`."""
    rows = [(n.id, n.dispute, n.to, n.event.type, tx.now) for n in notices]
    tx.insert("notify.sealed_notices", SEALED_NOTICE_COLUMNS, rows, "on conflict do nothing")


def load_inbox_notices_since(tx: Transaction, since: datetime, after: str, limit: int) -> list[tuple]:
    """Return up to `limit` notices sent to inboxes since this time, above the id `after`: (id, kind, dispute, addressee, data, time), in order."""
    return tx.rows(
        "select id, kind, dispute, addressee, about, made_at from notify.notices where channel = 'inbox' and made_at >= %s and id > %s order by id limit %s",
        (since, after, limit),
    )


def load_sealed_notices_since(tx: Transaction, since: datetime, after: str, limit: int) -> list[tuple]:
    """Return up to `limit` notices about the safeguard lane sent since this time, above the id `after`: (id, dispute, addressee, time), in order."""
    return tx.rows(
        "select id, dispute, addressee, made_at from notify.sealed_notices where made_at >= %s and id > %s order by id limit %s", (since, after, limit)
    )


# The statements below use now() of the database instead of `tx.now`, because the system clocks of two machines may differ by more than a lease.


def lease_addresses(tx: Transaction, limit: int, except_for: set[str], lease: timedelta) -> list[LeasedAddress]:
    """Take a lease on up to `limit` free addresses with due notices, in the order in which the addresses became free."""
    return [
        LeasedAddress(agency, url, bytes(secret), failures, free_at)
        for agency, url, secret, failures, free_at in tx.rows(
            "update notify.webhooks set free_at = now() + %s where agency in ("
            " select w.agency from notify.webhooks w where w.free_at <= now() and w.agency <> all(%s) and exists ("
            "  select 1 from notify.notices n where n.addressee = w.agency and n.status = 'waiting' and n.next_try_at <= now())"
            " order by w.free_at limit %s for update skip locked)"
            " returning agency, url, secret, failures, free_at",
            (lease, sorted(except_for), limit),
        )
    ]


def extend_lease(tx: Transaction, address: LeasedAddress, time: timedelta, failures: int) -> LeasedAddress | None:
    """Set the lease to end `time` from now; zero releases the address. Return None if another sender has the lease or the address was removed."""
    rows = tx.rows(
        "update notify.webhooks set free_at = now() + %s, failures = %s where agency = %s and free_at = %s returning agency, url, secret, failures, free_at",
        (time, failures, address.agency, address.free_at),
    )
    return next((LeasedAddress(agency, url, bytes(secret), failed, free_at) for agency, url, secret, failed, free_at in rows), None)


def load_next_try_at(tx: Transaction) -> datetime | None:
    """Return the time of the next attempt to send any waiting notice by webhook, or None if no notice is waiting."""
    return tx.rows("select min(next_try_at) from notify.notices where status = 'waiting'")[0][0]


def load_next_due_notice(tx: Transaction, agency: str) -> PendingWebhook | None:
    """Return the next due notice to the agency. Notices without an attempt come first, so that a refused notice does not delay them."""
    rows = tx.rows(
        "select id, kind, dispute, addressee, about, attempts from notify.notices"
        " where addressee = %s and status = 'waiting' and next_try_at <= now() order by tried_at nulls first, next_try_at, id limit 1",
        (agency,),
    )
    return next((PendingWebhook(*row) for row in rows), None)


def record_attempt(tx: Transaction, pending: PendingWebhook, status: str, why: str | None = None, delay: timedelta | None = None) -> bool:
    """Record an attempt and the resulting status. Return False if another sender has already recorded one; the caller then publishes no event."""
    return (
        tx.run(
            "update notify.notices set status = %s, why = %s, next_try_at = now() + %s, tried_at = now(), attempts = attempts + 1,"
            " settled_at = case when %s = 'waiting' then null else now() end"
            " where id = %s and channel = 'webhook' and status = 'waiting' and attempts = %s",
            (status, why, delay, status, pending.id, pending.attempts),
        )
        > 0
    )


def fail_all_due_notices(tx: Transaction, tried: PendingWebhook, why: str, delay: timedelta, max_attempts: int) -> list[tuple[PendingWebhook, str]]:
    """Record a failed attempt for every due notice of the address. Return the notices that are given up, with the reason."""
    rows = tx.rows(
        "update notify.notices set attempts = attempts + 1, why = %s, tried_at = case when id = %s then now() else tried_at end,"
        " status = case when attempts + 1 < %s then 'waiting' else 'undeliverable' end,"
        " next_try_at = case when attempts + 1 < %s then now() + %s end, settled_at = case when attempts + 1 < %s then null else now() end"
        " where addressee = %s and status = 'waiting' and next_try_at <= now() returning id, kind, dispute, addressee, about, attempts, status",
        (why, tried.id, max_attempts, max_attempts, delay, max_attempts, tried.to),
    )
    return [(PendingWebhook(*row), why) for *row, status in rows if status == "undeliverable"]


def give_up_notices_without_webhook(tx: Transaction) -> list[tuple[PendingWebhook, str]]:
    """Set waiting notices to `undeliverable` if the agency's webhook was removed. Return these notices, with the reason."""
    rows = tx.rows(
        "update notify.notices n set status = 'undeliverable', why = 'no_address', next_try_at = null, attempts = attempts + 1, settled_at = now()"
        " where status = 'waiting' and not exists (select 1 from notify.webhooks w where w.agency = n.addressee)"
        " returning id, kind, dispute, addressee, about, attempts"
    )
    return [(PendingWebhook(*row), "no_address") for row in rows]


def set_webhook(tx: Transaction, agency: str, url: str, secret: bytes, lease: timedelta) -> None:
    """Set or replace the webhook of an agency. A back-off of the previous address ends; a running lease continues, at most `lease` from now."""
    tx.run(
        "insert into notify.webhooks (agency, url, secret) values (%s, %s, %s) on conflict (agency) do update"
        " set url = excluded.url, secret = excluded.secret, failures = 0, free_at = least(webhooks.free_at, now() + %s)",
        (agency, url, psycopg2.Binary(tx.seal(secret)), lease),
    )


def remove_webhook(tx: Transaction, agency: str) -> bool:
    """Remove the webhook of an agency. Return whether there was one."""
    return tx.run("delete from notify.webhooks where agency = %s", (agency,)) > 0
