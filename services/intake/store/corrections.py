"""SQL of corrections of dispute reports. Uses the caller's transaction, which must hold the lock on the head of the log."""

import orjson
import psycopg2

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, ComparableReport, CorrectableReport, Decision, PendingCorrection, agency_of
from services.intake.store import reports
from services.intake.store.log import EVENT_IDS

CORRECTIONS = Columns("seq bigint, report_seq bigint, facts jsonb, encrypted bytea, encrypted_by_agency boolean")
# The report that an event is, or that it corrects.
REPORT_OF_EVENT = "coalesce((select c.report_seq from intake.report_corrections c where c.seq = l.seq), l.seq)"


def load_correctable_reports(tx: Transaction, context: BatchContext, ids: list[tuple[str, str]]) -> None:
    """Load the dispute reports that these accepted events, (agency, event id), are or correct, into `context`."""
    context.correctable_reports = {
        (agency, event_id): CorrectableReport(facts, stored_seq=seq)
        for agency, event_id, seq, facts in tx.rows(
            f"select l.agency, l.event_id, r.seq, r.facts from {EVENT_IDS.rows} join intake.log l using (agency, event_id)"
            f" join intake.reports r on r.seq = {REPORT_OF_EVENT} where l.refused_for is null",
            EVENT_IDS.parameters(list(set(ids))),
        )
    }


def save(tx: Transaction, corrections: list[tuple[Decision, dict]]) -> None:
    """Store corrections that the mediation service has to decide. `corrections`: decisions with the corrected facts as published."""
    rows = []
    for decision, facts in corrections:
        by_agency, parties = decision.data["facts"].get("parties_sealed"), decision.data["facts"].get("parties")
        encrypted = by_agency.encode() if by_agency else tx.seal(orjson.dumps(parties)) if parties else None
        rows.append((decision.seq, decision.corrected_report.seq, facts, encrypted, bool(by_agency)))
    tx.insert("intake.report_corrections", CORRECTIONS, rows)


def take_pending(tx: Transaction, outcomes: list[Event]) -> dict[tuple[str, str], PendingCorrection]:
    """Return the pending corrections that these outcomes decide, by (agency, event id). They are no longer pending afterwards, and their parties are deleted.

    Locks the head of the log, because the corrected reports are compared with others.
    """
    tx.rows("select seq from intake.log_head for update")
    causes = {(agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]) for outcome in outcomes}
    found = [
        PendingCorrection(*row[:5], None if row[5] is None else bytes(row[5]), *row[6:])
        for row in tx.rows(
            "select c.seq, l.agency, l.event_id, l.happened_at, c.facts, c.encrypted, c.encrypted_by_agency, r.seq, r.agency, r.reported_at, r.facts, r.code,"
            " r.registers_dispute, exists (select from intake.lane_records where code = r.code)"
            f" from {EVENT_IDS.rows} join intake.log l using (agency, event_id) join intake.report_corrections c using (seq)"
            " join intake.reports r on r.seq = c.report_seq where c.is_pending order by c.seq",
            EVENT_IDS.parameters(list(causes)),
        )
    ]
    if found:
        tx.write("update intake.report_corrections set is_pending = false, encrypted = null where seq = any(%s)", ([correction.seq for correction in found],))
    return {(correction.agency, correction.event_id): correction for correction in found}


def load_parties(tx: Transaction, report_seq: int) -> tuple[bytes, bool] | None:
    """Return the stored parties of a report, encrypted, and whether the agency has encrypted them; None if there are none."""
    rows = tx.rows("select encrypted, encrypted_by_agency from intake.parties where seq = %s", (report_seq,))
    return (bytes(rows[0][0]), rows[0][1]) if rows else None


def replace_report(tx: Transaction, correction: PendingCorrection, facts: dict, comparable_report: ComparableReport | None) -> None:
    """Replace the facts of a report, its parties if they were corrected, and its matching tokens. `facts`: the facts after the correction."""
    tx.write("update intake.reports set facts = %s where seq = %s", (orjson.dumps(facts).decode(), correction.report_seq))
    if correction.encrypted is not None:
        tx.write("delete from intake.parties where seq = %s", (correction.report_seq,))
        tx.write(
            "insert into intake.parties (code, seq, encrypted, encrypted_by_agency) values (%s, %s, %s, %s)",
            (correction.code, correction.report_seq, psycopg2.Binary(correction.encrypted), correction.encrypted_by_agency),
        )
    tx.write("delete from intake.party_tokens where seq = %s", (correction.report_seq,))
    if comparable_report is not None:
        reports.save_matching_tokens(tx, [(correction.report_seq, comparable_report)])
    if correction.registers_dispute and correction.was_in_lane:
        tx.write(
            "update intake.lane_records set registration = (select jsonb_object_agg(key, value) from jsonb_each(registration)"
            " where key in ('event', 'agency', 'happened_at')) || %s::jsonb where code = %s and reported_in_lane",
            (orjson.dumps(facts).decode(), correction.code),
        )
