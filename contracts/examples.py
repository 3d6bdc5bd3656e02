"""One example of each event, of one and the same dispute. Every person, number and hash in it is made up."""

from contracts.reasons import REASONS

CODE = "620702-2026-000123-1"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_REPORT = {"source": "/agencies/womens_federation", "id": "wf-2026-0042"}
_ACCEPTANCE = {"source": "/agencies/peoples_mediation_committee-daman", "id": "dm-2026-0007"}
_CLOCK = {"clock": "referral_answer", "kind": "POLICY", "due_at": "2026-03-06T15:59:59+00:00"}
_SET = {**_CLOCK, "article": "after 在线调解规则 12", "started_at": "2026-03-03T01:10:00+00:00"}
_CHANGE = {"organisation": "committee-620702102201", "change": "added", "on": "2026-03-01", "mediator": "daman-014", "role": "mediator", "takes": ["neighbour"]}
_TOLD = {"event": {"source": "/agencies/judicial_bureau", "id": "jb-2026-0003"}, "told_by": "judicial_bureau", "happened_at": "2026-02-27T02:00:00+00:00"}
_CANDIDATE = {"to": "industry_mediation_body", "organisation": "industry-marriage_family", "joint_with": ["womens_federation"],
              "points": 60, "reasons": ["lead_agency", "light_load"]}  # fmt: skip
_EXCLUDED = {"to": "peoples_mediation_committee-daman", "organisation": "committee-620702102", "reason": "declined_before"}
_NO_RISK = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}
_OTHER = "620702-2026-000087-8"
_JOIN = {"source": "/agencies/mediation_centre", "id": "mc-2026-0311"}
_ALIKE = {"reasons": ["same_parties", "same_place", "within_days"], "days": 3}
_PROPOSED = {"event": _REPORT, "agency": "womens_federation", "other": _OTHER, **_ALIKE}
_TERM = {"kind": "payment", "due_on": "2026-06-30", "amount_cny": "12000.00"}

