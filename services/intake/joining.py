"""Joins reports of the same dispute (automatically by rule, or at the request of the mediation centre) and undoes joins. Pure.

A joined dispute keeps its code as an alias: `Dispute.merged_into` points to the dispute that continues. Undoing the join clears the pointer.
A report that was joined by rule when it arrived never had a separate code; if that join is undone, a new dispute is registered for the report.

Joining two codes ends a dispute, and undoing the join reopens it. Therefore the mediation service decides first, and `apply_outcome` applies
the decision. Until then the request is pending, and ordinary steps about the dispute wait. Each request is checked as if all pending requests
were applied, so that the result depends on the order of arrival, not on the speed of the mediation service.
"""

from collections.abc import Iterable
from datetime import datetime

from services.intake import duplicates, lane
from services.intake.duplicates import Duplicates
from services.intake.model import (
    ENDED,
    OPEN,
    SETTLED,
    UNASSIGNED_SEQ,
    Decision,
    Dispute,
    ExtraEvent,
    JoinRequest,
    StoredReport,
    WaitingStep,
    agency_source,
)

JOIN_STEPS = ("reports.joined", "reports.unjoined")  # these steps concern the code in the subject itself, not the dispute into which it is merged

# fmt: off
PHASE_BY_STATE = {  # phase of a dispute by its state in the mediation service; all other states have the phase OPEN
    "agreed":          SETTLED,
    "confirm_applied": SETTLED,
    "confirm_decided": SETTLED,
    "performing":      SETTLED,
    "enforcement":     SETTLED,
    "resolved":        SETTLED,
    "redirected":      ENDED,
    "closed":          ENDED,
}
# fmt: on


def phase_of_state(state: str) -> str:
    """Return the phase of a dispute (open, settled or ended) from its state in the mediation service."""
    return PHASE_BY_STATE.get(state, OPEN)


def phase_after(entries: Iterable[tuple[str, datetime]]) -> tuple[str, datetime | None, datetime | None]:
    """Return the phase of a dispute after these entries into states (state, time), since when it is settled, and since when it has ended."""
    phase, settled_at, ended_at = OPEN, None, None
    for state, at in entries:
        phase = phase_of_state(state)
        settled_at = None if phase == OPEN else settled_at or (at if phase == SETTLED else None)
        ended_at = ended_at or at if phase == ENDED else None
    return phase, settled_at, ended_at


def add_joins_and_proposals(decision: Decision, found: Duplicates) -> None:
    """Join a new dispute report to its certain duplicate, or propose its likely duplicates to the mediation centre."""
    if found.join is not None:
        other, comparison = found.join
        _join_on_arrival(decision, other.dispute, _reasons_and_days(comparison))
    _add_proposals(decision, found.proposals)


def add_pinned_join_or_proposals(decision: Decision, pinned_code: str, found: Duplicates, disputes: dict[str, Dispute]) -> None:
    """Register a new dispute report under its pinned code, or join it to the dispute that is registered under this code. Add the latter to `disputes`."""
    registered = disputes.get(pinned_code)
    decision.report_code = pinned_code
    if registered is not None:
        same = [found.join] if found.join is not None else found.proposals
        comparison = next((comparison for other, comparison in same if other.dispute.root is registered.root), None)
        _join_on_arrival(decision, registered, {} if comparison is None else _reasons_and_days(comparison))
        return
    decision.dispute.code, disputes[pinned_code] = pinned_code, decision.dispute
    _add_proposals(decision, [found.join] if found.join is not None else found.proposals)


def _join_on_arrival(decision, other, reasons_and_days):
    into = other.root
    facts = {"event": {"source": decision.event.source, "id": decision.event.id}, "agency": decision.agency, "found_by": "rule", **reasons_and_days}
    decision.pending_dispute = other.first_pending_dispute
    decision.dispute.registering_event, decision.dispute.merged_into = None, into
    decision.extra_events.append(ExtraEvent("dispute.merged", into, facts, {"into": into}))


def _add_proposals(decision, proposals):
    """Add events that propose likely duplicates. Each is about the later of two reports, by the times of the reports, whichever arrived first."""
    for other, comparison in proposals:
        facts = {"event": {"source": decision.event.source, "id": decision.event.id}, "agency": decision.agency, **_reasons_and_days(comparison)}
        pair = (other.dispute.root, decision.dispute)
        earlier, later = reversed(pair) if other.reported_at > decision.event.time else pair
        decision.extra_events.append(ExtraEvent("duplicate.proposed", later, facts, {"other": earlier}))


def _reasons_and_days(comparison):
    return {"reasons": duplicates.reasons_for_duplicate(comparison), "days": comparison.days}


# ── requests of the mediation centre ──────────────────────────────────────────────────────────────────────────────────


def join(decision: Decision, into: Dispute | None) -> str | None:
    """Request that the decision's dispute is joined to `into`, so that its code becomes an alias. Return the reason code of a refusal, or None."""
    ending = decision.dispute
    if into is None:
        return "unknown_dispute"
    if into is ending:
        return "joins_itself"
    if ending.pending_join_target is not None or into.pending_join_target is not None:  # cycles are impossible because only unmerged disputes are joined
        return "joined_already"
    if ENDED in (ending.phase_at(decision.event.time), into.phase_at(decision.event.time)):
        return "joins_an_ended_one"
    _request_join(decision, ending, into)
    return None


