"""Effects of steps: functions that store in the dispute the data of a step that took effect, one per step type.

Values of fields are replaced, never changed in place (reason: corrections.py).
"""

from datetime import date

from contracts import AGENCIES, may_report
from services.mediation.dispute import escalation
from services.mediation.dispute.model import PARTICULARS, Dispute
from services.mediation.dispute.tracks import is_awaiting_filing_decision, track_of_claim
from services.mediation.law.dates import date_of
from services.mediation.routing import effects as routing_effects


def record_registration(dispute, step):
    facts = step.facts
    routing_effects.record_registration(dispute, step)
    escalation.record_registration(dispute, step)
    dispute.township, dispute.kind, dispute.reporter = facts["township"], facts["kind"], step.agency
    dispute.cause, dispute.wants = facts.get("cause"), facts.get("wants")
    dispute.parties, dispute.opened_at = frozenset(facts.get("party_labels", ())), step.happened_at


def record_screening(dispute, step):
    facts = step.facts
    routing_effects.record_screening(dispute, step)
    is_by_court = AGENCIES[step.agency].role == "C"
    dispute.suitable, dispute.kind = facts["suitable"], facts["kind"]
    if is_by_court or not is_awaiting_filing_decision(dispute):  # a complaint stays with the court until the court decides whether to register it
        dispute.track = facts["track"]
    if is_by_court and dispute.track == "B":
        dispute.court = step.agency
    dispute.cause = facts.get("cause") or dispute.cause
    dispute.received_on = _iso_date(facts.get("court_received_on")) or dispute.received_on


def record_routing(dispute, step):
    routing_effects.record_routing(dispute, step)
    escalation.record_joint_handlers(dispute, step)
    dispute.body, dispute.sent_by = step.facts["to"], step.agency
    _reset_body_fields(dispute)


def record_entrustment(dispute, step):
    record_routing(dispute, step)
    dispute.procedure = step.facts["procedure"]
    dispute.terms, dispute.agreement, dispute.outcome, dispute.termination_ground, dispute.extensions = [], None, None, None, 0


def _reset_body_fields(dispute):
    """Clear the consents and the mediator of the previous mediation body."""
    dispute.consents, dispute.mediator, dispute.mediators_refused = frozenset(), None, 0


def record_acceptance(dispute, step):
    dispute.mediator = step.facts.get("mediator")
    if step.facts.get("conflict_of_interest"):  # the body may accept only because all parties agreed after the disclosure
        dispute.conflicts = {**dispute.conflicts, step.facts.get("mediator") or step.agency: True}


def record_decline(dispute, step):
    if step.facts["reason"] == "conflict_of_interest":
        dispute.conflicts = {**dispute.conflicts, dispute.organisation or step.agency: False}
    routing_effects.record_decline(dispute, step)
    dispute.body = None


def record_conflict(dispute, step):
    """Record a conflict of interest of the mediator or, if the step names none, of the mediation body, and whether all parties agreed."""
    named, agreed = step.facts.get("mediator") or step.facts.get("body") or dispute.organisation or step.agency, bool(step.facts.get("agreed_after_disclosure"))
    dispute.conflicts = {**dispute.conflicts, named: agreed}


def record_consent(dispute, step):
    dispute.consents |= {step.facts["party"]}


def record_refusal_of_consent(dispute, step):
    dispute.consents -= {step.facts["party"]}
    dispute.outcome, dispute.termination_ground = "consent_refused", "party_unwilling"


def record_mediator(dispute, step):
    dispute.mediator = step.facts["mediator"]


def record_refusal_of_mediator(dispute, step):
    """Record the refused mediator. A second refusal counts as refusal of mediation (特邀调解规定 12; 在线调解规则 14)."""
    refused = step.facts.get("mediator") or dispute.mediator
    if refused and refused not in dispute.refused_mediators:
        dispute.refused_mediators = (*dispute.refused_mediators, refused)
    dispute.mediator, dispute.mediators_refused = None, dispute.mediators_refused + 1
    if dispute.mediators_refused > 1:
        dispute.outcome, dispute.termination_ground = "consent_refused", "party_unwilling"


def record_mediating_person(dispute, step):
    """Add the present mediator to the mediators of the dispute, who may not take part in it later in another role (特邀调解规定 16)."""
    if dispute.mediator and dispute.mediator not in dispute.mediators:
        dispute.mediators = (*dispute.mediators, dispute.mediator)


def record_start_of_mediation(dispute, step):
    record_mediating_person(dispute, step)
    dispute.terms, dispute.agreement, dispute.confirmation = [], None, None  # mediation may start again after a court refused to confirm an agreement


def record_extension(dispute, step):
    dispute.extensions += 1


def record_pause(dispute, step):
    dispute.state_before_pause = dispute.state


def record_resumption(dispute, step):
    dispute.suspension_reason = None


def record_suspension(dispute, step):
    dispute.suspension_reason = step.facts["reason"]


def record_termination(dispute, step):
    ground = dispute.termination_ground = step.facts["ground"]
    if ground != "agreement_reached":
        dispute.outcome = "withdrawn" if ground == "self_settled_withdrawn" else "not_settled"


def record_agreement(dispute, step):
    facts = step.facts
    record_mediating_person(dispute, step)
    dispute.terms = [{"due_on": _iso_date(term["due_on"]), "result": None} for term in facts.get("terms", ())]
    dispute.agreement = {
        "effective_on": _iso_date(facts["effective_on"]),
        "form": facts["form"],
        "confirmable": facts["confirmable"],
        "about": list(facts.get("about", ())),
        "by": step.agency,
    }
    # Agreement on the spot, before any referral: the reporting agency becomes the mediation body if it may report performance. The grid may not.
    if dispute.body is None and may_report(step.agency, "performance.recorded"):
        dispute.body = step.agency


