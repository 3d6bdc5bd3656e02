"""SQL of routing: records of bodies, open disputes of mediators, and past disputes. Functions are given a transaction; they never commit, connect or decide."""

from datetime import datetime, timedelta

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.routing.proposing import BodyRecord

HALF_A_YEAR = timedelta(days=183)
RECORDS = Columns("body text, partition smallint, accepted bigint, declined bigint, open bigint")


def load_open_by_mediator(tx: Transaction, people: list[str], states: tuple[str, ...]) -> dict[str, int]:
    """Return how many disputes of the last half year each of these mediators has in one of these states. The count is not stored."""
    return dict(
        tx.rows(
            "select mediator, count(*) from mediation.disputes where mediator = any(%s) and opened_at > %s and state = any(%s) group by mediator",
            (people, tx.now - HALF_A_YEAR, list(states)),
        )
    )


def load_records(tx: Transaction) -> dict[str, BodyRecord]:
    """Return the records by code of the body."""
    rows = tx.rows("select body, sum(accepted)::bigint, sum(declined)::bigint, sum(open)::bigint from mediation.records group by body")
    return {body: BodyRecord(*counts) for body, *counts in rows}


def add_to_records(tx: Transaction, differences: dict[str, BodyRecord], partition: int) -> None:
    """Add to the records of these bodies. Rows are locked in order of the codes, to prevent deadlocks."""
    rows = [(body, partition, record.accepted, record.declined, record.open) for body, record in sorted(differences.items()) if record != BodyRecord()]
    tx.insert(
        "mediation.records",
        RECORDS,
        rows,
        "on conflict (body, partition) do update set accepted = records.accepted + excluded.accepted,"
        " declined = records.declined + excluded.declined, open = records.open + excluded.open",
    )


def load_past(tx: Transaction, since: datetime) -> list[tuple]:
    """Return (kind, township, particulars, body) of the disputes that were opened since then and routed to a body."""
    return tx.rows("select kind, township, particulars, body from mediation.disputes where opened_at >= %s and body is not null order by opened_at", (since,))
