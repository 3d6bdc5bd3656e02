"""Joins reports that are one dispute, and takes them apart again: by the rules at the door, or because the centre says so. Pure.

A joined dispute keeps its code as another name of the one that goes on; `Dispute.merged_into` points there. So a join can be undone: the
pointer goes, and the code is its own again. A report that was joined at the door never had a code; taken apart, it gets one.

A join of two codes, and its undoing, end or revive a dispute: mediation is asked first, and `settle` does what it answers. Until then the
dispute is in question, and ordinary steps about it wait. Which joins are possible is decided as if everything asked so far were taken: so the
order in which things came in counts, and not how fast mediation answers.
"""

from collections.abc import Iterable

from services.intake import duplicates, lane
from services.intake.duplicates import Found
from services.intake.model import (
    ENDED,
    IN_THIS_BATCH,
    OPEN,
    SETTLED,
    Decision,
    Dispute,
    ExtraEvent,
    JoinRequest,
    StoredReport,
    WaitingStep,
    agency_source,
)

STEPS = ("reports.joined", "reports.unjoined")  # about codes as they are, not about the dispute that they stand for

# fmt: off
STANDING = {
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


def standing_in(state: str) -> str:
    """How a dispute stands, by the state that mediation says it is in."""
    return STANDING.get(state, OPEN)


def by_rule(decision: Decision, found: Found) -> None:
    """A report that is certainly of a known dispute joins it; one that may be is proposed."""
    event = {"source": decision.event.source, "id": decision.event.id}
    if found.joins is not None:
        other, likeness = found.joins
        into, facts = other.dispute.root, {"event": event, "agency": decision.agency, "found_by": "rule", **_alike(likeness)}
        decision.waits_at = other.dispute.in_question
        decision.dispute.registered_by, decision.dispute.merged_into = None, into
        decision.extra.append(ExtraEvent("dispute.merged", into, facts, {"into": into}))
    for other, likeness in found.proposals:
        facts = {"event": event, "agency": decision.agency, **_alike(likeness)}
        decision.extra.append(ExtraEvent("duplicate.proposed", decision.dispute, facts, {"other": other.dispute.root}))


def _alike(likeness):
    return {"reasons": duplicates.reasons_for(likeness), "days": likeness.days}


# ── the centre decides ────────────────────────────────────────────────────────────────────────────────────────────────────


def join(decision: Decision, into: Dispute | None) -> str | None:
    """Two codes are one dispute: the one it is said about ends, `into` goes on. Asks mediation, or returns the reason why not."""
    ending = decision.dispute
    if into is None:
        return "unknown_dispute"
    if into is ending:
        return "joins_itself"
    if ending.will_be_merged_into is not None or into.will_be_merged_into is not None:  # of two that are nobody's other name no circle can come
        return "joined_already"
    if ENDED in (ending.standing, into.standing):
        return "joins_an_ended_one"
    _ask(decision, ending, into)
    return None


def unjoin(decision: Decision, reported_by: str, stored: Iterable[StoredReport]) -> str | None:
    """The reports of one agency get their own code again: the one they had, else a new one. Returns the reason why not.

    Of several codes that were joined one after the other the latest goes first. About a code that they had mediation is asked.
    """
    joint = decision.dispute.joint
    joined = [r for r in stored if r.dispute.joint is joint and r.agency == reported_by and not (r.registers and r.dispute is joint)]
    if not joined:
        return "nothing_to_unjoin"
    own = max(joined, key=lambda report: report.seq).dispute
    if own is not joint:
        own.standing = OPEN
        decision.dispute = own
        _ask(decision, own, None, reported_by)
        return None
    taken_out = sorted((report for report in joined if report.dispute is joint), key=lambda report: report.seq)
    own = decision.dispute = Dispute(None, registered_by=decision.event, again_for=taken_out[0])
    for report in taken_out:
        report.dispute, report.registers = own, report is taken_out[0]
    decision.taken_out = taken_out
    decision.moved = [(report, joint, own) for report in taken_out]
    facts = {"event": {"source": decision.event.source, "id": decision.event.id}, "agency": decision.agency, "reported_by": reported_by}
    decision.extra += _about_both("dispute.unmerged", joint, own, facts)
    return None


def _ask(decision, dispute, into, reported_by=None):
    dispute.asked, dispute.asked_into = IN_THIS_BATCH, into
    decision.request = JoinRequest(dispute, into, decision.agency, decision.event.id, decision.event.time, reported_by=reported_by)


def _about_both(type, was, into, facts):
    return [ExtraEvent(type, about, facts, {"was": was, "into": into}) for about in (was, into)]


# ── mediation has answered ────────────────────────────────────────────────────────────────────────────────────────────────


def settle(request: JoinRequest, is_taken: bool, stored: Iterable[StoredReport]) -> tuple[list[tuple[StoredReport, Dispute, Dispute]], list[ExtraEvent]]:
    """Joins, or takes apart, if mediation took the step; else nothing changes. Returns the reports that moved (which, was, into) and what is said."""
    own, moved, extra = request.dispute, [], []
    facts = {"event": {"source": agency_source(request.agency), "id": request.event_id}, "agency": request.agency}
    if is_taken and request.into is not None:
        reports = [report for report in stored if report.dispute.root is own]
        own.merged_into = request.into
        moved = [(report, own, own.root) for report in reports]
        extra = _about_both("dispute.merged", own, request.into, facts | {"found_by": "centre"})
    elif is_taken and own.merged_into is not None:
        was, own.merged_into = own.root, None
        moved = [(report, was, own) for report in stored if report.dispute.root is own]
        extra = _about_both("dispute.unmerged", was, own, facts | {"reported_by": request.reported_by})
    if own.asked == request.seq:
        own.asked = own.asked_into = None
    return moved, extra


def pass_on(
    waiting: Iterable[WaitingStep], dispute: Dispute, undecided: dict[str, set[int]]
) -> tuple[list[tuple[WaitingStep, Dispute]], list[WaitingStep], list[WaitingStep]]:
    """What becomes of the steps that waited at a dispute: (to be said, and about which), those done with, and those that wait elsewhere now, changed.

    A step waits for what was asked before it came, and for nothing that was asked later. `undecided` has the log numbers of requests, by code.
    """
    said, gone, moved_on = [], [], []
    for step in waiting:
        next_one = _waits_for(step, dispute, undecided)
        if next_one is None:
            gone.append(step)
            if step.said_about != dispute.root.code:
                said.append((step, dispute.root))
        elif next_one is not dispute:
            step.code = next_one.code
            moved_on.append(step)
    return said, gone, moved_on


def _waits_for(step, dispute, undecided):
    while dispute is not None and not any(seq < step.seq for seq in undecided.get(dispute.code, ())):
        dispute = dispute.merged_into
    return dispute


def seal_what_is_said(said: Iterable[tuple[WaitingStep, Dispute]]) -> list[Dispute]:
    """Puts disputes into the safeguard lane where a step that waited does so. Returns those."""
    sealed = []
    for step, dispute in said:
        which = lane.opened_by(step.type, step.data) if step.stream else None
        if which is not None:
            dispute.seal = lane.with_hold(dispute.seal, which)
            sealed.append(dispute)
    return sealed
