"""SQL of receipts: every answer to an agency, numbered per agency. Given a transaction; never commits or decides."""

from collections import Counter

from plumbing.events import Event, Reply
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import agency_of, agency_source
from services.intake.store.log import EVENTS

CURSORS = Columns("agency text, last bigint")
RECEIPTS = Columns("id text, agency text, position bigint, body utf8")


def post(tx: Transaction, receipts: list[Reply]) -> None:
    """Sends new receipts and keeps them, numbered per agency. One that was given before is sent again as it was."""
    kept = [(receipt, body) for receipt, body in zip(receipts, tx.post(receipts), strict=True)]
    counts = Counter(receipt.agency for receipt in receipts)
    agencies = sorted(counts)
    position = {
        agency: last - counts[agency]
        for agency, last in tx.rows(
            f"insert into intake.receipt_cursors (agency, last) select * from {CURSORS.rows}"
            " on conflict (agency) do update set last = receipt_cursors.last + excluded.last returning agency, last",
            CURSORS.of([(agency, counts[agency]) for agency in agencies]),
        )
    }
    rows = []
    for receipt, body in kept:
        position[receipt.agency] += 1
        rows.append((receipt.id, receipt.agency, position[receipt.agency], body))
    tx.insert("intake.receipts", RECEIPTS, rows)


def post_again(tx: Transaction, ids: list[str]) -> None:
    """Sends these receipts again, as they were, where they have been given."""
    tx.outbox.post_again(tx.rows("select agency, id, body from intake.receipts where id = any(%s) order by agency, position", (ids,)))


def load(tx: Transaction, ids: list[str]) -> list[bytes]:
    """These receipts, in the same order, as JSON bytes."""
    found = {receipt: bytes(body) for receipt, body in tx.rows("select id, body from intake.receipts where id = any(%s)", (ids,))}
    return [found[receipt] for receipt in ids]


def after(tx: Transaction, agency: str, position: int, limit: int) -> list[tuple[int, bytes]]:
    """An agency's receipts behind `position`, in order: (position, event as JSON bytes)."""
    return [
        (at, bytes(body))
        for at, body in tx.rows(
            "select position, body from intake.receipts where agency = %s and position > %s order by position limit %s", (agency, position, limit)
        )
    ]


def unanswered(tx: Transaction, outcomes: list[Event]) -> dict[tuple[str, str], int]:
    """The log numbers of the agency events that these outcomes are about and that have no outcome receipt yet, by source and id."""
    causes = [outcome.data["event"] for outcome in outcomes]
    return {
        (agency_source(agency), event_id): seq
        for agency, event_id, seq in tx.rows(
            "select agency, event_id, seq from intake.log"
            f" join {EVENTS.rows} using (agency, event_id) where refused_for is null"
            " and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || seq || '/outcome')",
            EVENTS.of(list({(agency_of(cause["source"]), cause["id"]) for cause in causes})),
        )
    }
