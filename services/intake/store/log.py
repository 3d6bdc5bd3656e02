"""SQL of the log of all events received from agencies; the log is a hash chain. Uses the caller's transaction."""

from datetime import datetime

import orjson

from plumbing.events import Delivery
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, Decision, LogEntry, agency_source
from services.intake.store.hash_chain import HashChain

EVENT_IDS = Columns("agency text, event_id text")
LOG_ENTRIES = Columns(
    "seq bigint, received_at timestamptz, agency text, event_id text, sha256 text, content_hash text, type text, happened_at timestamptz, dispute text,"
    " refused_for text, delivery_encrypted bytea, hash bytea"
)
CHAIN = HashChain(
    "intake.log",
    "seq, agency, event_id, sha256, type, dispute, refused_for",
    lambda entry: "\x1f".join(["" if value is None else str(value) for value in entry]).encode(),
    "select 1 where exists (select from intake.recoveries where log_seq_before = %s) and exists (select from intake.recoveries where log_seq_after = %s)",
)


# The head of the log, and whether the codes of reports are pinned, in one statement.
LOCK_HEAD = "select h.seq, h.hash, coalesce((select has_pinned_codes from intake.replay_state), false) from intake.log_head h for update of h"
ENTRIES_WITH_REPORT_CODES = (
    "select l.seq, l.received_at, l.agency, l.event_id, l.type, l.happened_at, l.refused_for, l.dispute, r.code, l.delivery_encrypted"
    " from intake.log l left join intake.reports r using (seq) where l.seq > %s and l.seq <= %s order by l.seq limit %s"
)


def load_head_and_entries(tx: Transaction, context: BatchContext, ids: list[tuple[str, str]]) -> None:
    """Load the head of the log and the stored log entries with these (agency, event id) into `context`.

    Locks the head, so that batches are processed one after the other, whether they arrive over AMQP or HTTP.
    """
    seq, last_hash, context.has_pinned_codes = tx.rows(LOCK_HEAD)[0]
    context.log_head = seq, bytes(last_hash)
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
        encrypted = tx.seal(pack_delivery(event.delivery)) if decision.stores_body else None
        rows.append(
            (seq, tx.now, decision.agency, event.id, decision.sha256, decision.content_hash, event.type, event.time, dispute, refused_for, encrypted, last_hash)
        )
    tx.insert("intake.log", LOG_ENTRIES, rows)
    CHAIN.move_head(tx, seq, last_hash)


def load_entries_for_export(tx: Transaction, after: int, until: int, limit: int) -> list[tuple[int, datetime, str, str, str, datetime, str, str, str, bytes]]:
    """Return up to `limit` log entries with numbers above `after` and up to `until`, in order, each with the code of the report that it contains, if any."""
    return tx.rows(ENTRIES_WITH_REPORT_CODES, (after, until, limit))


def pack_delivery(delivery: Delivery) -> bytes:
    """Return a delivery as bytes: a JSON list of everything but the body, a line break, and the body unchanged. A JSON text contains no line break."""
    properties = [delivery.content_type, delivery.routing_key, delivery.user_id, delivery.message_id, delivery.headers, delivery.is_undecodable]
    return orjson.dumps(properties, default=str) + b"\n" + delivery.body


def unpack_delivery(packed: bytes) -> Delivery:
    """Return the delivery that `pack_delivery` packed."""
    properties, _, body = packed.partition(b"\n")
    return Delivery(body, *orjson.loads(properties))