SAID_BY_AGENCIES = {
    "dispute.reported": {
        "report_no": "妇联〔2026〕42号",
        "channel": "walk_in",
        "place": {"township": "620702102", "village": "620702102201", "grid": "620702102201-03"},
        "kind": "family",
        "cause": "2",
        "amount_cny": "12000.00",
        "wants": "mediation",
        "parties": [
            {"role": "applicant", "name": "张某某", "phone": "13900000000"},
            {"role": "respondent", "name": "李某某", "address": "大满镇"},
        ],
        "risk": _NO_RISK,
    },
    "dispute.screened": {"suitable": True, "track": "A", "kind": "family", "cause": "2", "risk": _NO_RISK},
    "dispute.routed": {"to": "peoples_mediation_committee-daman", "joint_with": ["womens_federation"], "reason": "by_place"},
    "referral.accepted": {"mediator": "daman-014", "conflict_of_interest": False, "agreed_after_disclosure": False},
    "referral.declined": {"reason": "not_our_kind"},
    "consent.given": {"party": "respondent", "how": "by_phone"},
    "consent.refused": {"party": "respondent", "how": "in_writing"},
    "mediator.agreed": {"mediator": "daman-014"},
    "mediator.appointed": {"mediator": "daman-014"},
    "mediator.requested": {"party": "applicant", "prefers": "daman-014"},
    "mediation.started": {},
    "session.held": {"mode": "in_person", "minutes": 90, "next_at": "2026-03-20T01:00:00+00:00"},
    "mediation.extended": {"days": 15, "consents": ["applicant", "respondent"]},
    "mediation.suspended": {"reason": "suspected_sham"},
    "mediation.terminated": {"ground": "differences_too_large"},
    "agreement.reached": {"form": "written", "effective_on": "2026-03-25", "document_sha256": _SHA256, "terms": [_TERM], "confirmable": True},
    "performance.recorded": {"term": 1, "result": "full", "on": "2026-06-28"},
    "dispute.followed_up": {"settled": True, "satisfied": True},
    "dispute.archived": {"archive_no": "大满调〔2026〕7号"},
    "conflict.disclosed": {"mediator": "daman-014", "relation": "relative", "agreed_after_disclosure": False},
    "mediator.refused": {"party": "respondent", "mediator": "daman-014"},
    "clock.paused": {"reason": "appraisal"},
    "clock.resumed": {"reason": "appraisal"},
    "mediation.resumed": {},
    "confirmation.applied": {"applied_on": "2026-04-01", "applicants": ["applicant", "respondent"], "court": "court-daman", "court_ground": "body_place"},
    "confirmation.accepted": {"applied_on": "2026-04-01", "docket_no": "（2026）甘0702调确7号"},
    "confirmation.extended": {"days": 10},
    "confirmation.granted": {"applied_on": "2026-04-01", "docket_no": "（2026）甘0702调确7号", "served_on": "2026-04-20"},
    "confirmation.objected": {"by": "respondent", "objected_on": "2026-04-28"},
    "papers.received": {"reason": "missing_papers", "on": "2026-04-03"},
    "confirmation.refused": {"applied_on": "2026-04-01", "docket_no": "（2026）甘0702调确7号", "ground": "unclear"},
    "confirmation.withdrawn": {"applied_on": "2026-04-01"},
    "case.filed": {"received_on": "2026-04-20", "decided_on": "2026-04-22", "docket_no": "（2026）甘0702民初70号", "cause": "2", "procedure": "simplified"},
    "case.filing_refused": {"received_on": "2026-04-20", "decided_on": "2026-04-22", "reason": "not_this_court"},
    "case.entrusted": {"to": "peoples_mediation_committee-daman", "procedure": "simplified"},
    "case.procedure_set": {"procedure": "ordinary"},
    "trial.extended": {"months": 1},
    "case.closed": {"mode": "mediated", "docket_no": "（2026）甘0702民初70号"},
    "participant.named": {"part": "assessor", "mediator": "daman-015"},
    "enforcement.applied": {"on": "2026-07-20"},
    "enforcement.completed": {"on": "2026-09-30", "result": "full"},
    "petition.registered": {"petition_no": "甘信〔2026〕31号", "repeat": False},
    "petition.accepted": {"petition_no": "甘信〔2026〕31号", "repeat": False},
    "petition.extended": {"days": 30},
    "petition.transferred": {"petition_no": "甘信〔2026〕31号", "repeat": False, "to": "natural_resources_bureau"},
    "petition.returned": {"petition_no": "甘信〔2026〕31号", "repeat": False},
    "petition.decided": {"petition_no": "甘信〔2026〕31号", "repeat": False, "result": "explained"},
    "dispute.redirected": {"to": "labour_arbitration_commission", "way": "labour_arbitration"},
    "dispute.reopened": {"reason": "recurred"},
    "reports.joined": {"into": _OTHER},
    "reports.unjoined": {"reported_by": "womens_federation"},
    "report.corrected": {
        "event": "dm-2026-0007",
        "reason": "wrong_facts",
        "corrects": "session.held",
        "facts": {"mode": "video", "minutes": 40},
    },
    "report.withdrawn": {"event": "dm-2026-0007", "reason": "wrong_dispute"},
    "whistle.blown": {"to": ["police", "judicial_bureau"], "reason": "joint_visit"},
    "whistle.answered": {"answer": "reported_in"},
    "level.escalated": {"level": "village_level", "escalated_for": "beyond_ability"},
    "supervision.issued": {"to": "peoples_mediation_committee-daman", "urged_for": "overdue", "clock": "mediation_out_of_court_policy"},
    "supervision.answered": {"answer": "under_way"},
    "roster.changed": _CHANGE,
}

