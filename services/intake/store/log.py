"""SQL of the log of all events received from agencies; the log is a hash chain. Uses the caller's transaction."""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, Decision, LogEntry, agency_source
from services.intake.store.hash_chain import HashChain

EVENT_IDS = Columns("agency text, event_id text")
LOG_ENTRIES = Columns(
    "seq bigint, received_at timestamptz, agency text, event_id text, sha256 text, content_hash text, type text, happened_at timestamptz, dispute text,"
    " refused_for text, body_encrypted bytea, hash bytea"
)
CHAIN = HashChain(
    "intake.log",
    "seq, agency, event_id, sha256, type, dispute, refused_for",
    lambda entry: "\x1f".join(["" if value is None else str(value) for value in entry]).encode(),
)


def load_head_and_entries(tx: Transaction, context: BatchContext, ids: list[tuple[str, str]]) -> None:
    """Load the head of the log and the stored log entries with these (agency, event id) into `context`.

    Locks the head, so that batches are processed one after the other, whether they arrive over AMQP or HTTP.
    """
    context.log_head = CHAIN.lock_head(tx)
    for agency, event_id, seq, content_hash, is_accepted in tx.rows(
        f"select agency, event_id, seq, content_hash, refused_for is null from intake.log join {EVENT_IDS.rows} using (agency, event_id) order by seq",
        EVENT_IDS.parameters(list(set(ids))),
    ):
        context.log_entries.setdefault((agency_source(agency), event_id), []).append(LogEntry(seq, content_hash, is_accepted))


def append_entries(tx: Transaction, head: tuple[int, bytes], decisions: list[Decision]) -> None:
    """Append the log entries of these decisions, whose log numbers are already assigned."""
    if not decisions:
        return
    (seq, last_hash), rows = head, []
    for decision in decisions:
        event, seq = decision.event, decision.log_entry.seq
        dispute = decision.dispute.code if decision.dispute and decision.refusal is None else None
        refused_for = decision.refusal["code"] if decision.refusal else None
        last_hash = CHAIN.hash_entry(last_hash, (seq, decision.agency, event.id, decision.sha256, event.type, dispute, refused_for))
        encrypted = tx.seal(event.delivery.body) if decision.stores_body else None
        rows.append(
            (seq, tx.now, decision.agency, event.id, decision.sha256, decision.content_hash, event.type, event.time, dispute, refused_for, encrypted, last_hash)
        )
    tx.insert("intake.log", LOG_ENTRIES, rows)
    CHAIN.move_head(tx, seq, last_hash)
