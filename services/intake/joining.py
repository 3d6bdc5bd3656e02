"""Joins reports that are one dispute, and takes them apart again: by the rules at the door, or because the centre says so. Pure.

A joined dispute keeps its code as another name of the one that goes on; `Dispute.merged_into` points there. So a join can be undone: the
pointer goes, and the code is its own again. A report that was joined at the door never had a code; taken apart, it gets one.
"""

from collections import defaultdict
from collections.abc import Iterable

from services.intake import duplicates
from services.intake.duplicates import Report
from services.intake.model import ENDED, OPEN, SETTLED, Dispute, ExtraEvent, StoredReport


def by_rule(verdicts: list, similar: dict[tuple[str, bytes], list[Report]]) -> None:
    """Compares each new report with those that share a token: `similar` from before this batch, and those before it in the batch.

    A report that is certainly of a known dispute joins it; one that may be is proposed.
    """
    here: dict[tuple[str, bytes], list[Report]] = defaultdict(list)
    for verdict in verdicts:
        report = verdict.report
        if report is None:
            continue
        tokens = duplicates.tokens_that_find(report)
        found = duplicates.judge(report, _sharing(tokens, similar, here))
        event = {"source": verdict.event.source, "id": verdict.event.id}
        if found.joins is not None:
            other, likeness = found.joins
            _join_at_the_door(verdict, other.dispute.root, {"event": event, "agency": verdict.agency, "found_by": "rule", **_alike(likeness)})
        for other, likeness in found.proposals:
            facts = {"event": event, "agency": verdict.agency, **_alike(likeness)}
            verdict.also.append(ExtraEvent("duplicate.proposed", verdict.dispute, facts, {"other": other.dispute.root}))
        for token in tokens:
            here[token].append(report)


def _sharing(tokens, similar, here) -> list[Report]:
    """The reports that share one of these tokens; what a crowd shares finds nobody."""
    found = {}
    for token in tokens:
        sharing = [*similar.get(token, ()), *here.get(token, ())]
        if len(sharing) <= duplicates.CROWD:
            found |= {id(report): report for report in sharing}
    return list(found.values())


def _alike(likeness):
    return {"reasons": duplicates.reasons_for(likeness), "days": likeness.days}


def _join_at_the_door(verdict, into, facts):
    verdict.dispute.registered_by, verdict.dispute.merged_into = None, into
    verdict.also.append(ExtraEvent("dispute.merged", into, facts, {"into": into}))


# ── the centre decides ────────────────────────────────────────────────────────────────────────────────────────────────────


def join(verdict, into: Dispute | None, kept: Iterable[StoredReport]) -> str | None:
    """Two codes are one dispute: the one it is said about ends, `into` goes on. Returns the reason why not."""
    ending = verdict.dispute
    if into is None:
        return "unknown_dispute"
    if into is ending:
        return "joins_itself"
    if ending.merged_into is not None or into.merged_into is not None:  # of two that are nobody's other name no circle can come
        return "joined_already"
    if ENDED in (ending.standing, into.standing):
        return "joins_an_ended_one"
    _move(verdict, [report for report in kept if report.dispute.root is ending], ending, into)
    ending.merged_into = into
    facts = _said_by(verdict) | {"found_by": "centre"}
    verdict.also += [ExtraEvent("dispute.merged", about, facts, {"into": into, "was": ending}) for about in (ending, into)]
    verdict.repointed = ending
    return None


def unjoin(verdict, reported_by: str, kept: Iterable[StoredReport]) -> str | None:
    """The reports of one agency get their own code again: the one they had, else a new one. Returns the reason why not.

    Of several codes that were joined one after the other the latest goes first.
    """
    joint = verdict.dispute.root
    under = [report for report in kept if report.dispute.root is joint]
    joined = [report for report in under if report.agency == reported_by and not (report.registers and report.dispute is joint)]
    if not joined:
        return "nothing_to_unjoin"
    own = max(joined, key=lambda report: report.seq).dispute
    if own is not joint:
        own.merged_into, own.standing = None, OPEN
        verdict.dispute = verdict.repointed = own
        _move(verdict, [report for report in under if report.dispute.root is own], joint, own)
    else:
        taken_out = sorted((report for report in joined if report.dispute is joint), key=lambda report: report.seq)
        own = verdict.dispute = Dispute(None, registered_by=verdict.event, again_for=taken_out[0])
        for report in taken_out:
            report.dispute, report.registers = own, report is taken_out[0]
        verdict.taken_out = taken_out
        _move(verdict, taken_out, joint, own)
    facts = _said_by(verdict) | {"reported_by": reported_by}
    verdict.also += [ExtraEvent("dispute.unmerged", about, facts, {"was": joint, "into": own}) for about in (joint, own)]
    return None


def take_back(ended: Dispute, event: dict, agency: str, kept: Iterable[StoredReport]) -> tuple[list, list[ExtraEvent]]:
    """Undoes a join that the life of the dispute refused: what moves (report, was, into), and what is said. `event` is the centre's own."""
    joint, own = ended.root, [report for report in kept if report.dispute is ended]
    ended.merged_into = None
    first = next((report.agency for report in own if report.registers), agency)
    facts = {"event": event, "agency": agency, "reported_by": first}
    moved = [(report, joint, ended) for report in kept if report.dispute.root is ended]
    return moved, [ExtraEvent("dispute.unmerged", about, facts, {"was": joint, "into": ended}) for about in (joint, ended)]


def standing_in(state: str) -> str:
    """How a dispute stands, by the state that mediation says it is in."""
    return STANDING.get(state, OPEN)


STANDING = {
    "agreed": SETTLED,
    "confirm_applied": SETTLED,
    "confirm_decided": SETTLED,
    "performing": SETTLED,
    "enforcement": SETTLED,
    "resolved": SETTLED,
    "redirected": ENDED,
    "closed": ENDED,
}


def _said_by(verdict):
    return {"event": {"source": verdict.event.source, "id": verdict.event.id}, "agency": verdict.agency}


def _move(verdict, reports, was, into):
    verdict.moved += [(report, was, into) for report in reports]