SAID_BY_SERVICES = {
    "dispute.registered": {
        "event": _REPORT,
        "agency": "womens_federation",
        "channel": "walk_in",
        "township": "620702102",
        "village": "620702102201",
        "grid": "620702102201-03",
        "kind": "family",
        "cause": "2",
        "amount_cny": "12000.00",
        "wants": "mediation",
        "party_labels": ["applicant", "respondent"],
        "happened_at": "2026-03-02T02:30:00+00:00",
    },
    "dispute.merged": {"event": _JOIN, "agency": "mediation_centre", "into": _OTHER, "was": CODE, "found_by": "centre"},
    "dispute.unmerged": {"event": _JOIN, "agency": "mediation_centre", "into": CODE, "was": _OTHER, "reported_by": "womens_federation"},
    "duplicate.proposed": _PROPOSED,
    "duplicate.noted": {**_PROPOSED, "owed_by": ["mediation_centre"]},
    "step.reported": {
        "event": _ACCEPTANCE,
        "agency": "peoples_mediation_committee-daman",
        "step": "referral.accepted",
        "happened_at": "2026-03-04T03:00:00+00:00",
        "facts": {"mediator": "daman-014", "conflict_of_interest": False, "agreed_after_disclosure": False},
    },
    "routing.proposed": {
        "candidates": [_CANDIDATE],
        "excluded": [_EXCLUDED],
        "rules": "0a1b2c3d4e5f",
        **_SET,
        "clock": "routing",
        "article": "none",
        "owed_by": ["mediation_centre"],
    },
    "mediators.proposed": {"mediators": ["daman-014", "daman-003"], "owed_by": ["peoples_mediation_committee-daman"]},
    "roster.reported": {**_CHANGE, **_TOLD},
    "roster.changed": {**_CHANGE, **_TOLD},
    "roster.refused": {
        "event": _TOLD["event"],
        "organisation": _CHANGE["organisation"],
        "change": "added",
        "reason": REASONS["already_on_the_roster"].text(on="2026-03-01"),
    },
    "step.applied": {"event": _ACCEPTANCE, "step": "referral.accepted", "state": "accepted"},
    "step.refused": {
        "event": _ACCEPTANCE,
        "step": "referral.accepted",
        "state": "closed",
        "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted"),
    },
    "deadline.set": {**_SET, "owed_by": ["peoples_mediation_committee-daman"], "provisional": False},
    "deadline.recomputed": {
        **_SET,
        "owed_by": ["peoples_mediation_committee-daman"],
        "provisional": False,
        "was_due_at": "2026-03-05T15:59:59+00:00",
        "because": "calendar",
    },
    "deadline.approached": {**_CLOCK, "owed_by": ["peoples_mediation_committee-daman"]},
    "deadline.passed": {**_CLOCK, "owed_by": ["peoples_mediation_committee-daman"]},
    "deadline.stopped": _CLOCK,
    "deadline.met": {**_CLOCK, "met_at": "2026-03-04T03:00:00+00:00", "late": False, "was_passed": False},
    "dispute.closed": {"state": "closed", "outcome": "performed"},
    "confirmation.lapsed": {
        "before": "agreed",
        "state": "performing",
        "waits_for": ["peoples_mediation_committee-daman"],
        "happened_at": "2026-04-24T15:59:59+00:00",
    },
    "notice.sent": {"notice": "notice.deadline", "to": "peoples_mediation_committee-daman", "channel": "inbox", **{k: _CLOCK[k] for k in ("clock", "due_at")}},
    "notice.undeliverable": {"notice": "notice.deadline", "to": "peoples_mediation_committee-daman", "channel": "webhook", "why": "timed_out"},
}