def undo_join(decision: Decision, reported_by: str, stored_reports: Iterable[StoredReport]) -> str | None:
    """Separate the reports of the agency `reported_by` from the decision's dispute. Return the reason code of a refusal, or None.

    If one of the reports has a separate code, a request to reopen that dispute is sent to the mediation service (of several such codes: the
    code of the latest report). If no report has a separate code, a new dispute is registered for the reports at once.
    """
    root = decision.dispute.root_after_pending_requests
    joined = [
        r
        for r in stored_reports
        if r.dispute.root_after_pending_requests is root and r.agency == reported_by and not (r.registers_dispute and r.dispute is root)
    ]
    if not joined:
        return "nothing_to_unjoin"
    separated = max(joined, key=lambda report: report.seq).dispute
    if separated is not root:
        separated.phase, separated.settled_at, separated.ended_at = OPEN, None, None
        decision.dispute = separated
        _request_join(decision, separated, None, reported_by)
        return None
    reports = sorted((report for report in joined if report.dispute is root), key=lambda report: report.seq)
    separated = decision.dispute = Dispute(None, registering_event=decision.event, separated_report=reports[0])
    for report in reports:
        report.dispute, report.registers_dispute = separated, report is reports[0]
    decision.separated_reports = reports
    decision.moved_reports = [(report, root, separated) for report in reports]
    facts = {"event": {"source": decision.event.source, "id": decision.event.id}, "agency": decision.agency, "reported_by": reported_by}
    decision.extra_events += _events_about_both_disputes("dispute.unmerged", root, separated, facts)
    return None


def _request_join(decision, dispute, into, reported_by=None):
    dispute.pending_request_seq, dispute.pending_into = UNASSIGNED_SEQ, into
    decision.join_request = JoinRequest(dispute, into, decision.agency, decision.event.id, decision.event.time, reported_by=reported_by)


def _events_about_both_disputes(event_type, previous, into, facts):
    return [ExtraEvent(event_type, dispute, facts, {"was": previous, "into": into}) for dispute in (previous, into)]


# ── decision of the mediation service ───────────────────────────────────────────────────────────────────────────────────


def apply_outcome(
    request: JoinRequest, is_applied: bool, stored_reports: Iterable[StoredReport]
) -> tuple[list[tuple[StoredReport, Dispute, Dispute]], list[ExtraEvent]]:
    """Join or separate the disputes if the mediation service applied the request.

    Return the moved reports (report, previous dispute, new dispute) and the events to publish. The request is no longer pending, also if it
    was refused.
    """
    dispute, moved, events = request.dispute, [], []
    facts = {"event": {"source": agency_source(request.agency), "id": request.event_id}, "agency": request.agency}
    if is_applied and request.into is not None:
        reports = [report for report in stored_reports if report.dispute.root is dispute]
        dispute.merged_into = request.into
        moved = [(report, dispute, dispute.root) for report in reports]
        events = _events_about_both_disputes("dispute.merged", dispute, request.into, facts | {"found_by": "centre"})
    elif is_applied and dispute.merged_into is not None:
        previous, dispute.merged_into = dispute.root, None
        moved = [(report, previous, dispute) for report in stored_reports if report.dispute.root is dispute]
        events = _events_about_both_disputes("dispute.unmerged", previous, dispute, facts | {"reported_by": request.reported_by})
    if dispute.pending_request_seq == request.seq:
        dispute.pending_request_seq = dispute.pending_into = None
    return moved, events


def release_waiting_steps(
    waiting: Iterable[WaitingStep], dispute: Dispute, undecided: dict[str, set[int]]
) -> tuple[list[tuple[WaitingStep, Dispute]], list[WaitingStep], list[WaitingStep]]:
    """Return three lists of the steps that waited for a decision about `dispute`.

    The lists are: the steps to publish, each with its dispute; all steps that no longer wait; and the steps that now wait for another dispute,
    with `code` changed. A step waits only for join requests that arrived before it. `undecided` has the log numbers of the undecided join
    requests, by dispute code.
    """
    to_publish, finished, waiting_elsewhere = [], [], []
    for step in waiting:
        pending = _next_pending_dispute(step, dispute, undecided)
        if pending is None:
            finished.append(step)
            if step.published_about != dispute.root.code:
                to_publish.append((step, dispute.root))
        elif pending is not dispute:
            step.code = pending.code
            waiting_elsewhere.append(step)
    return to_publish, finished, waiting_elsewhere


def _next_pending_dispute(step, dispute, undecided):
    while dispute is not None and not any(seq < step.seq for seq in undecided.get(dispute.code, ())):
        dispute = dispute.merged_into
    return dispute


def add_holds_of_published_steps(published: Iterable[tuple[WaitingStep, Dispute]]) -> list[tuple[WaitingStep, Dispute]]:
    """Put each dispute for which a published step opens a hold or a stay into the safeguard lane. Return these steps with their disputes."""
    held = []
    for step, dispute in published:
        opened = lane.hold_opened_by_domain_event(step.type, step.data) if step.stream else None
        if opened is not None:
            dispute.safeguard_lane_record = lane.add_hold(dispute.safeguard_lane_record, opened)
            held.append((step, dispute))
    return held
