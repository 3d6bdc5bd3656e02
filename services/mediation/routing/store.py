"""SQL of routing: each body's record, and what mediators and past disputes show. Given a transaction; never commits, connects or decides."""

from datetime import datetime, timedelta

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.routing.proposing import Record

HALF_A_YEAR = timedelta(days=183)
RECORDS = Columns("body text, partition smallint, accepted bigint, declined bigint, open bigint")


def load_open_by_mediator(tx: Transaction, people: list[str], states: tuple[str, ...]) -> dict[str, int]:
    """Return how many disputes of the last half year each of these mediators has in one of these states. Counted when it is needed, and stored nowhere."""
    return dict(
        tx.rows(
            "select mediator, count(*) from mediation.disputes where mediator = any(%s) and opened_at > %s and state = any(%s) group by mediator",
            (people, tx.now - HALF_A_YEAR, list(states)),
        )
    )


def load_records(tx: Transaction) -> dict[str, Record]:
    rows = tx.rows("select body, sum(accepted)::bigint, sum(declined)::bigint, sum(open)::bigint from mediation.records group by body")
    return {body: Record(*counts) for body, *counts in rows}


def add_to_records(tx: Transaction, changes: dict[str, Record], partition: int) -> None:
    """Add to the records of these bodies. Rows are locked in the order of their codes, at the end of the transaction."""
    rows = [(body, partition, by.accepted, by.declined, by.open) for body, by in sorted(changes.items()) if by != Record()]
    tx.insert(
        "mediation.records",
        RECORDS,
        rows,
        "on conflict (body, partition) do update set accepted = records.accepted + excluded.accepted,"
        " declined = records.declined + excluded.declined, open = records.open + excluded.open",
    )


def load_past(tx: Transaction, since: datetime) -> list[tuple]:
    """Return (kind, township, particulars, body) of the disputes that were sent to a body since that day, as they were then."""
    return tx.rows("select kind, township, particulars, body from mediation.disputes where opened_at >= %s and body is not null order by opened_at", (since,))
