"""What a proposal needs, brought together: the county's rules from their file, the rosters, and each body's record. SQL and a file; no rule."""

from datetime import timedelta
from pathlib import Path

from structlog import get_logger

from plumbing.database import Transaction
from plumbing.logs import describe
from plumbing.rows import Columns
from services.mediation.roster_store import OnHand
from services.mediation.routing import handling, table
from services.mediation.routing.proposing import Record

HALF_A_YEAR = timedelta(days=183)
log = get_logger()
OUR_RULES = Path(table.__file__).parent / "rules.csv"
RECORDS = Columns("body text, partition smallint, accepted bigint, declined bigint, open bigint")


class WrongRules(ValueError):
    """The file of routing rules has mistakes; the argument lists them."""


class Desk:
    """The rules and rosters as this process remembers them. A wrong file keeps it from starting; one that becomes wrong later changes nothing, and is said."""

    def __init__(self, rules: str | None = None):
        self._file = Path(rules) if rules else OUR_RULES
        self._stamp = self._stamped()
        self.rules = read_rules(self._file)
        self.on_hand = OnHand()

    def look(self) -> None:
        """Reads the rules again if the file is another than before."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.rules = read_rules(self._file)
        except (WrongRules, OSError) as wrong:
            log.error(
                "The file of routing rules is invalid.",
                path=str(self._file),
                # A mistake names its line and column, never what is written there.
                reason=str(wrong)[:500] if isinstance(wrong, WrongRules) else describe(wrong),
                consequence="Proposals are made by the last valid rules.",
                next="Correct the file: it is read again when it changes.",
            )

    def _stamped(self):
        return self._file.exists() and self._file.stat().st_mtime_ns


def read_rules(file: Path) -> table.Rules:
    """Raises WrongRules."""
    rules, wrong = table.read(file.read_bytes())
    if wrong:
        raise WrongRules("\n".join(str(one) for one in wrong[:20]))
    return rules


def propose(tx: Transaction, decided: list, desk: Desk, roster) -> None:
    """Wherever a decision began the centre's time for routing, whom it may send the dispute to is said beside it."""
    asking = [decision for _, decision in decided if handling.begins_routing(decision)]
    if not asking:
        return
    records = load_records(tx)
    for decision in asking:
        handling.add_proposal(decision, desk.rules, roster, records, tx.now)


def propose_mediators(tx: Transaction, decided: list, roster) -> None:
    """Wherever a decision leaves open who mediates, those of the body who might are said beside it."""
    asking = [decision for _, decision in decided if handling.needs_a_mediator(decision)]
    people = sorted({number for decision in asking for number in handling.people_to_choose_from(decision.dispute, roster, tx.now)})
    if not people:
        return
    open_now = load_at_hand(tx, people)
    for decision in asking:
        handling.add_mediators(decision, roster, open_now, tx.now)


def load_at_hand(tx: Transaction, people: list[str]) -> dict[str, int]:
    """How many disputes of the last half year each of these has at hand. Counted when it is needed, to share out the work, and kept nowhere."""
    return dict(
        tx.rows(
            "select mediator, count(*) from mediation.disputes where mediator = any(%s) and opened_at > %s and state = any(%s) group by mediator",
            (people, tx.now - HALF_A_YEAR, list(handling.AT_HAND)),
        )
    )


def load_records(tx: Transaction) -> dict[str, Record]:
    rows = tx.rows("select body, sum(accepted)::bigint, sum(declined)::bigint, sum(open)::bigint from mediation.records group by body")
    return {body: Record(*counts) for body, *counts in rows}


def keep_records(tx: Transaction, moved: dict[str, Record], partition: int) -> None:
    """Adds to the records of these bodies. Rows are locked in the order of their codes, at the end of the transaction."""
    rows = [(body, partition, by.accepted, by.declined, by.open) for body, by in sorted(moved.items()) if by != Record()]
    tx.insert(
        "mediation.records",
        RECORDS,
        rows,
        "on conflict (body, partition) do update set accepted = records.accepted + excluded.accepted,"
        " declined = records.declined + excluded.declined, open = records.open + excluded.open",
    )


def past(tx: Transaction, since):
    """Disputes that were sent to a body since that day, as they were then, with where they went."""
    return tx.rows("select kind, township, particulars, body from mediation.disputes where opened_at >= %s and body is not null order by opened_at", (since,))
