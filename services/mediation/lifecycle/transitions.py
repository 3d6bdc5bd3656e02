"""Transition table of a dispute, the guards of each step, and the automatic steps. Every change of state is listed here.

How to read it: a dispute is in one state. An agency reports a step. If the row of that state lists the step and all guards of the step hold, the
dispute enters the listed state; otherwise the step is refused with a reason. deadlines/clocks.py lists which steps set, meet and extend deadlines.
"""

from dataclasses import dataclass

from services.mediation.deadlines.clocks import (
    CLOCK_BY_NAME,
    approved_extension_is_within_limit,
    extendable_period_is_running,
    extension_is_within_limit,
    is_extended_in_time,
    is_first_approved_extension,
    is_first_extension_in_court,
    papers_restart_a_clock,
)
from services.mediation.dispute import guards as g
from services.mediation.dispute.escalation import escalates_upwards, next_level_facts, next_supervision_facts, owes_call_answer, owes_supervision_answer
from services.mediation.dispute.model import INITIAL_STATE
from services.mediation.dispute.step import NOTED, Guard
from services.mediation.routing.effects import MEDIATOR_CHOICE_STATES, organisation_belongs_to_agency


@dataclass(frozen=True, slots=True)
class ConditionalTarget:
    """Conditional target of a transition: `then` if the guard holds, else `otherwise`. The guard reads the dispute after the effect of the step."""

    guard: Guard
    then: "str | ConditionalTarget"
    otherwise: "str | ConditionalTarget"


@dataclass(frozen=True, slots=True)
class PreviousStateTarget:
    """Target of a transition: the state of the dispute before the pause, which is one of the states in `to`."""

    to: tuple[str, ...]


def has_corrected_facts(dispute, step) -> bool:
    """Guard: the correction contains the corrected facts, or the step to be corrected is of a type that changes nothing.

    An agency that has no corrected facts has to report `report.withdrawn` instead.
    """
    return "facts" in step.facts or g.find_step_to_undo(dispute, step).step_type in STEPS_WITHOUT_EFFECT


Cell = str | ConditionalTarget | PreviousStateTarget  # target of a transition: a state, NOTED, UNDONE, ConditionalTarget or PreviousStateTarget

# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Types of steps that change neither the state nor the data nor a deadline of a dispute; a test compares them with the tables.
STEPS_WITHOUT_EFFECT = ("dispute.reported", "case.filing_refused", "participant.named")
UNDONE = "undone"  # target: an earlier step is undone; for a correction, the step is then applied again with the corrected facts

# fmt: off
# If mediation fails, the trial of a registered case resumes (特邀调解规定 21; 在线调解规则 21); otherwise the dispute is terminated.
TARGET_AFTER_FAILED_MEDIATION = ConditionalTarget(g.is_before_court, "court_track", "terminated")
TARGET_AFTER_PERFORMANCE = ConditionalTarget(g.all_terms_performed, "resolved", ConditionalTarget(g.any_term_defaulted, "defaulted", "performing"))
TARGET_AFTER_FOLLOW_UP = ConditionalTarget(g.is_reported_settled, "resolved", NOTED)
TARGET_AFTER_AGREEMENT_ON_THE_SPOT = ConditionalTarget(g.no_term_is_owed, "resolved", "agreed")
TARGET_AFTER_COURT_CLOSING = ConditionalTarget(g.no_term_is_owed, "resolved", "performing")
TARGET_AFTER_MEDIATOR_REFUSAL = ConditionalTarget(g.may_request_another_mediator, NOTED, TARGET_AFTER_FAILED_MEDIATION)

