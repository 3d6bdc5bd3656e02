"""Typical facts of each type of step, valid in the county that this installation serves."""

from copy import deepcopy

from contracts import samples

# fmt: off
# Facts by type of the step.
FACTS = {
    "dispute.reported":     {"channel": "phone", "place": {"township": samples.TOWNSHIP}, "kind": "family", "wants": "mediation"},
    "dispute.screened":     {"suitable": True, "track": "A", "kind": "family"},
    "dispute.routed":       {"to": samples.MEDIATION_BODY, "joint_with": [], "reason": "by_place"},
    "referral.accepted":    {"mediator": samples.MEDIATOR, "conflict_of_interest": False, "agreed_after_disclosure": False},
    "referral.declined":    {"reason": "not_our_kind"},
    "consent.given":        {"party": "applicant", "how": "in_writing"},
    "consent.refused":      {"party": "respondent", "how": "by_phone"},
    "mediator.agreed":      {"mediator": samples.MEDIATOR},
    "mediator.appointed":   {"mediator": samples.OTHER_MEDIATOR},
    "mediator.requested":   {},
    "mediation.started":    {},
    "session.held":         {"mode": "in_person", "minutes": 90},
    "mediation.extended":   {"days": 15, "consents": ["applicant", "respondent"]},
    "mediation.suspended":  {"reason": "suspected_sham"},
    "mediation.terminated": {"ground": "differences_too_large"},
    "agreement.reached":    {"form": "written", "effective_on": "2026-03-25", "confirmable": True,
                             "terms": [{"kind": "payment", "due_on": "2026-04-15", "amount_cny": "6000.00"},
                                       {"kind": "payment", "due_on": "2026-06-30", "amount_cny": "6000.00"}]},
    "performance.recorded": {"term": 1, "result": "full", "on": "2026-04-10"},
    "dispute.followed_up":  {"settled": True, "satisfied": True},
    "departments.called":        {"to": [samples.POLICE, samples.JUDICIAL_BUREAU], "reason": "joint_visit"},
    "call.answered":     {"answer": "reported_in"},
    "level.escalated":      {"level": "village_level", "escalated_for": "beyond_ability"},
    "supervision.issued":   {"to": samples.MEDIATION_BODY, "urged_for": "grave"},
    "supervision.answered": {"answer": "under_way"},
    "dispute.archived":     {"archive_no": "调〔2026〕7号"},
    "conflict.disclosed":   {"mediator": samples.MEDIATOR, "relation": "relative"},
    "mediator.refused":     {"party": "respondent"},
    "clock.paused":         {"reason": "appraisal"},
    "clock.resumed":        {},
    "mediation.resumed":    {},
    "confirmation.applied":   {"applied_on": "2026-03-30"},
    "confirmation.accepted":  {},
    "confirmation.granted":   {},
    "confirmation.extended":  {"days": 10},
    "confirmation.objected":  {"by": "respondent", "objected_on": "2026-03-30"},
    "papers.received":        {"reason": "missing_papers", "on": "2026-03-31"},
    "confirmation.refused":   {"ground": "unclear"},
    "confirmation.withdrawn": {},
    "case.filed":           {"received_on": "2026-04-20", "decided_on": "2026-04-22", "cause": "2", "procedure": "simplified"},
    "case.filing_refused":  {"received_on": "2026-04-20", "decided_on": "2026-04-22", "reason": "not_this_court"},
    "case.entrusted":       {"to": samples.MEDIATION_BODY, "procedure": "simplified"},
    "case.procedure_set":   {"procedure": "ordinary"},
    "trial.extended":       {"months": 1},
    "case.closed":          {"mode": "other"},
    "participant.named":    {"part": "assessor", "mediator": "mediator-019"},
    "enforcement.applied":  {"on": "2026-07-20"},
    "enforcement.completed": {"on": "2026-09-30", "result": "full"},
    "petition.registered":  {"repeat": False},
    "petition.accepted":    {},
    "petition.extended":    {"days": 30},
    "petition.transferred": {"to": "natural_resources_bureau"},
    "petition.returned":    {},
    "petition.decided":     {"result": "explained"},
    "dispute.redirected":   {"to": "labour_arbitration_commission", "way": "labour_arbitration"},
    "dispute.reopened":     {"reason": "recurred"},
    "reports.joined":       {"into": samples.OTHER_DISPUTE},
    "reports.unjoined":     {"reported_by": samples.WOMENS_FEDERATION},
    "report.corrected":     {"event": "e-0", "reason": "wrong_facts"},
    "report.withdrawn":     {"event": "e-0", "reason": "wrong_dispute"},
}
# fmt: on


def typical_facts(type: str, **changes) -> dict:
    """Return a copy of the typical facts for this type of step, updated with `changes`."""
    return {**deepcopy(FACTS[type]), **changes}
