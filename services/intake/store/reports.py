"""SQL of disputes, dispute reports, parties and matching tokens. Uses the caller's transaction.

All transactions take locks in the same order: the head of the log, serial numbers, disputes by code, receipt positions by agency.
"""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
import psycopg2

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, ComparableReport, Decision, Dispute, PartyTokens, StoredReport

REPORT_NOS = Columns("agency text, report_no text")
DISPUTES = Columns("code text, registered_at timestamptz, registered_by text")
REPORTS = Columns("agency text, report_no text, code text, seq bigint, registers_dispute boolean, reported_at timestamptz, facts jsonb")
PHASES = Columns("code text, phase text, since timestamptz")
WHOLE_PHASES = Columns("code text, phase text, settled_at timestamptz, ended_at timestamptz")
SEPARATED_REPORTS = Columns("seq bigint, code text, registers_dispute boolean")
MATCHING_TOKENS = Columns(
    "seq bigint, party int, side text, number bytea, mobile bytea, village bytea, name bytea, has_valid_check_digit boolean, is_organisation boolean,"
    " reported_at timestamptz"
)
LOOKUP_TOKENS = Columns("kind text, token bytea")
MATCHING_TOKEN_RETENTION = timedelta(days=90)  # three times the period in which reports are compared, because reports may arrive late
PARTIES = Columns("code text, seq bigint, encrypted bytea, encrypted_by_agency boolean")

DISPUTE_COLUMNS = "d.code, d.phase, d.settled_at, d.ended_at, d.merged_into, d.pending_request_seq, d.pending_into"
DISPUTE_COLUMN_COUNT = 7
# Selects the reports of the given disputes and of all disputes that are joined to them or have a pending request to be joined to them.
REPORTS_OF_JOINED = f"""
with recursive joined as (
    select {DISPUTE_COLUMNS} from intake.disputes d where code = any(%s)
    union select d.* from joined j cross join lateral (
        select {DISPUTE_COLUMNS} from intake.disputes d where d.merged_into = j.code union all select {DISPUTE_COLUMNS} from intake.disputes d where d.pending_into = j.code) d)
select {DISPUTE_COLUMNS}, r.agency, r.report_no, r.seq, l.event_id, r.reported_at, r.registers_dispute, r.facts
  from joined d join intake.reports r using (code) join intake.log l using (seq) order by r.seq
"""


def load_disputes(tx: Transaction, context: BatchContext, codes: set[str], report_nos: list[tuple[str, str]]) -> None:
    """Load disputes into `context`: by code, and by (agency, report number) of a dispute report.

    The disputes into which these disputes are merged are loaded too.
    """
    pointers = _add_disputes(context, tx.rows(f"select {DISPUTE_COLUMNS} from intake.disputes d where code = any(%s)", (sorted(codes),))) if codes else []
    for agency, report_no, *dispute in tx.rows(
        f"select agency, report_no, {DISPUTE_COLUMNS} from intake.reports join {REPORT_NOS.rows} using (agency, report_no) join intake.disputes d using (code)",
        REPORT_NOS.parameters(list(set(report_nos))),
    ):
        pointers += _add_disputes(context, [dispute])
        context.disputes_by_report[agency, report_no] = context.disputes[dispute[0]]
    _load_merge_targets(tx, context, pointers)


def _add_disputes(context, rows) -> list[tuple[str, str | None, str | None]]:
    """Add the disputes in these rows to the context. Return (code, merged_into, pending_into) of each dispute that points to another dispute."""
    for code, phase, settled_at, ended_at, _, pending_request_seq, _ in rows:
        context.disputes.setdefault(code, Dispute(code, phase=phase, settled_at=settled_at, ended_at=ended_at, pending_request_seq=pending_request_seq))
    return [(code, merged_into, pending_into) for code, _, _, _, merged_into, _, pending_into in rows if merged_into or pending_into]


def _load_merge_targets(tx, context, pointers):
    """Load the disputes to which these pointers lead, directly or through other disputes. Runs no statement if `pointers` is empty."""
    new = pointers
    while missing := {target for _, *targets in new for target in targets if target} - context.disputes.keys():
        new = _add_disputes(context, tx.rows(f"select {DISPUTE_COLUMNS} from intake.disputes d where code = any(%s)", (sorted(missing),)))
        pointers = pointers + new
    for code, merged_into, pending_into in pointers:
        dispute = context.disputes[code]
        dispute.merged_into, dispute.pending_into = context.disputes.get(merged_into), context.disputes.get(pending_into)


