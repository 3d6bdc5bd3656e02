"""SQL of pinned codes: the codes that reports had in the installation whose message log is loaded into this one. Uses the caller's transaction."""

from plumbing.transaction import Transaction
from services.intake.store.log import EVENT_IDS


def load_pinned_codes(tx: Transaction, ids: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the pinned codes of these events, by (agency, event id)."""
    if not ids:
        return {}
    sql = f"select agency, event_id, code from intake.pinned_codes join {EVENT_IDS.rows} using (agency, event_id)"
    return {(agency, event_id): code for agency, event_id, code in tx.rows(sql, EVENT_IDS.parameters(list(set(ids))))}


def load_pinned(tx: Transaction, codes: list[str]) -> set[str]:
    """Return those of the codes that are pinned, so that no other dispute gets one of them."""
    return {code for (code,) in tx.rows("select code from intake.pinned_codes where code = any(%s)", (codes,))}
