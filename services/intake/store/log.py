"""SQL of the log of everything that agencies sent, a hash chain. Given a transaction; never commits or decides."""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import Decision, Known, Logged, agency_source
from services.intake.store.hash_chain import HashChain

EVENTS = Columns("agency text, event_id text")
LOG = Columns(
    "seq bigint, received_at timestamptz, agency text, event_id text, sha256 text, content text, type text, happened_at timestamptz, dispute text,"
    " refused_for text, body_sealed bytea, hash bytea"
)
CHAIN = HashChain(
    "intake.log",
    "seq, agency, event_id, sha256, type, dispute, refused_for",
    lambda entry: "\x1f".join(["" if part is None else str(part) for part in entry]).encode(),
)


def load(tx: Transaction, known: Known, ids: list[tuple[str, str]]) -> None:
    """The log's head, and the earlier entries with these (agency, id).

    Locks the head: events are taken in one batch after the other, whichever door they come by.
    """
    known.head = CHAIN.lock_head(tx)
    for agency, event_id, seq, content, accepted in tx.rows(
        f"select agency, event_id, seq, content, refused_for is null from intake.log join {EVENTS.rows} using (agency, event_id) order by seq",
        EVENTS.of(list(set(ids))),
    ):
        known.logged.setdefault((agency_source(agency), event_id), []).append(Logged(seq, content, accepted))


def append(tx: Transaction, head: tuple[int, bytes], decisions: list[Decision]) -> None:
    """Writes the entries of these decisions, which have their numbers."""
    if not decisions:
        return
    (seq, last), rows = head, []
    for decision in decisions:
        event, seq = decision.event, decision.logged.seq
        dispute = decision.dispute.code if decision.dispute and decision.refused is None else None
        refused = decision.refused["code"] if decision.refused else None
        last = CHAIN.link(last, (seq, decision.agency, event.id, decision.sha256, event.type, dispute, refused))
        sealed = tx.seal(event.delivery.body) if decision.may_be_kept else None
        rows.append((seq, tx.now, decision.agency, event.id, decision.sha256, decision.content, event.type, event.time, dispute, refused, sealed, last))
    tx.insert("intake.log", LOG, rows)
    CHAIN.move_head(tx, seq, last)