def load_stored_reports(tx: Transaction, context: BatchContext, codes: set[str]) -> None:
    """Load the reports of these disputes and of all disputes that are joined to them or have a pending request to be joined to them."""
    rows = tx.rows(REPORTS_OF_JOINED, (sorted(codes),))
    _load_merge_targets(tx, context, _add_disputes(context, [row[:DISPUTE_COLUMN_COUNT] for row in rows]))
    context.stored_reports = [StoredReport(*row[DISPUTE_COLUMN_COUNT:], context.disputes[row[0]]) for row in rows]


def load_reports_by_token(tx: Transaction, context: BatchContext, tokens: list[tuple[str, bytes]], since: datetime, until: datetime, limit: int) -> None:
    """Load the dispute reports that contain these (token kind, matching token) in a period: for each token, the latest `limit` reports.

    Each token takes one index scan that starts at the latest report, so that the cost does not grow with the number of older reports.
    """
    if not tokens:
        return
    query_by_kind = (
        "(select seq from intake.party_tokens where v.kind = '{0}' and {0} = v.token and reported_at between %s and %s"
        f" order by reported_at desc limit {limit})"
    )
    subquery = " union all ".join(query_by_kind.format(kind) for kind in ("number", "mobile", "village"))
    hits = tx.rows(
        f"select v.kind, v.token, s.seq from {LOOKUP_TOKENS.rows} cross join lateral ({subquery}) s", [*LOOKUP_TOKENS.parameters(tokens), *[since, until] * 3]
    )
    if not hits:
        return
    found = _load_comparable_reports(tx, context, sorted({seq for _, _, seq in hits}))
    for kind, token, seq in hits:
        context.reports_by_token.setdefault((kind, bytes(token)), []).append(found[seq])


def _load_comparable_reports(tx, context, seqs):
    """Return the dispute reports with these log numbers as ComparableReport, by log number."""
    rows = tx.rows(
        f"select r.seq, r.agency, r.reported_at, r.facts, {DISPUTE_COLUMNS} from intake.reports r join intake.disputes d using (code) where r.seq = any(%s)",
        (seqs,),
    )
    _load_merge_targets(tx, context, _add_disputes(context, [row[4:] for row in rows]))
    parties: dict[int, list[PartyTokens]] = {}
    for seq, side, number, mobile, village, name, has_valid_check_digit, is_organisation in tx.rows(
        "select seq, side, number, mobile, village, name, has_valid_check_digit, is_organisation from intake.party_tokens"
        " where seq = any(%s) order by seq, party",
        (seqs,),
    ):
        tokens = [None if token is None else bytes(token) for token in (number, mobile, village, name)]
        parties.setdefault(seq, []).append(PartyTokens(side, *tokens, has_valid_check_digit, is_organisation))
    found = {}
    for seq, agency, reported_at, facts, code, *_ in rows:
        amount = facts.get("amount_cny")
        found[seq] = ComparableReport(
            agency, reported_at, facts["township"], facts["kind"], parties[seq], facts.get("village"), facts.get("cause"),
            None if amount is None else Decimal(amount), context.disputes[code],
        )  # fmt: skip
    return found


def reserve_serial_numbers(tx: Transaction, area: str, year: int, count: int) -> tuple[int, bytes]:
    """Reserve the next `count` serial numbers of an area and year.

    Return the highest reserved count and the key with which codes.scattered_serial converts counts to serial numbers.
    """
    last, key = tx.rows(
        "insert into intake.serials (area, year, last, scatter_key) values (%s, %s, %s, %s)"
        " on conflict (area, year) do update set last = serials.last + excluded.last returning last, scatter_key",
        (area, year, count, psycopg2.Binary(secrets.token_bytes(32))),
    )[0]
    return last, bytes(key)