# A row says: in this state, a step of this type leads to this target. A step that is not listed for the state is refused.
TRANSITIONS: dict[str, dict[str, Cell]] = {
    # state                 step                        new state
    "detected":          { "dispute.registered":      "registered" },
    "registered":        { "dispute.screened":        "screened",
                           "agreement.reached":       TARGET_AFTER_AGREEMENT_ON_THE_SPOT,    # settled on the spot by the reporting agency
                           "dispute.redirected":      "redirected",
                           "mediation.terminated":    "terminated",
                           "dispute.archived":        "closed" },                     # registered by mistake; a registration cannot be withdrawn
    "screened":          { "dispute.screened":        NOTED,                          # another screening, for example by the women's federation
                           "dispute.routed":          "routed",
                           "dispute.redirected":      "redirected",
                           "mediation.terminated":    "terminated",                   # withdrawn before any referral
                           "dispute.archived":        "closed" },
    "routed":            { "dispute.routed":          "routed",                       # referred to another body because the first did not answer
                           "case.entrusted":          "routed",
                           "referral.accepted":       "accepted",
                           "referral.declined":       "referral_declined",
                           "conflict.disclosed":      NOTED,
                           "dispute.redirected":      "redirected",
                           "case.procedure_set":      "court_track",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION },
    "referral_declined": { "dispute.routed":          "routed",
                           "case.entrusted":          "routed",
                           "dispute.redirected":      "redirected",
                           "case.procedure_set":      "court_track",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION },
    "accepted":          { "consent.given":           "consent_pending",
                           "consent.refused":         TARGET_AFTER_FAILED_MEDIATION,
                           "mediator.agreed":         "consent_pending",
                           "mediator.appointed":      "consent_pending",
                           "mediator.refused":        TARGET_AFTER_MEDIATOR_REFUSAL,
                           "conflict.disclosed":      NOTED,
                           "referral.declined":       "referral_declined",            # given back by the body, for example for a conflict of interest
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION },       # for example because a party is unreachable
    "consent_pending":   { "consent.given":           NOTED,
                           "consent.refused":         TARGET_AFTER_FAILED_MEDIATION,
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediator.refused":        TARGET_AFTER_MEDIATOR_REFUSAL,
                           "conflict.disclosed":      NOTED,
                           "referral.declined":       "referral_declined",
                           "mediation.started":       "mediating",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION },
    "mediating":         { "session.held":            NOTED,
                           "consent.given":           NOTED,
                           "consent.refused":         TARGET_AFTER_FAILED_MEDIATION,         # a clear refusal by one party ends mediation at any time
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediator.refused":        TARGET_AFTER_MEDIATOR_REFUSAL,
                           "conflict.disclosed":      NOTED,
                           "clock.paused":            "clock_paused",
                           "mediation.extended":      NOTED,
                           "agreement.reached":       "agreed",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,            # for example because the claim is withdrawn during mediation
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION,
                           "mediation.suspended":     "suspended" },
    "clock_paused":      { "clock.resumed":           PreviousStateTarget(("mediating", "court_track")),
                           "conflict.disclosed":      NOTED,
                           "consent.refused":         TARGET_AFTER_FAILED_MEDIATION,
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION,
                           "mediation.suspended":     "suspended" },
    "suspended":         { "mediation.resumed":       "mediating",                    # the suspicion was examined and not confirmed
                           "consent.refused":         TARGET_AFTER_FAILED_MEDIATION,
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "mediation.terminated":    TARGET_AFTER_FAILED_MEDIATION,
                           "dispute.archived":        "closed" },
    "agreed":            { "performance.recorded":    TARGET_AFTER_PERFORMANCE,
                           "dispute.followed_up":     TARGET_AFTER_FOLLOW_UP,
                           "mediation.terminated":    NOTED,                          # on the ground `agreement_reached`
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     "performing",                   # automatic step; the agreement remains binding as a contract
                           "case.closed":             TARGET_AFTER_COURT_CLOSING },
    "confirm_applied":   { "confirmation.accepted":   "confirm_applied",
                           "confirmation.extended":   NOTED,
                           "confirmation.granted":    "confirm_decided",
                           "confirmation.refused":    "confirm_decided",
                           "confirmation.withdrawn":  "confirm_decided",
                           "performance.recorded":    NOTED,
                           "dispute.followed_up":     NOTED },
    "confirm_decided":   { "performance.recorded":    TARGET_AFTER_PERFORMANCE,
                           "dispute.followed_up":     TARGET_AFTER_FOLLOW_UP,
                           "confirmation.applied":    "confirm_applied",              # a second application in time, after the first was withdrawn
                           "mediation.started":       "mediating",                    # after the court refused, the parties may reach a new agreement (民事诉讼法 206)
                           "mediation.terminated":    "terminated",                   # after the court refused, the parties may also go to court
                           "confirmation.objected":   "confirm_applied",              # after the court confirmed, it reviews its ruling
                           "enforcement.applied":     "enforcement" },
    "performing":        { "performance.recorded":    TARGET_AFTER_PERFORMANCE,
                           "dispute.followed_up":     TARGET_AFTER_FOLLOW_UP,
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     NOTED,
                           "confirmation.objected":   "confirm_applied",
                           "enforcement.applied":     "enforcement",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "dispute.archived":        "closed" },
    "defaulted":         { "performance.recorded":    TARGET_AFTER_PERFORMANCE,              # only full performance ends the default
                           "dispute.followed_up":     TARGET_AFTER_FOLLOW_UP,
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     NOTED,
                           "confirmation.objected":   "confirm_applied",
                           "enforcement.applied":     "enforcement",
                           "dispute.reopened":        "registered",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING,
                           "dispute.archived":        "closed" },                     # only if every term is performed or in default
    "terminated":        { "dispute.followed_up":     NOTED,
                           "dispute.redirected":      "redirected",
                           "dispute.archived":        "closed" },
    "filed":             { "case.entrusted":          "routed",
                           "case.procedure_set":      "court_track",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING },
    "court_track":       { "case.entrusted":          "routed",
                           "case.procedure_set":      "court_track",                  # change of procedure, for example simplified to ordinary
                           "session.held":            NOTED,
                           "clock.paused":            "clock_paused",
                           "case.closed":             TARGET_AFTER_COURT_CLOSING },
    "enforcement":       { "performance.recorded":    NOTED,
                           "enforcement.completed":   NOTED,
                           "dispute.followed_up":     NOTED,
                           "dispute.archived":        "closed" },
    "redirected":        { "dispute.followed_up":     NOTED,
                           "dispute.reopened":        "registered",
                           "dispute.archived":        "closed" },
    "resolved":          { "performance.recorded":    NOTED,
                           "dispute.followed_up":     NOTED,
                           "enforcement.applied":     "enforcement",
                           "case.closed":             NOTED,                          # the parties settled and performed first; the closing is recorded, the state stays
                           "dispute.reopened":        "registered",
                           "dispute.archived":        "closed" },
    "closed":            { "dispute.reopened":        "registered" },
}
FINAL_STATES = ("closed",)
OPEN_STATES = tuple(state for state in TRANSITIONS if state not in (INITIAL_STATE, *FINAL_STATES))
COURT_STATES = ("filed", "court_track")