def record_performance(dispute, step):
    number, result = step.facts["term"], step.facts["result"]
    old_result = dispute.terms[number - 1]["result"]
    if (old_result, result) != ("default", "part"):  # only full performance ends a default, part performance does not
        dispute.terms = [{**term, "result": result} if count == number else term for count, term in enumerate(dispute.terms, 1)]


def record_confirmation_application(dispute, step):
    dispute.confirmation, dispute.was_objected_to = "applied", False
    dispute.court = step.facts.get("court") or (step.agency if AGENCIES[step.agency].role == "C" else dispute.court)


def record_objection(dispute, step):
    """Record an objection: the application is open again, and the court reviews its ruling."""
    dispute.confirmation, dispute.was_objected_to = "accepted", True


def record_confirmation_acceptance(dispute, step):
    dispute.confirmation, dispute.court = "accepted", step.agency


def record_confirmation(dispute, step):
    dispute.confirmation = "granted"


def record_refusal_of_confirmation(dispute, step):
    dispute.confirmation = "refused"


def record_withdrawal_of_application(dispute, step):
    dispute.confirmation = "withdrawn"


def record_lapse_of_confirmation(dispute, step):
    dispute.confirmation = "lapsed"


def record_filing(dispute, step):
    facts = step.facts
    dispute.court, dispute.docket, dispute.procedure, dispute.cause = step.agency, "open", facts["procedure"], facts["cause"]
    dispute.received_on, dispute.track = _iso_date(facts["received_on"]), track_of_claim(date_of(facts["received_on"]))
    dispute.outcome, dispute.court_closing_mode, dispute.body, dispute.extensions = None, None, None, 0
    _reset_body_fields(dispute)


def record_filing_refusal(dispute, step):
    """Record that the complaint is no longer before a court, so that the dispute is outside court again."""
    if is_awaiting_filing_decision(dispute):
        dispute.track, dispute.received_on, dispute.court = "A", None, None


def record_procedure(dispute, step):
    dispute.procedure = step.facts["procedure"]


def record_case_closing(dispute, step):
    dispute.docket, dispute.court_closing_mode = "closed", step.facts["mode"]
    if dispute.court_closing_mode == "judgment":
        dispute.terms = []  # a judgment replaces the terms of the agreement
    dispute.outcome = {"judgment": "judged", "withdrawn": "withdrawn"}.get(dispute.court_closing_mode, "settled")


def record_enforcement_result(dispute, step):
    dispute.outcome = "not_enforced" if step.facts["result"] == "none_found" else "enforced"


def record_redirection(dispute, step):
    dispute.outcome = "redirected"


def record_reopening(dispute, step):
    """Reset all fields except those of the registration, the conflicts of interest, the mediators and the number of supervisions."""
    blank = Dispute(dispute.code)
    for name in ("body", "suitable", "mediator", "consents", "terms", "outcome", *PARTICULARS):
        if name not in ("conflicts", "mediators", "cause", "wants", "village", "standings", "flags", "supervision_count"):
            setattr(dispute, name, getattr(blank, name))


def _iso_date(day: str | date | None) -> str | None:
    return day if day is None or isinstance(day, str) else day.isoformat()


# fmt: off
# Step type: function of (dispute, step) that records the effect.
EFFECTS = {
    "dispute.registered":      record_registration,
    "dispute.screened":        record_screening,
    "dispute.routed":          record_routing,
    "referral.accepted":       record_acceptance,
    "referral.declined":       record_decline,
    "conflict.disclosed":      record_conflict,
    "consent.given":           record_consent,
    "consent.refused":         record_refusal_of_consent,
    "mediator.agreed":         record_mediator,
    "mediator.appointed":      record_mediator,
    "mediator.refused":        record_refusal_of_mediator,
    "mediation.started":       record_start_of_mediation,
    "session.held":            record_mediating_person,
    "clock.paused":            record_pause,
    "mediation.extended":      record_extension,
    "mediation.suspended":     record_suspension,
    "mediation.resumed":       record_resumption,
    "mediation.terminated":    record_termination,
    "agreement.reached":       record_agreement,
    "confirmation.applied":    record_confirmation_application,
    "confirmation.accepted":   record_confirmation_acceptance,
    "confirmation.granted":    record_confirmation,
    "confirmation.objected":   record_objection,
    "confirmation.refused":    record_refusal_of_confirmation,
    "confirmation.withdrawn":  record_withdrawal_of_application,
    "confirmation.lapsed":     record_lapse_of_confirmation,
    "performance.recorded":    record_performance,
    "case.filed":              record_filing,
    "case.filing_refused":     record_filing_refusal,
    "case.entrusted":          record_entrustment,
    "case.procedure_set":      record_procedure,
    "case.closed":             record_case_closing,
    "enforcement.completed":   record_enforcement_result,
    "departments.called":      escalation.record_departments_called,
    "call.answered":           escalation.record_call_answer,
    "level.escalated":         escalation.record_escalation,
    "supervision.issued":      escalation.record_supervision,
    "supervision.answered":    escalation.record_supervision_answer,
    "dispute.redirected":      record_redirection,
    "dispute.reopened":        record_reopening,
}
# fmt: on
