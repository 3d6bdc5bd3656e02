"""What a dispute remembers of each step that was taken: one small function per word. Values are replaced, never changed in place."""

from datetime import date

from contracts import AGENCIES, may_say
from services.mediation.dispute import escalation
from services.mediation.dispute.model import PARTICULARS, Dispute
from services.mediation.dispute.tracks import track_of
from services.mediation.law.dates import date_of
from services.mediation.routing import effects as routing_effects


def _registered(dispute, step):
    facts = step.facts
    routing_effects.registered(dispute, step)
    escalation.registered(dispute, step)
    dispute.township, dispute.kind, dispute.reporter = facts["township"], facts["kind"], step.agency
    dispute.cause, dispute.wants = facts.get("cause"), facts.get("wants")
    dispute.parties, dispute.opened_at = frozenset(facts.get("party_labels", ())), step.happened


def _screened(dispute, step):
    facts = step.facts
    routing_effects.screened(dispute, step)
    dispute.suitable, dispute.kind, dispute.track = facts["suitable"], facts["kind"], facts["track"]
    dispute.cause = facts.get("cause") or dispute.cause
    dispute.received_on = _text(facts.get("court_received_on")) or dispute.received_on


def _routed(dispute, step):
    routing_effects.routed(dispute, step)
    escalation.routed(dispute, step)
    dispute.body, dispute.sent_by = step.facts["to"], step.agency
    _with_another_body(dispute)


def _entrusted(dispute, step):
    _routed(dispute, step)
    dispute.procedure = step.facts["procedure"]
    dispute.terms, dispute.agreement, dispute.outcome, dispute.ground, dispute.extensions = [], None, None, None, 0


def _with_another_body(dispute):
    dispute.consents, dispute.mediator, dispute.mediators_refused = frozenset(), None, 0


def _accepted(dispute, step):
    dispute.mediator = step.facts.get("mediator")
    if step.facts.get("conflict_of_interest"):  # taken all the same: all parties agreed
        dispute.conflicts = {**dispute.conflicts, step.facts.get("mediator") or step.agency: True}


def _declined(dispute, step):
    if step.facts["reason"] == "conflict_of_interest":
        dispute.conflicts = {**dispute.conflicts, dispute.organisation or step.agency: False}
    routing_effects.declined(dispute, step)
    dispute.body = None


def _disclosed(dispute, step):
    named, agreed = step.facts.get("mediator") or step.facts.get("body") or dispute.organisation or step.agency, bool(step.facts.get("agreed_after_disclosure"))
    dispute.conflicts = {**dispute.conflicts, named: agreed}


def _consented(dispute, step):
    dispute.consents |= {step.facts["party"]}


def _refused(dispute, step):
    dispute.consents -= {step.facts["party"]}
    dispute.outcome, dispute.ground = "consent_refused", "party_unwilling"


def _mediator_chosen(dispute, step):
    dispute.mediator = step.facts["mediator"]


def _mediator_refused(dispute, step):
    refused = step.facts.get("mediator") or dispute.mediator
    if refused and refused not in dispute.not_again:
        dispute.not_again = (*dispute.not_again, refused)
    dispute.mediator, dispute.mediators_refused = None, dispute.mediators_refused + 1
    if dispute.mediators_refused > 1:
        dispute.outcome, dispute.ground = "consent_refused", "party_unwilling"


def _mediates(dispute, step):
    """Whoever is the mediator when mediation goes on is one of those who may not appear in the case later."""
    if dispute.mediator and dispute.mediator not in dispute.mediators:
        dispute.mediators = (*dispute.mediators, dispute.mediator)


def _started(dispute, step):
    _mediates(dispute, step)
    dispute.terms, dispute.agreement, dispute.confirmation = [], None, None  # a new agreement takes the place of one that was not confirmed


def _extended(dispute, step):
    dispute.extensions += 1


def _paused(dispute, step):
    dispute.back_to = dispute.state


def _resumed(dispute, step):
    dispute.suspected = None


def _suspended(dispute, step):
    dispute.suspected = step.facts["reason"]


def _ended_without_agreement(dispute, step):
    ground = dispute.ground = step.facts["ground"]
    if ground != "agreement_reached":
        dispute.outcome = "withdrawn" if ground == "self_settled_withdrawn" else "not_settled"


def _agreed(dispute, step):
    facts = step.facts
    _mediates(dispute, step)
    dispute.terms = [{"due_on": _text(term["due_on"]), "result": None} for term in facts.get("terms", ())]
    dispute.agreement = {
        "effective_on": _text(facts["effective_on"]),
        "form": facts["form"],
        "confirmable": facts["confirmable"],
        "about": list(facts.get("about", ())),
        "by": step.agency,
    }
    if dispute.body is None and may_say(step.agency, "performance.recorded"):  # settled on the spot by a body: it has it; by the grid: the centre
        dispute.body = step.agency


