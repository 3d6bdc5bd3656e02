"""The life of a dispute. What changes a state is in this file and nowhere else. No clock, no database; `now` never comes in here.

Reading it: a dispute is in one state. An agency reports a step. If the row of that state names the step, and its guards agree, the dispute
goes where the row says; else the agency is told why not. Clocks start, are met and are extended by the same steps: deadlines/clocks.py.
In dispute/: tracks and their dates, what may not be mediated or confirmed (matters.py), and the guards of a step.
"""

from dataclasses import dataclass

from services.mediation.deadlines.clocks import (
    BY_NAME,
    a_period_runs_that_leave_lengthens,
    as_long_as_leave_can_be_given_for,
    no_leave_was_given_before,
    no_longer_than_allowed,
    only_once_in_court,
    papers_begin_it_anew,
    still_running_when_extended,
)
from services.mediation.dispute import guards as g
from services.mediation.dispute.escalation import goes_up, next_level, next_urging, was_called, was_urged
from services.mediation.dispute.model import FIRST
from services.mediation.dispute.step import NOTED, Guard
from services.mediation.routing.effects import CHOOSING, to_an_organisation_of_the_agency


@dataclass(frozen=True, slots=True)
class When:
    """A target that depends on a guard, asked when the step has been taken into account."""

    guard: Guard
    then: "str | When"
    otherwise: "str | When"


@dataclass(frozen=True, slots=True)
class Back:
    """To the state that the dispute left for a pause: one of these."""

    to: tuple[str, ...]


Cell = str | When | Back

# ── The tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

UNDONE = "undone"  # the dispute is again as it was before the report that is called wrong; a corrected one is then taken anew

# fmt: off
# Mediation that fails goes back to whoever had the dispute before: the trial resumes (特邀调解规定 21; 在线调解规则 21), or the parties choose another way.
FAILED = When(g.is_before_a_court, "court_track", "terminated")
PERFORMED = When(g.everything_performed, "resolved", When(g.something_defaulted, "defaulted", "performing"))
SETTLED = When(g.said_to_be_settled, "resolved", NOTED)
KEPT_AT_ONCE = When(g.nothing_more_is_owed, "resolved", "agreed")
CLOSED_BY_COURT = When(g.nothing_more_is_owed, "resolved", "performing")
REFUSED_A_MEDIATOR = When(g.may_ask_for_another_mediator, NOTED, FAILED)

