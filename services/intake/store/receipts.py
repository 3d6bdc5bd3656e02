"""SQL of receipts, which are numbered per agency. Uses the caller's transaction."""

from collections import Counter
from datetime import datetime

from plumbing.events import Event, Reply
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import agency_of, agency_source
from services.intake.store.log import EVENT_IDS

CURSORS = Columns("agency text, last bigint")
RECEIPTS = Columns("id text, agency text, position bigint, body utf8")


def send_and_store(tx: Transaction, receipts: list[Reply]) -> None:
    """Send new receipts, and store each with its position in the numbering of its agency."""
    with_bodies = [(receipt, body) for receipt, body in zip(receipts, tx.post(receipts), strict=True)]
    counts = Counter(receipt.agency for receipt in receipts)
    agencies = sorted(counts)
    positions = {
        agency: last - counts[agency]
        for agency, last in tx.rows(
            f"insert into intake.receipt_cursors (agency, last) select * from {CURSORS.rows}"
            " on conflict (agency) do update set last = receipt_cursors.last + excluded.last returning agency, last",
            CURSORS.parameters([(agency, counts[agency]) for agency in agencies]),
        )
    }
    rows = []
    for receipt, body in with_bodies:
        positions[receipt.agency] += 1
        rows.append((receipt.id, receipt.agency, positions[receipt.agency], body))
    tx.insert("intake.receipts", RECEIPTS, rows)


def send_again(tx: Transaction, ids: list[str]) -> None:
    """Send the stored receipts with these ids again, unchanged. Ids without a stored receipt are ignored."""
    tx.outbox.post_again(tx.rows("select agency, id, body from intake.receipts where id = any(%s) order by agency, position", (ids,)))


def load_ids_since(tx: Transaction, since: datetime, after: str, limit: int) -> list[str]:
    """Return up to `limit` ids of receipts, above the id `after`, in order: those of events received since this time, and later receipts about older ones."""
    return [
        receipt_id
        for (receipt_id,) in tx.rows(
            "select r.id from intake.receipts r where r.id > %s and (convert_from(r.body, 'UTF8')::jsonb ->> 'time')::timestamptz >= %s order by r.id limit %s",
            (after, since, limit),
        )
    ]


def load_by_ids(tx: Transaction, ids: list[str]) -> list[bytes]:
    """Return the receipts with these ids as JSON bytes, in the order of the ids."""
    found = {receipt: bytes(body) for receipt, body in tx.rows("select id, body from intake.receipts where id = any(%s)", (ids,))}
    return [found[receipt] for receipt in ids]


def load_after(tx: Transaction, agency: str, position: int, limit: int) -> list[tuple[int, bytes]]:
    """Return up to `limit` receipts of an agency with positions above `position`, in order, as (position, receipt as JSON bytes)."""
    return [
        (found_at, bytes(body))
        for found_at, body in tx.rows(
            "select position, body from intake.receipts where agency = %s and position > %s order by position limit %s", (agency, position, limit)
        )
    ]


def load_epoch(tx: Transaction) -> int:
    """Return the number of the present epoch."""
    return tx.rows("select number from epoch")[0][0]


def load_loss_since(tx: Transaction, epoch: int) -> datetime | None:
    """Return since when confirmed events may have been lost in a recovery after this epoch; None if none were."""
    return tx.rows("select min(lost_since_at) from intake.recoveries where epoch > %s", (epoch,))[0][0]


def load_last_position(tx: Transaction, agency: str) -> int:
    """Return the last position assigned to a receipt of this agency; 0 if it has none."""
    return tx.rows("select coalesce(max(last), 0) from intake.receipt_cursors where agency = %s", (agency,))[0][0]


def load_unanswered_log_numbers(tx: Transaction, outcomes: list[Event]) -> dict[tuple[str, str], int]:
    """Return the log numbers, by source and event id, of the agency events that these outcomes decide and that have no outcome receipt yet."""
    causes = [outcome.data["event"] for outcome in outcomes]
    return {
        (agency_source(agency), event_id): seq
        for agency, event_id, seq in tx.rows(
            "select agency, event_id, seq from intake.log"
            f" join {EVENT_IDS.rows} using (agency, event_id) where refused_for is null"
            " and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || seq || '/outcome')",
            EVENT_IDS.parameters(list({(agency_of(cause["source"]), cause["id"]) for cause in causes})),
        )
    }