def _performed(dispute, step):
    number, result = step.facts["term"], step.facts["result"]
    was = dispute.terms[number - 1]["result"]
    if (was, result) != ("default", "part"):  # a part paid after the default leaves it a default: only the whole mends it
        dispute.terms = [{**term, "result": result} if count == number else term for count, term in enumerate(dispute.terms, 1)]


def _confirmation_applied(dispute, step):
    dispute.confirmation, dispute.objected = "applied", False
    dispute.court = step.facts.get("court") or (step.agency if AGENCIES[step.agency].role == "C" else dispute.court)


def _objected(dispute, step):
    """The court looks at its ruling once more: it confirms it, or refuses after all."""
    dispute.confirmation, dispute.objected = "accepted", True


def _confirmation_accepted(dispute, step):
    dispute.confirmation, dispute.court = "accepted", step.agency


def _confirmation_granted(dispute, step):
    dispute.confirmation = "granted"


def _confirmation_refused(dispute, step):
    dispute.confirmation = "refused"


def _confirmation_withdrawn(dispute, step):
    dispute.confirmation = "withdrawn"


def _confirmation_lapsed(dispute, step):
    dispute.confirmation = "lapsed"


def _filed(dispute, step):
    facts = step.facts
    dispute.court, dispute.docket, dispute.procedure, dispute.cause = step.agency, "open", facts["procedure"], facts["cause"]
    dispute.received_on, dispute.track = _text(facts["received_on"]), track_of(date_of(facts["received_on"]))
    dispute.outcome, dispute.mode, dispute.body, dispute.extensions = None, None, None, 0
    _with_another_body(dispute)


def _procedure_set(dispute, step):
    dispute.procedure = step.facts["procedure"]


def _case_closed(dispute, step):
    dispute.docket, dispute.mode = "closed", step.facts["mode"]
    if dispute.mode == "judgment":
        dispute.terms = []  # what the parties once agreed is no longer what is owed
    dispute.outcome = {"judgment": "judged", "withdrawn": "withdrawn"}.get(dispute.mode, "settled")


def _enforced(dispute, step):
    dispute.outcome = "not_enforced" if step.facts["result"] == "none_found" else "enforced"


def _redirected(dispute, step):
    dispute.outcome = "redirected"


def _reopened(dispute, step):
    """It begins anew under its old code; who once mediated and who has a conflict is not forgotten."""
    blank = Dispute(dispute.code)
    for name in ("body", "suitable", "mediator", "consents", "terms", "outcome", *PARTICULARS):
        if name not in ("conflicts", "mediators", "cause", "wants", "village", "standings", "flags", "urged_in_all"):
            setattr(dispute, name, getattr(blank, name))


def _text(day: str | date | None) -> str | None:
    return day if day is None or isinstance(day, str) else day.isoformat()


# fmt: off
EFFECTS = {
    "dispute.registered":     _registered,
    "dispute.screened":       _screened,
    "dispute.routed":         _routed,
    "referral.accepted":      _accepted,
    "referral.declined":      _declined,
    "conflict.disclosed":     _disclosed,
    "consent.given":          _consented,
    "consent.refused":        _refused,
    "mediator.agreed":        _mediator_chosen,
    "mediator.appointed":     _mediator_chosen,
    "mediator.refused":       _mediator_refused,
    "mediation.started":      _started,
    "session.held":           _mediates,
    "clock.paused":           _paused,
    "mediation.extended":     _extended,
    "mediation.suspended":    _suspended,
    "mediation.resumed":      _resumed,
    "mediation.terminated":   _ended_without_agreement,
    "agreement.reached":      _agreed,
    "confirmation.applied":   _confirmation_applied,
    "confirmation.accepted":  _confirmation_accepted,
    "confirmation.granted":   _confirmation_granted,
    "confirmation.objected":  _objected,
    "confirmation.refused":   _confirmation_refused,
    "confirmation.withdrawn": _confirmation_withdrawn,
    "confirmation.lapsed":    _confirmation_lapsed,
    "performance.recorded":   _performed,
    "case.filed":             _filed,
    "case.entrusted":         _entrusted,
    "case.procedure_set":     _procedure_set,
    "case.closed":            _case_closed,
    "enforcement.completed":  _enforced,
    "departments.called":          escalation.departments_called,
    "call.answered":       escalation.call_answered,
    "level.escalated":        escalation.escalated,
    "supervision.issued":     escalation.urged,
    "supervision.answered":   escalation.urging_answered,
    "dispute.redirected":     _redirected,
    "dispute.reopened":       _reopened,
}
# fmt: on
