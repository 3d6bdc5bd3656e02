"""SQL of pinned codes: the codes that reports had in the installation whose message log is loaded into this one. Uses the caller's transaction."""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.store.log import EVENT_IDS

PINNED_CODES = Columns("agency text, event_id text, code text")


def load_pinned_codes(tx: Transaction, ids: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the pinned codes of these events, by (agency, event id)."""
    if not ids:
        return {}
    sql = f"select agency, event_id, code from intake.pinned_codes join {EVENT_IDS.rows} using (agency, event_id)"
    return {(agency, event_id): code for agency, event_id, code in tx.rows(sql, EVENT_IDS.parameters(list(set(ids))))}


def load_pinned(tx: Transaction, codes: list[str]) -> set[str]:
    """Return those of the codes that are pinned, so that no other dispute gets one of them."""
    return {code for (code,) in tx.rows("select code from intake.pinned_codes where code = any(%s)", (codes,))}


def is_empty(tx: Transaction) -> bool:
    """Return whether this installation has never received an event."""
    return tx.rows("select seq from intake.log_head")[0][0] == 0


def pin_codes(tx: Transaction, codes: list[tuple[str, str, str]]) -> None:
    """Pin the codes of these events: rows (agency, event id, code)."""
    tx.insert("intake.pinned_codes", PINNED_CODES, codes)
    tx.run("update intake.replay_state set has_pinned_codes = true")


def count_outbox_rows(tx: Transaction) -> int:
    return tx.rows("select count(*) from outbox")[0][0]


def find_decided(tx: Transaction, ids: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of these events, (agency, event id), that have a receipt with their outcome."""
    if not ids:
        return set()
    sql = (
        f"select l.agency, l.event_id from {EVENT_IDS.rows} join intake.log l using (agency, event_id)"
        " join intake.receipts r on r.id = 'receipt/' || l.seq || '/outcome' where l.refused_for is null"
    )
    return set(tx.rows(sql, EVENT_IDS.parameters(ids)))


def has_undecided_events(tx: Transaction) -> bool:
    """Return whether an accepted event has no receipt with its outcome yet, or a row of the outbox is not published."""
    return tx.rows(
        "select exists (select from outbox) or exists (select from intake.log l where l.refused_for is null"
        " and not exists (select from intake.receipts r where r.id = 'receipt/' || l.seq || '/outcome'))"
    )[0][0]
