"""SQL of corrections of dispute reports. Uses the caller's transaction, which must hold the lock on the head of the log."""

import orjson
import psycopg2

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, ComparableReport, CorrectableReport, Decision, NamedEvent, PendingCorrection, agency_of
from services.intake.store import reports
from services.intake.store.log import EVENT_IDS

CORRECTIONS = Columns("seq bigint, report_seq bigint, withdraws_seq bigint, facts jsonb, encrypted bytea, encrypted_by_agency boolean")
NAMED_EVENTS = (
    f"select l.agency, l.event_id, l.seq, r.seq, r.facts from {EVENT_IDS.rows} join intake.log l using (agency, event_id)"
    " join intake.reports r on r.seq = coalesce((select c.report_seq from intake.report_corrections c where c.seq = l.seq), l.seq)"
    " where l.refused_for is null"
)
PENDING_CORRECTION = (
    "select c.seq, l.agency, l.event_id, l.happened_at, c.facts, w.facts_before, coalesce(c.encrypted, w.encrypted_before),"
    " coalesce(w.encrypted_before_by_agency, c.encrypted_by_agency), r.seq, r.agency, r.reported_at, r.facts, r.code, r.registers_dispute,"
    " exists (select from intake.lane_records where code = r.code and registration is not null)"
    " from intake.log l join intake.report_corrections c using (seq) join intake.reports r on r.seq = c.report_seq"
    " left join intake.report_corrections w on w.seq = c.withdraws_seq where l.agency = %s and l.event_id = %s and l.refused_for is null and c.is_pending"
)


def load_named_events(tx: Transaction, context: BatchContext, ids: list[tuple[str, str]]) -> None:
    """Load those of these accepted events, (agency, event id), that are dispute reports or corrections of one, into `context`."""
    context.named_events = {
        (agency, event_id): NamedEvent(CorrectableReport(facts, stored_seq=report_seq), stored_seq=seq, is_report=seq == report_seq)
        for agency, event_id, seq, report_seq, facts in tx.rows(NAMED_EVENTS, EVENT_IDS.parameters(list(set(ids))))
    }


def save(tx: Transaction, corrections: list[tuple[Decision, dict | None]]) -> None:
    """Store corrections and withdrawals that the mediation service has to decide. `corrections`: decisions with the corrected facts as published, or None."""
    rows = []
    for decision, facts in corrections:
        reported = decision.data.get("facts", {})
        by_agency, parties = reported.get("parties_sealed"), reported.get("parties")
        encrypted = by_agency.encode() if by_agency else tx.seal(orjson.dumps(parties)) if parties else None
        withdraws = decision.corrects.seq if facts is None else None
        rows.append((decision.seq, decision.corrects.report.seq, withdraws, facts, encrypted, bool(by_agency)))
    tx.insert("intake.report_corrections", CORRECTIONS, rows)


def take_pending(tx: Transaction, outcome: Event) -> PendingCorrection | None:
    """Return the pending correction or withdrawal that this outcome decides, or None. It is no longer pending afterwards.

    Locks the head of the log, because the corrected report is compared with others.
    """
    tx.rows("select seq from intake.log_head for update")
    cause = outcome.data["event"]
    rows = tx.rows(PENDING_CORRECTION, (agency_of(cause["source"]), cause["id"]))
    if not rows:
        return None
    (row,) = rows
    tx.write("update intake.report_corrections set is_pending = false, encrypted = null where seq = %s", (row[0],))
    return PendingCorrection(*row[:6], None if row[6] is None else bytes(row[6]), *row[7:])


def load_parties(tx: Transaction, report_seq: int) -> tuple[bytes, bool] | None:
    """Return the stored parties of a report, encrypted, and whether the agency has encrypted them; None if there are none."""
    rows = tx.rows("select encrypted, encrypted_by_agency from intake.parties where seq = %s", (report_seq,))
    return (bytes(rows[0][0]), rows[0][1]) if rows else None


def replace_report(tx: Transaction, correction: PendingCorrection, facts: dict, comparable_report: ComparableReport | None) -> None:
    """Replace the facts of a report, its parties if they were corrected, and its matching tokens. `facts`: the facts after the correction.

    The facts and the encrypted parties that are replaced are kept with the correction, so that its withdrawal can restore them.
    """
    tx.write("update intake.report_corrections set facts_before = %s where seq = %s", (orjson.dumps(correction.report_facts).decode(), correction.seq))
    tx.write("update intake.reports set facts = %s where seq = %s", (orjson.dumps(facts).decode(), correction.report_seq))
    if correction.encrypted is not None:
        tx.write(
            "update intake.report_corrections c set (encrypted_before, encrypted_before_by_agency) = (p.encrypted, p.encrypted_by_agency)"
            " from intake.parties p where p.seq = c.report_seq and c.seq = %s",
            (correction.seq,),
        )
        tx.write("delete from intake.parties where seq = %s", (correction.report_seq,))
        tx.write(
            "insert into intake.parties (code, seq, encrypted, encrypted_by_agency) values (%s, %s, %s, %s)",
            (correction.code, correction.report_seq, psycopg2.Binary(correction.encrypted), correction.encrypted_by_agency),
        )
    tx.write("delete from intake.party_tokens where seq = %s", (correction.report_seq,))
    if comparable_report is not None:
        reports.save_matching_tokens(tx, [(correction.report_seq, comparable_report)])
    if correction.registers_dispute and correction.is_registered_in_lane:
        tx.write(
            "update intake.lane_records set registration = (select jsonb_object_agg(key, value) from jsonb_each(registration)"
            " where key in ('event', 'agency', 'happened_at')) || %s::jsonb where code = %s and reported_in_lane",
            (orjson.dumps(facts).decode(), correction.code),
        )