TRANSITIONS: dict[str, dict[str, Cell]] = {
    # while it is         and this happens            it becomes
    "detected":          { "dispute.registered":      "registered" },
    "registered":        { "dispute.screened":        "screened",
                           "agreement.reached":       KEPT_AT_ONCE,           # settled on the spot, by whoever found it
                           "dispute.redirected":      "redirected",
                           "mediation.terminated":    "terminated",
                           "dispute.archived":        "closed" },             # registered by mistake: its first report stands, and cannot be withdrawn
    "screened":          { "dispute.screened":        NOTED,                  # a second look, by the women's federation perhaps
                           "dispute.routed":          "routed",
                           "dispute.redirected":      "redirected",
                           "mediation.terminated":    "terminated",           # withdrawn before anybody was asked
                           "dispute.archived":        "closed" },
    "routed":            { "dispute.routed":          "routed",               # no answer: sent to another body, which has its own time
                           "case.entrusted":          "routed",
                           "referral.accepted":       "accepted",
                           "referral.declined":       "referral_declined",
                           "conflict.disclosed":      NOTED,
                           "dispute.redirected":      "redirected",
                           "case.procedure_set":      "court_track",
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED },
    "referral_declined": { "dispute.routed":          "routed",
                           "case.entrusted":          "routed",
                           "dispute.redirected":      "redirected",
                           "case.procedure_set":      "court_track",
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED },
    "accepted":          { "consent.given":           "consent_pending",
                           "consent.refused":         FAILED,
                           "mediator.agreed":         "consent_pending",
                           "mediator.appointed":      "consent_pending",
                           "mediator.refused":        REFUSED_A_MEDIATOR,
                           "conflict.disclosed":      NOTED,
                           "referral.declined":       "referral_declined",    # given back, for a conflict perhaps
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED },               # a party cannot even be reached
    "consent_pending":   { "consent.given":           NOTED,
                           "consent.refused":         FAILED,
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediator.refused":        REFUSED_A_MEDIATOR,
                           "conflict.disclosed":      NOTED,
                           "referral.declined":       "referral_declined",
                           "mediation.started":       "mediating",
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED },
    "mediating":         { "session.held":            NOTED,
                           "consent.given":           NOTED,
                           "consent.refused":         FAILED,                 # one clear refusal ends it, at any time
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediator.refused":        REFUSED_A_MEDIATOR,
                           "conflict.disclosed":      NOTED,
                           "clock.paused":            "clock_paused",
                           "mediation.extended":      NOTED,
                           "agreement.reached":       "agreed",
                           "case.closed":             CLOSED_BY_COURT,        # withdrawn while mediation ran
                           "mediation.terminated":    FAILED,
                           "mediation.suspended":     "suspended" },
    "clock_paused":      { "clock.resumed":           Back(("mediating", "court_track")),
                           "conflict.disclosed":      NOTED,
                           "consent.refused":         FAILED,
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED,
                           "mediation.suspended":     "suspended" },
    "suspended":         { "mediation.resumed":       "mediating",            # looked into, and nothing in it
                           "consent.refused":         FAILED,
                           "case.closed":             CLOSED_BY_COURT,
                           "mediation.terminated":    FAILED,
                           "dispute.archived":        "closed" },
    "agreed":            { "performance.recorded":    PERFORMED,
                           "dispute.followed_up":     SETTLED,
                           "mediation.terminated":    NOTED,                  # on the first of the eight grounds
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     "performing",           # time says so; the agreement stands as a contract
                           "case.closed":             CLOSED_BY_COURT },
    "confirm_applied":   { "confirmation.accepted":   "confirm_applied",
                           "confirmation.extended":   NOTED,
                           "confirmation.granted":    "confirm_decided",
                           "confirmation.refused":    "confirm_decided",
                           "confirmation.withdrawn":  "confirm_decided",
                           "performance.recorded":    NOTED,
                           "dispute.followed_up":     NOTED },
    "confirm_decided":   { "performance.recorded":    PERFORMED,
                           "dispute.followed_up":     SETTLED,
                           "confirmation.applied":    "confirm_applied",      # withdrawn, and applied for again in time
                           "mediation.started":       "mediating",            # refused: the parties may agree anew (民事诉讼法 206)
                           "mediation.terminated":    "terminated",           # or go to court
                           "confirmation.objected":   "confirm_applied",      # confirmed: the court looks at it once more
                           "enforcement.applied":     "enforcement" },
    "performing":        { "performance.recorded":    PERFORMED,
                           "dispute.followed_up":     SETTLED,
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     NOTED,
                           "confirmation.objected":   "confirm_applied",
                           "enforcement.applied":     "enforcement",
                           "case.closed":             CLOSED_BY_COURT,
                           "dispute.archived":        "closed" },
    "defaulted":         { "performance.recorded":    PERFORMED,              # only the whole mends it
                           "dispute.followed_up":     SETTLED,
                           "confirmation.applied":    "confirm_applied",
                           "confirmation.lapsed":     NOTED,
                           "confirmation.objected":   "confirm_applied",
                           "enforcement.applied":     "enforcement",
                           "dispute.reopened":        "registered",
                           "case.closed":             CLOSED_BY_COURT,
                           "dispute.archived":        "closed" },             # every term decided, one of them not kept
    "terminated":        { "dispute.followed_up":     NOTED,
                           "dispute.redirected":      "redirected",
                           "dispute.archived":        "closed" },
    "filed":             { "case.entrusted":          "routed",
                           "case.procedure_set":      "court_track",
                           "case.closed":             CLOSED_BY_COURT },
    "court_track":       { "case.entrusted":          "routed",
                           "case.procedure_set":      "court_track",          # simplified turned ordinary
                           "session.held":            NOTED,
                           "clock.paused":            "clock_paused",
                           "case.closed":             CLOSED_BY_COURT },
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
                           "case.closed":             NOTED,                  # settled and performed first, then taken off the docket
                           "dispute.reopened":        "registered",
                           "dispute.archived":        "closed" },
    "closed":            { "dispute.reopened":        "registered" },
}
ENDS = ("closed",)
OPEN = tuple(state for state in TRANSITIONS if state not in (FIRST, *ENDS))
IN_COURT = ("filed", "court_track")