SAID_FOR_SAFETY = {
    "dv.warning_issued": {"issued_on": "2026-03-02"},
    "protection_order.applied": {"urgent": True},
    "protection_order.accepted": {"urgent": True, "accepted_at": "2026-03-02T02:30:00+00:00"},
    "protection_order.issued": {"effective_at": "2026-03-03T01:00:00+00:00", "months": 6},
    "protection_order.refused": {"effective_at": "2026-03-03T01:00:00+00:00"},
    "hold.released": {"reason": "danger_passed"},
    "dispute.stayed": {"reason": "jurisdiction"},
    "stay.lifted": {},
}
_WARNING = {"source": "/agencies/police", "id": "ga-2026-0815"}
_ORDER = {"clock": "protection_order_urgent", "kind": "LAW", "due_at": "2026-03-03T02:59:59+00:00"}
_HELD = {"event": _WARNING, "agency": "police", "cause": "warning", "state": "mediating", "happened_at": "2026-03-02T02:30:00+00:00"}
SAID_SEALED = {
    ("intake-safeguard", "dispute.registered"): {**SAID_BY_SERVICES["dispute.registered"], "dangers": ["domestic_violence"]},
    ("intake-safeguard", "step.reported"): {
        "event": _WARNING,
        "agency": "police",
        "step": "dv.warning_issued",
        "happened_at": "2026-03-02T02:30:00+00:00",
        "facts": SAID_FOR_SAFETY["dv.warning_issued"],
    },
    ("intake-safeguard", "risk.flagged"): {"event": _REPORT, "agency": "womens_federation", "dangers": ["minor"], "happened_at": "2026-03-02T02:30:00+00:00"},
    ("mediation-safeguard", "safeguard.held"): _HELD,
    ("mediation-safeguard", "safeguard.released"): {**_HELD, "reason": "danger_passed", "left": []},
    ("mediation-safeguard", "step.applied"): {
        "event": _WARNING,
        "agency": "police",
        "step": "dv.warning_issued",
        "state": "safeguard_hold",
        "happened_at": "2026-03-02T02:30:00+00:00",
    },
    ("mediation-safeguard", "step.refused"): {
        "event": _REPORT,
        "agency": "womens_federation",
        "step": "dispute.screened",
        "state": "safeguard_hold",
        "reason": REASONS["held_for_safety"].text(step="dispute.screened"),
    },
    ("mediation-safeguard", "deadline.set"): {**_ORDER, "article": "反家庭暴力法 28", "started_at": "2026-03-02T02:30:00+00:00", "owed_by": ["court"]},
    ("mediation-safeguard", "deadline.approached"): {**_ORDER, "owed_by": ["court"]},
    ("mediation-safeguard", "deadline.passed"): {**_ORDER, "owed_by": ["court"]},
    ("mediation-safeguard", "deadline.met"): {**_ORDER, "met_at": "2026-03-03T01:00:00+00:00", "late": False, "was_passed": False},
}

ANSWERS = {
    "receipt.accepted": {"event": _REPORT, "dispute": CODE, "log": {"seq": 4711, "sha256": _SHA256}},
    "receipt.refused": {
        "event": _REPORT,
        "reason": {**REASONS["malformed_data"].text(field="place.township", mistake="not_in_list"), "field": "place.township"},
    },
    "receipt.applied": {"event": _ACCEPTANCE, "dispute": CODE, "state": "accepted"},
    "receipt.rejected": {
        "event": _ACCEPTANCE,
        "dispute": CODE,
        "state": "closed",
        "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted"),
    },
    "receipt.moved": {"event": _REPORT, "dispute": _OTHER, "was": CODE},
    "notice.duplicate": {"dispute": CODE, "other": _OTHER, **_ALIKE},
    "notice.joined": {"dispute": CODE, "into": _OTHER},
    "notice.referral": {"dispute": CODE, **_SET, "referred_by": "mediation_centre", "reason": "by_place", "dispute_kind": "family", "township": "620702102"},
    "notice.deadline": {"dispute": CODE, **_SET},
    "notice.overdue": {"dispute": CODE, **_CLOCK},
    "notice.urged": {"dispute": CODE, **_CLOCK},
    "notice.proposal": {"dispute": CODE, "candidates": [_CANDIDATE], "excluded": [_EXCLUDED], **_SET, "clock": "routing", "article": "none"},
    "notice.whistle": {"dispute": CODE, "called_for": "joint_visit", "led_by": "peoples_mediation_committee-daman"},
    "notice.supervision": {"dispute": CODE, "urged_for": "overdue", "urged_by": "mediation_centre", "clock": "mediation_out_of_court_policy"},
    "notice.mediators": {"dispute": CODE, "mediators": ["daman-014", "daman-003"]},
    "notice.inquiry": {"dispute": CODE, "asked_by": "peoples_mediation_committee-daman"},
    "notice.escalated": {"dispute": CODE, "level": "township_level", "escalated_for": "time_passed"},
    "notice.attention": {"dispute": CODE, "look_at": "matters"},
}


def of_fact(step: str) -> dict:
    """The fact that mediation says when `step` happened. Its states are examples only."""
    stays = ("parties", "parties_sealed", "risk", "report_no", "petition_no", "docket_no")
    return {
        "event": _ACCEPTANCE,
        "agency": "peoples_mediation_committee-daman",
        "before": "routed",
        "state": "accepted",
        "waits_for": ["peoples_mediation_committee-daman"],
        "happened_at": "2026-03-04T03:00:00+00:00",
        **{"about" if name == "event" else name: value for name, value in SAID_BY_AGENCIES[step].items() if name not in stays},
    }
