"""SQL of routing: statistics of mediation bodies, open disputes of mediators, and past disputes.

Each function is given a transaction. It does not commit, connect or decide anything.
"""

from datetime import datetime, timedelta

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.routing.proposing import BodyStatistics

COUNTING_PERIOD = timedelta(days=183)  # a mediator's open disputes are counted if they were opened in this period
STATISTICS_COLUMNS = Columns("body text, partition smallint, accepted bigint, declined bigint, open bigint")


def load_open_disputes_by_mediator(tx: Transaction, people: list[str], states: tuple[str, ...]) -> dict[str, int]:
    """Return, for each of these mediators, the number of disputes of the last half year in one of these states. The numbers are not stored."""
    return dict(
        tx.rows(
            "select mediator, count(*) from mediation.disputes where mediator = any(%s) and opened_at > %s and state = any(%s) group by mediator",
            (people, tx.now - COUNTING_PERIOD, list(states)),
        )
    )


def load_body_statistics(tx: Transaction) -> dict[str, BodyStatistics]:
    """Return the statistics of every mediation body, by code of the body."""
    rows = tx.rows("select body, sum(accepted)::bigint, sum(declined)::bigint, sum(open)::bigint from mediation.body_statistics group by body")
    return {body: BodyStatistics(*counts) for body, *counts in rows}


def add_to_body_statistics(tx: Transaction, differences: dict[str, BodyStatistics], partition: int) -> None:
    """Add differences to the statistics of these bodies. Rows are locked in order of the codes, to prevent deadlocks."""
    rows = [
        (body, partition, difference.accepted, difference.declined, difference.open)
        for body, difference in sorted(differences.items())
        if difference != BodyStatistics()
    ]
    tx.insert(
        "mediation.body_statistics",
        STATISTICS_COLUMNS,
        rows,
        "on conflict (body, partition) do update set accepted = body_statistics.accepted + excluded.accepted,"
        " declined = body_statistics.declined + excluded.declined, open = body_statistics.open + excluded.open",
    )


def load_past_disputes(tx: Transaction, since: datetime) -> list[tuple]:
    """Return (kind, township, particulars, body) of each dispute that was opened since then and routed to a body."""
    return tx.rows("select kind, township, particulars, body from mediation.disputes where opened_at >= %s and body is not null order by opened_at", (since,))