# What is possible in whole groups of states.
EVERYWHERE = (
    # in these states                                              this happens              it becomes
    ((*OPEN, *ENDS),                                             { "dispute.reported":       NOTED,      # told again, under a new id, of a dispute that has its code
                                                                   "petition.registered":    NOTED,      # runs beside everything else
                                                                   "petition.accepted":      NOTED,
                                                                   "petition.transferred":   NOTED,
                                                                   "petition.returned":      NOTED,
                                                                   "petition.decided":       NOTED,
                                                                   "report.corrected":       UNDONE,
                                                                   "report.withdrawn":       UNDONE }),
    # Mediation never blocks the way to court (人民调解法 3; 民事诉讼法 126): whatever else is going on, or is over.
    (tuple(state for state in (*OPEN, *ENDS) if state not in IN_COURT), { "case.filed":      "filed",
                                                                   "case.filing_refused":    NOTED }),
    (OPEN,                                                       { "participant.named":      NOTED,
                                                                   "petition.extended":      NOTED,
                                                                   "reports.joined":         "closed",     # it is the same as another, which goes on
                                                                   "departments.called":          NOTED,      # others come to help; the body that has it leads
                                                                   "call.answered":       NOTED,
                                                                   "supervision.issued":     NOTED,
                                                                   "supervision.answered":   NOTED }),
    (ENDS,                                                       { "reports.unjoined":       UNDONE }),      # it is not
    (("registered", "screened"),                                 { "level.escalated":        NOTED }),   # 四级七天
    (CHOOSING,                                                   { "mediator.requested":     NOTED }),
    (("screened", "terminated", "confirm_applied"),              { "papers.received":        NOTED }),
    (BY_NAME["trial_ordinary"].runs_in,                          { "trial.extended":         NOTED }),
)