def save_decisions(tx: Transaction, accepted: list[Decision]) -> None:
    """Save the new disputes, reports, matching tokens and encrypted parties of these decisions. Move reports that were separated to another dispute."""
    registering, new_reports = [d for d in accepted if d.registers_dispute], [d for d in accepted if d.is_new_report]
    tx.insert(
        "intake.disputes",
        DISPUTES,
        [(d.dispute.code, d.dispute.registered_at, d.dispute.separated_report.agency if d.dispute.separated_report else d.agency) for d in registering],
    )
    tx.insert(
        "intake.reports",
        REPORTS,
        [(d.agency, d.event.subject, d.report_code or d.dispute.code, d.seq, d.registers_dispute, d.event.time, d.registration) for d in new_reports],
    )
    save_matching_tokens(tx, [(d.seq, d.comparable_report) for d in new_reports if d.comparable_report is not None])
    _save_parties(tx, [d for d in accepted if d.data.get("parties") or d.data.get("parties_sealed")])
    _move_separated_reports(tx, [(report.seq, report.dispute.code, report.registers_dispute) for d in accepted for report in d.separated_reports])


def save_matching_tokens(tx: Transaction, compared: list[tuple[int, ComparableReport]]) -> None:
    """Insert the matching tokens of these reports, given with their log numbers."""
    tx.insert(
        "intake.party_tokens",
        MATCHING_TOKENS,
        [
            (seq, index, p.side, p.number, p.mobile, p.village, p.name, p.has_valid_check_digit, p.is_organisation, report.reported_at)
            for seq, report in compared
            for index, p in enumerate(report.parties)
        ],
    )


def _save_parties(tx, decisions):
    rows = []
    for decision in decisions:
        by_agency = decision.data.get("parties_sealed")
        encrypted = by_agency.encode() if by_agency else tx.seal(orjson.dumps(decision.data["parties"]))
        rows.append((decision.dispute.code, decision.seq, encrypted, bool(by_agency)))
    tx.insert("intake.parties", PARTIES, rows)


def _move_separated_reports(tx, rows):
    """Move reports and their parties to a new dispute. Each row is (log number, new code, whether the new dispute is registered for the report)."""
    if rows:
        tx.write(
            f"update intake.reports r set code = v.code, registers_dispute = v.registers_dispute from {SEPARATED_REPORTS.rows} where r.seq = v.seq",
            SEPARATED_REPORTS.parameters(rows),
        )
        tx.write(f"update intake.parties p set code = v.code from {SEPARATED_REPORTS.rows} where p.seq = v.seq", SEPARATED_REPORTS.parameters(rows))


def save_phases(tx: Transaction, phases: dict[str, tuple[str, datetime]]) -> None:
    """Update the phases of disputes. `phases` maps dispute codes to (phase, time since when it holds); the time counts only if the phase changes.

    A dispute with a pending join request is skipped, because the outcome of the request contains the dispute's state.
    """
    if phases:
        tx.write(
            "update intake.disputes d set phase = v.phase,"
            " settled_at = case v.phase when 'open' then null when 'settled' then v.since else d.settled_at end, ended_at = case v.phase when 'ended' then v.since end"
            f" from {PHASES.rows} where d.code = v.code and d.phase <> v.phase and d.pending_request_seq is null",
            PHASES.parameters([(code, *phase) for code, phase in sorted(phases.items())]),
        )


def replace_phases(tx: Transaction, phases: dict[str, tuple[str, datetime | None, datetime | None]]) -> None:
    """Replace the phases of disputes and their times. `phases` maps dispute codes to (phase, since when settled, since when ended); see `save_phases`."""
    if phases:
        tx.write(
            "update intake.disputes d set (phase, settled_at, ended_at) = (v.phase, v.settled_at, v.ended_at)"
            f" from {WHOLE_PHASES.rows} where d.code = v.code and d.pending_request_seq is null",
            WHOLE_PHASES.parameters([(code, *phase) for code, phase in sorted(phases.items())]),
        )


def delete_expired_matching_tokens(tx: Transaction) -> int:
    """Delete the matching tokens that were stored too long ago to find duplicates. Return the number of deleted rows.

    The time of storing counts, because the reports of a past month that is loaded later must be compared with each other, too. Personal data may be stored only as long as necessary (个人信息保护法 19).
    """
    return tx.run("delete from intake.party_tokens where stored_at < %s", (tx.now - MATCHING_TOKEN_RETENTION,))
