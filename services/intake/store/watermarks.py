"""SQL of the watermarks: up to which time each agency has reported. Uses the caller's transaction, which must hold the lock on the head of the log."""

from datetime import datetime

from plumbing.rows import Columns
from plumbing.transaction import Transaction

WATERMARKS = Columns("agency text, up_to timestamptz, stated_up_to timestamptz")
NEWEST = "greatest(up_to, stated_up_to)"  # greatest() ignores null
HAS_ADVANCED = f"{NEWEST} > coalesce(published_up_to, '-infinity')"


def record(tx: Transaction, rows: list[tuple[str, datetime | None, datetime | None]]) -> None:
    """Advance the watermarks of these agencies. Each row is (agency, newest time of an event, newest time stated with agency.alive). Earlier times have no effect."""
    tx.insert(
        "intake.watermarks as w",
        WATERMARKS,
        rows,
        "on conflict (agency) do update set up_to = greatest(w.up_to, excluded.up_to), stated_up_to = greatest(w.stated_up_to, excluded.stated_up_to)"
        " where (w.up_to, w.stated_up_to) is distinct from (greatest(w.up_to, excluded.up_to), greatest(w.stated_up_to, excluded.stated_up_to))",
    )


def has_unpublished(tx: Transaction) -> bool:
    """Return whether a watermark has advanced since the last publication. Needs no lock."""
    return tx.rows(f"select exists (select from intake.watermarks where {HAS_ADVANCED})")[0][0]


def take_unpublished(tx: Transaction) -> list[tuple[str, datetime, bool]]:
    """Mark all watermarks as published. Return those that have advanced, as (agency, time, whether the agency stated it)."""
    return sorted(
        tx.rows(
            f"update intake.watermarks set published_up_to = {NEWEST} where {HAS_ADVANCED}"
            " returning agency, published_up_to, coalesce(stated_up_to >= coalesce(up_to, stated_up_to), false)"
        )
    )


def load_all(tx: Transaction) -> list[tuple[str, datetime | None, datetime | None]]:
    """Return the watermarks of all agencies: rows (agency, newest time of an event, newest stated time)."""
    return tx.rows("select agency, up_to, stated_up_to from intake.watermarks order by agency")