LEAVE = (                               # a president or a head gives more time: while it runs, once, as long as the law allows
    (a_period_runs_that_leave_lengthens,       "no_such_period"),
    (still_running_when_extended,              "extended_too_late"),
    (no_leave_was_given_before,                "leave_given_before"),
    (as_long_as_leave_can_be_given_for,        "leave_too_long"),
)
GUARDS = {
    # this goes ahead         only if                                    or else this reason, in Chinese and English, from contracts
    "dispute.screened":      ((g.may_be_mediated_by_law,                 "may_not_be_mediated"),
                              (g.no_plain_administrative_dispute,        "administrative_not_mediated"),
                              (g.no_excluded_police_case,                "police_case_not_mediated"),
                              (g.on_the_track_of_its_day,                "track_not_open")),
    "dispute.routed":        ((g.suitable,                               "not_suitable_for_mediation"),
                              (g.may_send_it,                            "no_referral_before_filing"),
                              (g.can_take_a_referral,                    "not_a_mediating_body"),
                              (to_an_organisation_of_the_agency,         "not_on_the_roster_then"),
                              (g.to_nobody_named_in_a_conflict,          "named_in_a_conflict")),
    "case.entrusted":        ((g.on_a_docket,                            "not_on_a_docket"),
                              (g.nobody_else_has_it,                     "already_before_a_court"),
                              (g.can_take_a_referral,                    "not_a_mediating_body"),
                              (g.to_nobody_named_in_a_conflict,          "named_in_a_conflict")),
    "referral.accepted":     ((g.was_asked,                              "not_the_body_asked"),
                              (g.is_on_the_roster,                       "unknown_mediator"),
                              (g.nobody_else_has_it,                     "already_before_a_court"),
                              (g.free_of_conflict,                       "conflict_of_interest"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict")),
    "referral.declined":     ((g.was_asked,                              "not_the_body_asked"),),
    "conflict.disclosed":    ((g.looks_after_it,                         "not_the_mediating_body"),),
    "consent.given":         ((g.mediates_it,                            "not_the_mediating_body"),),
    "consent.refused":       ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediator.agreed":       ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.is_on_the_roster,                       "unknown_mediator"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict")),
    "mediator.appointed":    ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.is_on_the_roster,                       "unknown_mediator"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict")),
    "mediator.refused":      ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediator.requested":    ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediation.started":     ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.nothing_was_confirmed,                  "already_confirmed"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict"),
                              (g.everyone_consented,                     "consent_missing")),
    "session.held":          ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict")),
    "clock.paused":          ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.only_an_appraisal,                      "only_an_appraisal_pauses")),
    "clock.resumed":         ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediation.extended":    ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.everyone_consents_to_more_time,         "consent_missing_for_extension"),
                              (still_running_when_extended,              "extended_too_late"),
                              (no_longer_than_allowed,                   "extension_too_long"),
                              (only_once_in_court,                       "extended_before")),
    "mediation.suspended":   ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediation.resumed":     ((g.mediates_it,                            "not_the_mediating_body"),),
    "mediation.terminated":  ((g.ends_it_or_never_sent_it,               "not_the_mediating_body"),
                              (g.mediation_began_or_never_will,          "mediation_never_began"),
                              (g.the_ground_fits,                        "ground_does_not_fit"),
                              (g.nothing_was_confirmed,                  "already_confirmed")),
    "agreement.reached":     ((g.mediates_it_or_settled_it_on_the_spot,  "not_the_mediating_body"),
                              (g.nobody_named_in_a_conflict,             "named_in_a_conflict")),
    "confirmation.applied":  ((g.mediates_it,                            "not_the_mediating_body"),
                              (g.nothing_was_confirmed,                  "already_confirmed"),
                              (g.made_outside_the_docket,                "already_on_a_docket"),
                              (g.made_before_a_mediation_body,           "not_before_a_mediation_body"),
                              (g.about_what_may_be_confirmed,            "may_not_be_confirmed"),
                              (g.applied_for_jointly,                    "application_not_joint"),
                              (g.to_the_right_court,                     "not_the_right_court"),
                              (g.applied_in_time,                        "applied_too_late")),
    "confirmation.accepted": ((g.a_court_says_it,                        "only_a_court_decides"),
                              (g.not_accepted_yet,                       "already_decided")),
    "confirmation.granted":  ((g.a_court_says_it,                        "only_a_court_decides"),
                              (g.was_accepted,                           "not_accepted_yet")),
    "confirmation.refused":  ((g.a_court_says_it,                        "only_a_court_decides"),),
    "confirmation.withdrawn": ((g.mediates_it,                           "not_the_mediating_body"),
                              (g.nobody_objected_before,                 "already_confirmed")),
    "confirmation.extended": LEAVE,
    "trial.extended":        ((g.on_a_docket,                            "not_on_a_docket"), *LEAVE),
    "petition.extended":     LEAVE,
    "confirmation.objected": ((g.was_confirmed,                          "not_confirmed"),
                              (g.nobody_objected_before,                 "already_decided"),
                              (g.objected_in_time,                       "objected_too_late")),
    "papers.received":       ((papers_begin_it_anew,                     "nothing_to_restart"),),
    "performance.recorded":  ((g.looks_after_it,                         "not_the_mediating_body"),
                              (g.has_that_term,                          "unknown_term"),
                              (g.not_yet_performed,                      "already_decided")),
    "case.filed":            ((g.not_yet_on_a_docket,                    "already_on_a_docket"),),
    "case.filing_refused":   ((g.not_yet_on_a_docket,                    "already_on_a_docket"),),
    "case.procedure_set":    ((g.on_a_docket,                            "not_on_a_docket"),),
    "case.closed":           ((g.on_a_docket,                            "not_on_a_docket"),),
    "call.answered":      ((was_called,                               "not_called"),),
    "level.escalated":       ((goes_up,                                  "not_in_the_levels"),),
    "supervision.answered":  ((was_urged,                                "not_urged"),),
    "participant.named":     ((g.mediated_nothing_here,                  "mediated_this_case"),),
    "enforcement.applied":   ((g.has_a_title,                            "no_title_to_enforce"),),
    "enforcement.completed": ((g.not_completed_yet,                      "already_decided"),),
    "dispute.followed_up":   ((g.looks_after_it,                         "not_the_mediating_body"),),
    "dispute.archived":      ((g.looks_after_it,                         "not_the_mediating_body"),
                              (g.a_mistake_if_nobody_looked_at_it,       "not_said_to_be_a_mistake"),
                              (g.nothing_is_left_to_do,                  "illegal_here")),
    "reports.unjoined":      ((g.ended_in_another,                       "illegal_here"),),
    "report.corrected":      ((g.it_said_that_itself,                    "no_such_report"),
                              (g.the_registration_stands,                "registration_stands"),
                              (g.corrects_that_word,                     "not_that_step"),
                              (g.not_taken_back_before,                  "already_taken_back"),
                              (g.says_what_is_right,                     "correction_without_facts"),
                              (g.nothing_stands_on_it,                   "later_steps_stand")),
    "report.withdrawn":      ((g.it_said_that_itself,                    "no_such_report"),
                              (g.the_registration_stands,                "registration_stands"),
                              (g.not_taken_back_before,                  "already_taken_back"),
                              (g.nothing_stands_on_it,                   "later_steps_stand")),
}
EVERY_STEP = (g.may_report_it, "not_yours_to_say")  # the authority table of contracts; asked after the row, before the guards above