# Transitions that are equal in a group of states: states, then step and target. A row of TRANSITIONS takes precedence.
SHARED_TRANSITIONS = (
    # states
    #     step                        new state
    ((*OPEN_STATES, *FINAL_STATES), {
          "dispute.reported":         NOTED,              # a further report of a registered dispute, with a new event id
          "petition.registered":      NOTED,              # petitions are handled independently of the state
          "petition.accepted":        NOTED,
          "petition.transferred":     NOTED,
          "petition.returned":        NOTED,
          "petition.decided":         NOTED,
          "report.corrected":         UNDONE,
          "report.withdrawn":         UNDONE }),
    # Mediation never blocks access to the court (人民调解法 3; 民事诉讼法 126), whatever the state.
    (tuple(state for state in (*OPEN_STATES, *FINAL_STATES) if state not in COURT_STATES), {
          "case.filed":               "filed",
          "case.filing_refused":      NOTED }),
    (OPEN_STATES, {
          "participant.named":        NOTED,
          "petition.extended":        NOTED,
          "reports.joined":           "closed",           # this dispute is closed; the other dispute about the same matter continues
          "departments.called":       NOTED,              # other departments assist the mediation body, which continues to lead
          "call.answered":            NOTED,
          "supervision.issued":       NOTED,
          "supervision.answered":     NOTED }),
    (FINAL_STATES, {
          "reports.unjoined":         UNDONE }),          # undoes a join that was wrong
    (("registered", "screened"), {
          "level.escalated":          NOTED }),           # 四级七天 (four levels in seven days)
    (MEDIATOR_CHOICE_STATES, {
          "mediator.requested":       NOTED }),
    (("screened", "terminated", "confirm_applied"), {
          "papers.received":          NOTED }),
    (CLOCK_BY_NAME["trial_ordinary"].runs_in, {
          "trial.extended":           NOTED }),
)

