"""Applies corrections of dispute reports, and withdrawals of corrections, that the mediation service has decided: facts, parties, matching tokens and proposed duplicates of the report.

Runs in the caller's transaction.
"""

from functools import cache

import orjson

from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import corrections, decrypt_parties, duplicates, identity, replies
from services.intake.model import BatchContext, ComparableReport, PendingCorrection
from services.intake.store import corrections as store
from services.intake.store import reports

_matching_token_key = cache(identity.matching_token_key)


def apply_decided(tx: Transaction, outcomes: list[Event]) -> None:
    """Apply the corrections and withdrawals that the mediation service has applied. `outcomes`: its events that decide about corrections and withdrawals."""
    for outcome in outcomes:
        correction = store.take_pending(tx, outcome)  # one at a time, because a correction may replace the facts that an earlier one has set
        if correction is not None and outcome.type != "step.refused" and not outcome.discarded:
            tx.say([_domain_event(extra, correction, outcome) for extra in _apply(tx, correction)])


def _apply(tx, correction):
    """Apply one correction. Return the proposals of duplicates that the report did not have before."""
    context = BatchContext()
    reports.load_disputes(tx, context, {correction.code}, [])
    before, after = _comparable_reports(tx, correction, context.disputes[correction.code])
    found = [_find_duplicates(tx, context, correction, report) for report in (before, after)]
    store.replace_report(tx, correction, corrections.facts_after(correction), after)
    return [] if after is None else corrections.new_proposals(correction, *found, after)


def _comparable_reports(tx, correction, dispute) -> tuple[ComparableReport | None, ComparableReport | None]:
    """Return the report before and after the correction, in the form in which reports are compared; None for a report that is not compared.

    A report that was made into the safeguard lane was never compared. A dispute that is held is compared as if it were free, because a difference would show
    that it is held.
    """
    if correction.is_registered_in_lane:
        return None, None
    stored = store.load_parties(tx, correction.report_seq)
    corrected = stored if correction.encrypted is None else (correction.encrypted, correction.encrypted_by_agency)
    compared = []
    for encrypted, report_facts in ((stored, correction.report_facts), (corrected, corrections.facts_after(correction))):
        parties = None if encrypted is None else _decrypt(tx, *encrypted)
        report = None
        if parties is not None:
            key = _matching_token_key(tx.settings.at_rest_key)
            report = duplicates.comparable_report(correction.report_agency, correction.reported_at, report_facts, parties, key)
        if report is not None:
            report.dispute = dispute
        compared.append(report)
    return compared[0], compared[1]


def _decrypt(tx, encrypted, by_agency) -> list[dict] | None:
    """Return the parties; None if an agency encrypted them for an earlier key of intake."""
    if not by_agency:
        return orjson.loads(tx.unseal(encrypted))
    try:
        return decrypt_parties.decrypt(encrypted.decode(), tx.settings.seal_private_key)
    except decrypt_parties.UnreadableParties:
        return None


def _find_duplicates(tx, context, correction: PendingCorrection, report: ComparableReport | None) -> duplicates.Duplicates:
    if report is None:
        return duplicates.Duplicates()
    context.reports_by_token.clear()
    window = duplicates.comparison_window([report])
    reports.load_reports_by_token(tx, context, duplicates.distinct_lookup_tokens([report]), *window, duplicates.MAX_REPORTS_PER_TOKEN + 1)
    others = {token: [other for other in found if other.dispute.root is not report.dispute.root] for token, found in context.reports_by_token.items()}
    return duplicates.BatchComparer(others).find_duplicates(report)


def _domain_event(extra, correction, outcome):
    cause = replies.cause_event(correction.event_id, outcome)
    return DomainEvent(extra.type, extra.dispute.code, extra.data(), time=correction.happened_at, cause=cause)