NEXT_ACTORS = {                                    # whose turn it is
    "detected":          (),
    "registered":        ("centre",),
    "screened":          ("centre",),
    "routed":            ("body",),
    "referral_declined": ("sender",),              # the centre, or the court that entrusted it
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
    "suspended":         ("body", "authority"),    # who suspects it reports it: a sham to the court, a crime to the police (人民调解法 25)
    "filed":             ("court",),
    "court_track":       ("court",),
    "enforcement":       ("court",),
    "redirected":        ("centre",),
    "resolved":          ("body",),
    "closed":            (),
}
TIME_SAYS = {                                      # when this clock has passed, time itself takes this step
    "confirmation_apply":             "confirmation.lapsed",
    "group_level":                    "level.escalated",
    "village_level":                  "level.escalated",
    "township_office_level":          "level.escalated",
    "township_level":                 "level.escalated",
    "mediation_out_of_court_policy":  "supervision.issued",
    "mediation_entrusted_ordinary":   "supervision.issued",
    "mediation_entrusted_simplified": "supervision.issued",
    "supervision_answer":             "supervision.issued",                    # once more, and the political-legal committee hears of it
}
TIME_TELLS = {                                     # with these facts; none: then it does not
    "level.escalated":                next_level,
    "supervision.issued":             next_urging,
}

PRINCIPLES = {                                     # the guards of the domain, and where each of them stands
    "G1":  ("everyone_consented", "mediation.started", "人民调解法 17; 民事诉讼法 125"),
    "G2":  ("may_ask_for_another_mediator", "mediator.refused", "特邀调解规定 12; 在线调解规则 14"),
    "G3":  ("nobody_named_in_a_conflict", "referral.accepted", "特邀调解规定 15; 在线调解规则 13"),
    "G4":  ("mediated_nothing_here", "participant.named", "特邀调解规定 16"),
    "G5":  ("about_what_may_be_confirmed", "confirmation.applied", "民事诉讼法解释 355"),
    "G6":  ("applied_in_time", "confirmation.applied", "民事诉讼法 205; 特邀调解规定 20"),
    "G8":  ("about_what_may_be_confirmed", "confirmation.applied", "民法典 1079; 民事诉讼法解释 145, 355"),
    "G9":  ("nobody_else_has_it", "referral.accepted", "医疗纠纷条例 31, 40"),
    "G10": ("mediates_it", "mediation.suspended", "特邀调解规定 18; 在线调解规则 23"),
    "G11": ("only_an_appraisal", "clock.paused", "在线调解规则 26; 医疗纠纷条例 38, 40"),
    "G12": ("everyone_consents_to_more_time", "mediation.extended", "特邀调解规定 27; 在线调解规则 24; 立案与调解意见 3"),
    "G13": ("not_yet_on_a_docket", "case.filed", "人民调解法 3; 民事诉讼法 126"),
    "G16": ("on_the_track_of_its_day", "dispute.screened", "立案与调解意见 3"),
}
# fmt: on

for _states, _row in EVERYWHERE:
    for _state in _states:
        TRANSITIONS[_state] |= {word: cell for word, cell in _row.items() if word not in TRANSITIONS[_state]}


def targets(cell: Cell) -> tuple[str, ...]:
    """Every place that a cell of the table may lead to; NOTED and UNDONE among them."""
    if isinstance(cell, When):
        return (*targets(cell.then), *targets(cell.otherwise))
    return cell.to if isinstance(cell, Back) else (cell,)


def leads_to(cell: Cell) -> tuple[str, ...]:
    """The states among them."""
    return tuple(dict.fromkeys(target for target in targets(cell) if target not in (NOTED, UNDONE)))