# Guards of an extension that the president of the court or the head of the petition office approves, each with the reason of the refusal.
APPROVED_EXTENSION_GUARDS = (
    (extendable_period_is_running,                 "no_such_period"),
    (is_extended_in_time,                          "extended_too_late"),
    (is_first_approved_extension,                  "leave_given_before"),
    (approved_extension_is_within_limit,           "leave_too_long"),
)
# Guards of each step, checked in this order. The reason code belongs to the guard before it.
GUARDS = {
    # step                      guard                                         reason of the refusal (text in contracts)
    "dispute.screened":       ((g.may_be_mediated_by_law,                     "may_not_be_mediated"),
                               (g.is_not_administrative_dispute,              "administrative_not_mediated"),
                               (g.is_not_excluded_police_case,                "police_case_not_mediated"),
                               (g.track_is_open_on_day_of_claim,                  "track_not_open")),
    "dispute.routed":         ((g.is_suitable_for_mediation,                                "not_suitable_for_mediation"),
                               (g.may_refer_dispute,                          "no_referral_before_filing"),
                               (g.target_may_accept_referrals,                "not_a_mediating_body"),
                               (organisation_belongs_to_agency,             "not_on_the_roster_then"),
                               (g.target_has_no_disclosed_conflict,           "named_in_a_conflict")),
    "case.entrusted":         ((g.is_on_docket,                               "not_on_a_docket"),
                               (g.no_court_has_medical_dispute,               "already_before_a_court"),
                               (g.target_may_accept_referrals,                "not_a_mediating_body"),
                               (g.target_has_no_disclosed_conflict,           "named_in_a_conflict")),
    "referral.accepted":      ((g.is_referred_body,                           "not_the_body_asked"),
                               (g.mediator_is_on_roster,                      "unknown_mediator"),
                               (g.no_court_has_medical_dispute,               "already_before_a_court"),
                               (g.has_no_conflict_or_parties_agreed,          "conflict_of_interest"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict")),
    "referral.declined":      ((g.is_referred_body,                           "not_the_body_asked"),),
    "conflict.disclosed":     ((g.is_mediating_body_court_or_centre,          "not_the_mediating_body"),),
    "consent.given":          ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "consent.refused":        ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "mediator.agreed":        ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.mediator_is_on_roster,                      "unknown_mediator"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict")),
    "mediator.appointed":     ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.mediator_is_on_roster,                      "unknown_mediator"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict")),
    "mediator.refused":       ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "mediator.requested":     ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "mediation.started":      ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.agreement_is_not_confirmed,                 "already_confirmed"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict"),
                               (g.all_parties_consented,                      "consent_missing")),
    "session.held":           ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict")),
    "clock.paused":           ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.pause_is_for_appraisal,                     "only_an_appraisal_pauses")),
    "clock.resumed":          ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "mediation.extended":     ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.all_parties_consent_to_extension,           "consent_missing_for_extension"),
                               (is_extended_in_time,                          "extended_too_late"),
                               (extension_is_within_limit,                    "extension_too_long"),
                               (is_first_extension_in_court,                  "extended_before")),
    "mediation.suspended":    ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.is_in_mediation,                            "illegal_here")),
    "mediation.resumed":      ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),),
    "mediation.terminated":   ((g.may_end_mediation,                          "not_the_mediating_body"),
                               (g.ground_allows_ending_before_mediation,      "mediation_never_began"),
                               (g.termination_ground_fits_state,              "ground_does_not_fit"),
                               (g.agreement_is_not_confirmed,                 "already_confirmed")),
    "agreement.reached":      ((g.is_mediating_body_or_first_reporter,        "not_the_mediating_body"),
                               (g.mediator_and_body_have_no_conflict,         "named_in_a_conflict")),
    "confirmation.applied":   ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.agreement_is_not_confirmed,                 "already_confirmed"),
                               (g.agreement_is_outside_docket,                "already_on_a_docket"),
                               (g.agreement_is_by_mediation_body,             "not_before_a_mediation_body"),
                               (g.agreement_may_be_confirmed,                 "may_not_be_confirmed"),
                               (g.all_parties_apply,                          "application_not_joint"),
                               (g.court_is_competent,                         "not_the_right_court"),
                               (g.application_is_in_time,                     "applied_too_late")),
    "confirmation.accepted":  ((g.is_reported_by_court,                       "only_a_court_decides"),
                               (g.application_is_not_accepted,                "already_decided")),
    "confirmation.granted":   ((g.is_reported_by_court,                       "only_a_court_decides"),
                               (g.application_was_accepted,                   "not_accepted_yet")),
    "confirmation.refused":   ((g.is_reported_by_court,                       "only_a_court_decides"),),
    "confirmation.withdrawn": ((g.is_mediating_body_or_court,                 "not_the_mediating_body"),
                               (g.has_no_earlier_objection,                   "already_confirmed")),
    "confirmation.extended":  APPROVED_EXTENSION_GUARDS,
    "trial.extended":         ((g.is_on_docket,                               "not_on_a_docket"), *APPROVED_EXTENSION_GUARDS),
    "petition.extended":      APPROVED_EXTENSION_GUARDS,
    "confirmation.objected":  ((g.agreement_is_confirmed,                     "not_confirmed"),
                               (g.has_no_earlier_objection,                   "already_decided"),
                               (g.objection_is_in_time,                       "objected_too_late")),
    "papers.received":        ((papers_restart_a_clock,                       "nothing_to_restart"),),
    "performance.recorded":   ((g.is_mediating_body_court_or_centre,          "not_the_mediating_body"),
                               (g.agreement_has_term,                         "unknown_term"),
                               (g.term_is_not_performed,                      "already_decided")),
    "case.filed":             ((g.is_not_on_docket,                           "already_on_a_docket"),),
    "case.filing_refused":    ((g.is_not_on_docket,                           "already_on_a_docket"),),
    "case.procedure_set":     ((g.is_on_docket,                               "not_on_a_docket"),),
    "case.closed":            ((g.is_on_docket,                               "not_on_a_docket"),),
    "call.answered":          ((owes_call_answer,                             "not_called"),),
    "level.escalated":        ((escalates_upwards,                            "not_in_the_levels"),),
    "supervision.answered":   ((owes_supervision_answer,                      "not_urged"),),
    "participant.named":      ((g.was_not_mediator_of_this_dispute,           "mediated_this_case"),),
    "enforcement.applied":    ((g.has_enforceable_title,                      "no_title_to_enforce"),),
    "enforcement.completed":  ((g.enforcement_is_not_completed,               "already_decided"),),
    "dispute.followed_up":    ((g.is_mediating_body_court_or_centre,          "not_the_mediating_body"),),
    "dispute.archived":       ((g.is_mediating_body_court_or_centre,          "not_the_mediating_body"),
                               (g.has_reason_if_not_screened,                 "not_said_to_be_a_mistake"),
                               (g.may_be_archived,                            "illegal_here")),
    "reports.unjoined":       ((g.was_joined_to_another_dispute,              "illegal_here"),),
    "report.corrected":       ((g.may_correct_for_other_agency,               "not_yours_to_say"),
                               (g.is_own_earlier_report,                      "no_such_report"),
                               (g.corrects_same_step_type,                    "not_that_step"),
                               (g.was_not_undone_before,                      "already_taken_back"),
                               (has_corrected_facts,                          "correction_without_facts")),
    "report.withdrawn":       ((g.is_own_earlier_report,                      "no_such_report"),
                               (g.is_not_registration,                        "registration_stands"),
                               (g.was_not_undone_before,                      "already_taken_back")),
}
# Guard of every step, checked after the transition table and before GUARDS: the package contracts lists which roles may report which step.
GUARD_FOR_EVERY_STEP = (g.may_report_step, "not_yours_to_say")

# Roles that have to act next in each state. `agencies_in_role` returns the agencies of a role.
NEXT_ACTORS = {
    "detected":          (),
    "registered":        ("centre",),
    "screened":          ("after_screening",),
    "routed":            ("body",),
    "referral_declined": ("sender",),              # the agency that referred the dispute: the centre or a court
    "accepted":          ("body",),
    "consent_pending":   ("body",),
    "mediating":         ("body",),
    "clock_paused":      ("body",),
    "agreed":            ("body",),
    "confirm_applied":   ("court",),
    "confirm_decided":   ("body",),
    "performing":        ("body",),
    "defaulted":         ("body",),
    "terminated":        ("body",),
    "suspended":         ("body", "authority"),    # the mediation body, and the court (suspected sham) or the police (suspected crime; 人民调解法 25)
    "filed":             ("court",),
    "court_track":       ("court",),
    "enforcement":       ("court",),
    "redirected":        ("centre",),
    "resolved":          ("body",),
    "closed":            (),
}
# Clock: type of the step that is applied automatically when a deadline of the clock has passed.
STEP_WHEN_PASSED = {
    "confirmation_apply":             "confirmation.lapsed",
    "group_level":                    "level.escalated",
    "village_level":                  "level.escalated",
    "township_office_level":          "level.escalated",
    "township_level":                 "level.escalated",
    "mediation_out_of_court_policy":  "supervision.issued",
    "mediation_entrusted_ordinary":   "supervision.issued",
    "mediation_entrusted_simplified": "supervision.issued",
    "supervision_answer":             "supervision.issued",                    # second supervision, also notified to the political-legal committee
}
STATE_CHANGING_WHEN_PASSED = ("confirmation_apply",)  # clocks whose automatic step changes the state of the dispute
# Automatic step: function of (dispute, deadline) that returns the data of the step, or None if the step is not to be applied.
FACTS_WHEN_PASSED = {
    "level.escalated":                next_level_facts,
    "supervision.issued":             next_supervision_facts,
}

# Principles of the law of mediation, numbered as in docs/lifecycle.md: guard that enforces the principle, step that it guards, articles.
PRINCIPLES = {
    "G1":  ("all_parties_consented", "mediation.started", "人民调解法 17; 民事诉讼法 125"),
    "G2":  ("may_request_another_mediator", "mediator.refused", "特邀调解规定 12; 在线调解规则 14"),
    "G3":  ("mediator_and_body_have_no_conflict", "referral.accepted", "特邀调解规定 15; 在线调解规则 13"),
    "G4":  ("was_not_mediator_of_this_dispute", "participant.named", "特邀调解规定 16"),
    "G5":  ("agreement_may_be_confirmed", "confirmation.applied", "民事诉讼法解释 355"),
    "G6":  ("application_is_in_time", "confirmation.applied", "民事诉讼法 205; 特邀调解规定 20"),
    "G8":  ("agreement_may_be_confirmed", "confirmation.applied", "民法典 1079; 民事诉讼法解释 145, 355"),
    "G9":  ("no_court_has_medical_dispute", "referral.accepted", "医疗纠纷条例 31, 40"),
    "G10": ("is_mediating_body_or_court", "mediation.suspended", "特邀调解规定 18; 在线调解规则 23"),
    "G11": ("pause_is_for_appraisal", "clock.paused", "在线调解规则 26; 医疗纠纷条例 38, 40"),
    "G12": ("all_parties_consent_to_extension", "mediation.extended", "特邀调解规定 27; 在线调解规则 24; 立案与调解意见 3"),
    "G13": ("is_not_on_docket", "case.filed", "人民调解法 3; 民事诉讼法 126"),
    "G16": ("track_is_open_on_day_of_claim", "dispute.screened", "立案与调解意见 3"),
}
# fmt: on

for _states, _row in SHARED_TRANSITIONS:
    for _state in _states:
        TRANSITIONS[_state] |= {step_type: cell for step_type, cell in _row.items() if step_type not in TRANSITIONS[_state]}


def all_targets(cell: Cell) -> tuple[str, ...]:
    """Return all targets of a cell of the transition table, including NOTED and UNDONE."""
    if isinstance(cell, ConditionalTarget):
        return (*all_targets(cell.then), *all_targets(cell.otherwise))
    return cell.to if isinstance(cell, PreviousStateTarget) else (cell,)


def target_states(cell: Cell) -> tuple[str, ...]:
    """Return the states to which a cell of the transition table may lead, without duplicates."""
    return tuple(dict.fromkeys(target for target in all_targets(cell) if target not in (NOTED, UNDONE)))
