"""Table of the clocks of a dispute. A clock is the rule of a deadline: which steps set and meet it, from when it is counted, which agency is responsible.

Lengths, kinds and articles are in law/periods.py. A step starts a clock if it leads to a state in which the clock runs, not if the step is only noted.
The deadline is stopped when the dispute enters a state in which its clock does not run. An appraisal pauses the clocks for which the law excludes
appraisal time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from contracts import AGENCIES, STATES
from services.mediation.dispute import guards as g
from services.mediation.dispute.escalation import LEVEL_BY_NAME, STEPS_MEETING_LEVEL_CLOCKS, all_called_departments_have_answered, departments_without_answer
from services.mediation.dispute.guards import decides_next_term, is_reported_settled, next_owed_term, party_is_respondent
from services.mediation.dispute.step import Guard
from services.mediation.dispute.tracks import is_awaiting_filing_decision, track_of_claim
from services.mediation.law.computing import Facts, rule_for
from services.mediation.law.counting import is_in_time
from services.mediation.law.dates import date_of, day_of, day_start, end_of
from services.mediation.law.periods import REGISTRATION_FIRST_FROM, ExtensionRule

ClockStart = tuple[datetime, str]  # start of the period, and a suffix of the deadline's key ("/2") if the clock can run several times, else ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Clock of a dispute: the rule of a deadline. Its length, kind and article are in law/periods.py under the same name."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable[..., ClockStart | None]  # function of (dispute, step) that returns the start; None: no such deadline for this dispute
    runs_in: tuple[str, ...]  # states in which the clock runs
    met_by: dict[str, Guard | None]  # type of a step that meets the deadline: guard that must hold; None: no condition
    owed_by: str  # role of the responsible agency in the dispute, or "reporter" for the agency that reported the starting step
    remind: tuple[str, ...]  # lead times of the reminders to the responsible agency (law/reminders.py); a county may set others
    extended_by: str | None = None  # type of the step that extends the deadline
    restarted_by: tuple[str, ...] = ()  # types of the steps that restart the period
    on_platform: bool | None = None  # False: the rules for the platform of the courts apply as policy only; None: no difference
    starts_when_noted: bool = False  # True: a step that is only noted starts the clock, too
    can_start_when_met: bool = False  # True: one step may report both the start and the act that meets the deadline, which is then set and met at once
    in_court: bool = False  # True: the clock limits mediation of a case that a court registered
    exclusive_group: str | None = None  # group of clocks of which only one runs for a dispute: starting one stops the other


# ── Starts of clocks (counted_from) ───────────────────────────────────────────────────────────────────────────────────────────────


def time_of_step(dispute, step):
    """Return the time of the step as the start of the period."""
    return step.happened_at, ""


def due_day_of_next_term(dispute, step):
    """Return the due day of the owed term that is due first; None if no term of the agreement is owed."""
    number = next_owed_term(dispute)
    return None if number is None else (day_start(dispute.terms[number - 1]["due_on"]), f"/{number}")


def day_of_complete_performance(dispute, step):
    """Return the day on which the last term was performed, or the time of an agreement without terms; None while a term of the agreement is owed."""
    if next_owed_term(dispute) is not None:
        return None
    performed_on = step.facts.get("on")
    return (day_start(performed_on) if performed_on else step.happened_at), ""


def time_after_screening(dispute, step):
    """Return the time of the step after which the dispute has to be referred.

    None while a court has to decide whether to register a complaint, and for a further screening, which does not restart the clock.
    """
    if dispute.state == "screened" and is_awaiting_filing_decision(dispute):
        return None
    return _unchanged_start(dispute, "routing", step)


def time_of_acceptance_outside_court(dispute, step):
    """Return the time at which a mediation body accepted a dispute that is not before a court.

    None for labour disputes and for disputes before a medical mediation committee, which have their own clocks.
    """
    is_outside_court = dispute.track != "legacy" and dispute.docket != "open" and not _is_labour_dispute(dispute) and not _is_before_medical_committee(dispute)
    return _beginning_of_mediation(dispute, step) if is_outside_court else None


def receipt_of_application_for_labour_mediation(dispute, step):
    """Return the day on which the application for mediation of a labour dispute was received (劳动争议调解仲裁法 14; reading 11 in law/periods.py).

    None for other disputes and after filing.
    """
    if dispute.docket == "open" or not _is_labour_dispute(dispute):
        return None
    if step.facts.get("application_received_on"):
        return day_start(step.facts["application_received_on"]), ""
    running = dispute.deadlines.get("labour_mediation")
    if running is not None:
        return running.started_at, ""
    # Mediation that starts again after a court refused to confirm an agreement has a new application.
    is_first = step.step_type != "mediation.started"
    return (dispute.opened_at if is_first and dispute.wants == "mediation" else step.happened_at), ""


def time_of_acceptance_by_medical_committee(dispute, step):
    """Return the time at which a medical mediation committee accepted the dispute; None for other bodies and after filing."""
    return _beginning_of_mediation(dispute, step) if dispute.docket != "open" and _is_before_medical_committee(dispute) else None


def time_of_acceptance_on_legacy_track(dispute, step):
    """Return the time at which a mediation body accepted a dispute on the legacy track (诉前调, until 2024-12-31); None for other tracks."""
    return _beginning_of_mediation(dispute, step) if dispute.track == "legacy" and dispute.docket != "open" else None


def time_of_acceptance_in_ordinary_procedure(dispute, step):
    """Return the time at which a mediation body accepted a case that a court tries in ordinary procedure; None for other disputes."""
    return _beginning_of_mediation(dispute, step) if dispute.docket == "open" and dispute.procedure == "ordinary" else None


def time_of_acceptance_in_simplified_procedure(dispute, step):
    """Return the time at which a mediation body accepted a case in simplified procedure, small claims or fast track; None for other disputes."""
    return _beginning_of_mediation(dispute, step) if dispute.docket == "open" and dispute.procedure != "ordinary" else None


def _beginning_of_mediation(dispute, step):
    """Return the time of the acceptance by the mediation body. None if the step starts mediation whose period was set at the acceptance.

    If mediation starts again after a court refused to confirm an agreement, there is no acceptance, and the period begins with this start.
    """
    if step.step_type == "mediation.started" and any(CLOCK_BY_NAME[deadline.clock].met_by is _MEDIATION_ENDED_BY for deadline in dispute.deadlines.values()):
        return None
    return step.happened_at, ""


def effective_day_of_agreement(dispute, step):
    """Return the day on which the agreement took effect; None if a court may not confirm the agreement.

    After an application was withdrawn, the thirty days continue from the same day (民事诉讼法 205). None if they have ended.
    """
    is_confirmable = (
        g.agreement_is_outside_docket(dispute, step) and g.agreement_is_by_mediation_body(dispute, step) and g.agreement_may_be_confirmed(dispute, step)
    )
    if not is_confirmable or (step.step_type != "agreement.reached" and not is_in_time(step.happened_at, g.confirmation_application_due_at(dispute, step))):
        return None
    return day_start(dispute.agreement["effective_on"]), ""


def application_day(dispute, step):
    """Return the day of the application for confirmation."""
    return day_start(step.facts["applied_on"]), ""


def time_of_last_consent(dispute, step):
    """Return the time at which the last party consented. A repeated consent does not restart the clock.

    None if a party has not consented, or if a mediator is named or an appointment was requested.
    """
    if dispute.mediator is not None or not g.all_parties_consented(dispute, step) or "online_appoint" in dispute.deadlines:
        return None
    return _unchanged_start(dispute, "online_parties_choose", step)


def time_of_supervision(dispute, step):
    """Return the time of the supervision. Each supervision has its own deadline, numbered by the suffix of the key."""
    return step.happened_at, f"/{dispute.supervision_count}"


def time_of_first_request_for_appointment(dispute, step):
    """Return the time of the first request to appoint a mediator; a repeated request does not restart the clock."""
    return _unchanged_start(dispute, "online_appoint", step)


def _unchanged_start(dispute, clock, step):
    """Return the start of the deadline of this clock if it is set already, else the time of the step."""
    running = dispute.deadlines.get(clock)
    return (running.started_at if running else step.happened_at), ""


def day_of_receipt_of_ruling(dispute, step):
    """Return the day on which the ruling was received; None if the ruling decides an objection, because a second objection is not possible."""
    if dispute.was_objected_to:
        return None
    served_on = step.facts.get("served_on")
    return (day_start(served_on) if served_on else step.happened_at), ""


def day_of_receipt_of_claim(dispute, step):
    """Return the day on which the court received the claim or, if later papers restart the seven days, those papers (民事诉讼法解释 126).

    None for a claim that a court received before 2025 (track `legacy`). A screening that does not state the day counts from the report, if the court
    itself reported the dispute, else from the screening.
    """
    facts = step.facts
    if step.step_type == "dispute.screened":
        if not is_awaiting_filing_decision(dispute):
            return None
        if facts.get("court_received_on"):
            return day_start(facts["court_received_on"]), ""
        return (dispute.opened_at, "") if dispute.reporter == step.agency else _unchanged_start(dispute, "filing_decision", step)
    if not facts.get("received_on") or track_of_claim(date_of(facts["received_on"])) != "B":
        return None
    return day_start(facts.get("restarted_on") or facts["received_on"]), ""


def filing_day_function(*procedures):
    """Return a function that returns the filing day of a case in one of these procedures.

    A change of procedure keeps the filing day (民事诉讼法解释 258).
    """

    def day_of_filing(dispute, step):
        if dispute.procedure not in procedures:
            return None
        if "decided_on" in step.facts:
            return day_start(step.facts["decided_on"]), ""
        earlier_trial = next((deadline for deadline in dispute.deadlines.values() if CLOCK_BY_NAME[deadline.clock].exclusive_group == "trial"), None)
        return (earlier_trial.started_at, "") if earlier_trial else None

    day_of_filing.__name__ = "filing"
    return day_of_filing


def day_of_knowledge_of_third_party(dispute, step):
    """Return the day on which the interested person knew of the infringement; None for a party, or if the objection does not state the day."""
    knew_on = step.facts.get("knew_on")
    return (day_start(knew_on), "") if knew_on and g.is_objection_by_third_party(dispute, step) else None


def last_day_for_performance(dispute, step):
    """Return the due day of the last term of a confirmed agreement (民事诉讼法 250); None if the agreement is not confirmed or has no terms."""
    days = [date_of(term["due_on"]) for term in dispute.terms]
    return (day_start(max(days)), "") if days and dispute.confirmation == "granted" else None


def _is_labour_dispute(dispute) -> bool:
    return dispute.kind == "labour"


def _is_before_medical_committee(dispute) -> bool:
    """Return whether the dispute is medical and its mediation body handles medical disputes."""
    return dispute.kind == "medical" and dispute.body is not None and "medical" in AGENCIES[dispute.body].takes


def time_of_call(dispute, step):
    """Return the time of the step; None if every called department has answered."""
    return (step.happened_at, "") if departments_without_answer(dispute) else None


def arrival_time_function(level):
    """Return a function that returns the time at which the dispute came to this level (四级七天); None if it is at another level."""

    def time_of_arrival_at_level(dispute, step):
        return (step.happened_at, "") if dispute.level == level else None

    return time_of_arrival_at_level


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
# Lead times of reminders in working days, and groups of states in which clocks run.
_ON_THE_LAST_DAY, _A_DAY, _THREE_DAYS, _FIVE_DAYS, _A_MONTH = ("0wd",), ("1wd",), ("3wd",), ("5wd",), ("20wd",)
_BEFORE_MEDIATION, _IN_MEDIATION = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating", "clock_paused")
_AFTER_AGREEMENT = ("agreed", "confirm_applied", "confirm_decided", "performing", "defaulted")
_BEFORE_CONFIRMATION = ("agreed", "confirm_decided", "performing", "defaulted")
_IN_COURT = ("filed", "court_track", "routed", "referral_declined", *_IN_MEDIATION, "suspended", "agreed")
_OPEN_STATES = tuple(state for state in STATES if state not in ("detected", "safeguard_hold", "closed"))
_PETITION_STATES = (*_OPEN_STATES, "closed")  # the petition office has to decide a petition whatever became of the dispute
# Steps that end mediation and so meet its deadline, without a guard.
_MEDIATION_ENDED_BY = {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "case.closed": None}

# A row says: name; steps that start the clock; start of the period; states in which the clock runs; steps that meet the deadline, each with a guard or
# None; role of the responsible agency; lead times of the reminders.
CLOCKS = (
    Clock("screening", ("dispute.registered", "dispute.reopened"), time_of_step, ("registered",),
          {"dispute.screened": None},
          "centre", remind=_ON_THE_LAST_DAY),
    Clock("routing", ("dispute.screened", "referral.declined", "case.filing_refused"), time_after_screening, ("screened", "referral_declined"),
          {"dispute.routed": None, "case.entrusted": None, "dispute.redirected": None, "dispute.archived": None},
          "sender", remind=_ON_THE_LAST_DAY, starts_when_noted=True, exclusive_group="after screening"),
    # If the mediation body does not answer, the referring agency may refer the dispute to another body.
    Clock("referral_answer", ("dispute.routed", "case.entrusted"), time_of_step, ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", remind=_A_DAY, on_platform=False),
    Clock("online_ask_other_party", ("referral.accepted",), time_of_step, _BEFORE_MEDIATION,
          {"consent.given": party_is_respondent, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", remind=_A_DAY, on_platform=False),
    # Time of the parties to choose a mediator or request an appointment. Not set if a mediator was named with the acceptance of the referral.
    Clock("online_parties_choose", ("consent.given",), time_of_last_consent, _BEFORE_MEDIATION,
          {"mediator.agreed": None, "mediator.appointed": None, "mediator.requested": None, "mediation.started": None},
          "body", remind=(), on_platform=False, starts_when_noted=True),
    Clock("online_appoint", ("mediator.requested",), time_of_first_request_for_appointment, (*_BEFORE_MEDIATION, "mediating"),
          {"mediator.appointed": None, "mediator.agreed": None, "mediation.started": None},
          "appoints", remind=_A_DAY, on_platform=False, starts_when_noted=True),

    # ── mediation: one of these clocks runs, depending on track, docket and kind of the dispute ──
    # No statute limits mediation outside court, so this period is set by policy.
    Clock("mediation_out_of_court_policy", ("referral.accepted", "mediation.started"), time_of_acceptance_outside_court, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, extended_by="mediation.extended"),
    Clock("labour_mediation", ("dispute.routed", "referral.accepted", "mediation.started"), receipt_of_application_for_labour_mediation,
          ("routed", "referral_declined", *_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_THREE_DAYS),
    Clock("medical_mediation", ("referral.accepted", "mediation.started"), time_of_acceptance_by_medical_committee, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, extended_by="mediation.extended"),
    Clock("mediation_delegated_legacy", ("referral.accepted", "mediation.started"), time_of_acceptance_on_legacy_track, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, extended_by="mediation.extended"),
    Clock("mediation_entrusted_ordinary", ("referral.accepted", "mediation.started"), time_of_acceptance_in_ordinary_procedure, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_THREE_DAYS, extended_by="mediation.extended", in_court=True),
    Clock("mediation_entrusted_simplified", ("referral.accepted", "mediation.started"), time_of_acceptance_in_simplified_procedure, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_A_DAY, extended_by="mediation.extended", in_court=True),

    # ── the agreement and its confirmation ──
    Clock("confirmation_apply", ("agreement.reached", "confirmation.withdrawn"), effective_day_of_agreement, _BEFORE_CONFIRMATION,
          {"confirmation.applied": None},
          "body", remind=_FIVE_DAYS),
    Clock("confirmation_accept", ("confirmation.applied",), application_day, ("confirm_applied",),
          {"confirmation.accepted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_A_DAY, restarted_by=("papers.received",)),
    Clock("confirmation_decide", ("confirmation.accepted",), time_of_step, ("confirm_applied",),
          {"confirmation.granted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_THREE_DAYS, extended_by="confirmation.extended"),
    Clock("confirmation_decide_outer", ("confirmation.accepted",), time_of_step, ("confirm_applied",),
          {"confirmation.granted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_THREE_DAYS),
    Clock("objection_review", ("confirmation.objected",), time_of_step, ("confirm_applied",),
          {"confirmation.granted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_FIVE_DAYS),
    # When the six months begin is known only from the objection, which meets them at once.
    Clock("confirmation_objection_third_party", ("confirmation.objected",), day_of_knowledge_of_third_party, ("confirm_decided", "performing", "defaulted"),
          {"confirmation.objected": g.is_objection_by_third_party},
          "body", remind=(), can_start_when_met=True),
    Clock("confirmation_objection", ("confirmation.granted",), day_of_receipt_of_ruling, ("confirm_decided", "performing", "defaulted"),
          {"confirmation.objected": g.is_objection_by_party},
          "body", remind=_THREE_DAYS),
    # Set for one term at a time, the owed term that is due first. If the agreed day is a rest day, the next working day applies (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_next_term, _AFTER_AGREEMENT,
          {"performance.recorded": decides_next_term, "dispute.followed_up": is_reported_settled, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    # An agreement performed on the spot has no terms, so only the follow-up call has a deadline.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), day_of_complete_performance, (*_AFTER_AGREEMENT, "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    Clock("archiving", ("performance.recorded", "dispute.followed_up", "agreement.reached", "case.closed", "mediation.terminated", "consent.refused",
                        "mediator.refused", "dispute.redirected"), time_of_step, ("resolved", "terminated", "redirected"),
          {"dispute.archived": None},
          "archives", remind=_FIVE_DAYS),
    Clock("enforcement_apply", ("confirmation.granted",), last_day_for_performance, ("confirm_decided", "performing", "defaulted"),
          {"enforcement.applied": None},
          "body", remind=_A_MONTH),

    # ── the court ──
    Clock("filing_decision", ("dispute.screened",), day_of_receipt_of_claim, ("screened", "terminated"),
          {"case.filed": None, "case.filing_refused": None},
          "court", remind=_A_DAY, can_start_when_met=True, restarted_by=("papers.received",), starts_when_noted=True, exclusive_group="after screening"),
    Clock("trial_small_claims", ("case.filed", "case.procedure_set"), filing_day_function("small_claims"), _IN_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, exclusive_group="trial", extended_by="trial.extended"),
    Clock("trial_simplified", ("case.filed", "case.procedure_set"), filing_day_function("simplified", "fast_track"), _IN_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, exclusive_group="trial", extended_by="trial.extended"),
    Clock("trial_ordinary", ("case.filed", "case.procedure_set"), filing_day_function("ordinary"), _IN_COURT, {"case.closed": None},
          "court", remind=_A_MONTH, exclusive_group="trial", extended_by="trial.extended"),

    # ── petitions, independent of the state of the dispute ──
    Clock("petition_accept", ("petition.registered",), time_of_step, _PETITION_STATES, {"petition.accepted": None, "petition.decided": None},
          "reporter", remind=_THREE_DAYS, starts_when_noted=True),
    Clock("petition_decide", ("petition.accepted",), time_of_step, _PETITION_STATES, {"petition.decided": None},
          "reporter", remind=_FIVE_DAYS, starts_when_noted=True, extended_by="petition.extended"),
    # Right of the agency to which a petition is transferred to object that it is not responsible. The petition office reports the objection.
    Clock("petition_transfer_objection", ("petition.transferred",), time_of_step, _PETITION_STATES,
          {"petition.returned": None, "petition.accepted": None, "petition.decided": None},
          "reporter", remind=_A_DAY, starts_when_noted=True),

    # 四级七天 (four levels in seven days): set only for disputes that the grid reported; met when the dispute is escalated, referred, settled, filed or redirected.
    *(Clock(level, ("dispute.registered", "level.escalated"), arrival_time_function(level), ("registered", "screened"), dict.fromkeys(("level.escalated", *STEPS_MEETING_LEVEL_CLOCKS)),
            "level", remind=_ON_THE_LAST_DAY, starts_when_noted=True) for level in LEVEL_BY_NAME),
    Clock("call_answer", ("departments.called", "dispute.routed"), time_of_call, _OPEN_STATES, {"call.answered": all_called_departments_have_answered},
          "called", remind=(), starts_when_noted=True),
    # Met by an answer to the supervision, or by the step that the supervision demands.
    Clock("supervision_answer", ("supervision.issued",), time_of_supervision, _OPEN_STATES,
          {"supervision.answered": None, "referral.accepted": None, "referral.declined": None, "dispute.routed": None, "agreement.reached": None,
           "mediation.terminated": None, "consent.refused": None, "dispute.archived": None},
          "urged", remind=_A_DAY, starts_when_noted=True),
)
PAUSED_BY, RESUMED_BY = "clock.paused", "clock.resumed"     # steps that pause and resume the clocks for which appraisal time is excluded
SUSPENDED_BY, SUSPENSION_ENDED_BY = "mediation.suspended", "mediation.resumed"     # steps that pause and resume the clocks of mediation
# fmt: on

# fmt: off
# States in which an agency has to act without a running deadline: the reason, in Chinese and English. A test compares the table with all transitions.
STATES_WITHOUT_DEADLINE = {
    "clock_paused": ("鉴定、评估何时结束由鉴定机构决定；法律规定不计入的期限停止计算，恢复后继续计算。",
                     "The end of an appraisal is decided by the appraiser. The periods from which the law excludes it are paused, and continue afterwards."),
    "suspended":    ("法律没有规定查明虚假调解或者犯罪的期限（特邀调解规定18）；调解期限停止计算，法院或者公安机关收到核查请求通知。",
                     "No law limits the examination of a suspected sham or crime (特邀调解规定 18). The periods of mediation are paused, and the court or the police get a notice."),
    "enforcement":  ("执行通知等法定期限（民事诉讼法解释480）所涉的行为不向本系统上报，由法院在执行系统中掌握。",
                     "The acts to which the periods of enforcement apply (民事诉讼法解释 480) are not reported to this system; the court tracks them in its own."),
}
# fmt: on

CLOCK_BY_NAME = {clock.name: clock for clock in CLOCKS}


# ── Guards of steps that change a clock ───────────────────────────────────────────────────────────────────────────────────────────


def is_extended_in_time(dispute, step) -> bool:
    """Guard: the consent to the extension, or its approval, was given before the end of the period to be extended."""
    return all(is_in_time(step.happened_at, deadline.due_at) for deadline in deadlines_extended_by(dispute, step.step_type))


def extension_is_within_limit(dispute, step) -> bool:
    """Guard: the extension of mediation is not longer than allowed.

    After filing the limit is thirty days (立案与调解意见 3) or the lower limit of the county. Mediation outside court has no limit of extension.
    """
    limit = max_extension_days(dispute, step)
    return limit is None or step.facts["days"] <= limit


def is_first_extension_in_court(dispute, step) -> bool:
    """Guard: the mediation is not of a registered case, or has not been extended before."""
    if dispute.docket == "open" and dispute.extensions:
        return False
    return not any(deadline.extensions and limits.once for deadline, limits in _extension_limits(dispute, step))


def max_extension_days(dispute, step) -> int | None:
    """Return the number of days by which mediation may be extended at most; None: no limit."""
    at_most = [limits.at_most.count for _, limits in _extension_limits(dispute, step) if limits.at_most]
    if dispute.docket == "open" and day_of(step.happened_at) >= REGISTRATION_FIRST_FROM:
        at_most.append(step.policy.county.rules["mediation_extension"][0].extension.at_most.count)
    return min(at_most, default=None)


def _extension_limits(dispute, step) -> list[tuple]:
    """Return the deadlines that the step extends and whose extension is limited on the day of the step, each with its ExtensionRule."""
    day = day_of(step.happened_at)
    extended = [(deadline, _extension_rule(deadline, step)) for deadline in deadlines_extended_by(dispute, step.step_type)]
    return [(deadline, limits) for deadline, limits in extended if limits and (limits.limits_from is None or day >= limits.limits_from)]


def extendable_period_is_running(dispute, step) -> bool:
    """Guard: a deadline is set that the approved extension extends."""
    return bool(deadlines_extended_by(dispute, step.step_type))


def is_first_approved_extension(dispute, step) -> bool:
    """Guard: the period has not been extended before, or the law allows several extensions."""
    return not any(deadline.extensions and _extension_rule(deadline, step).once for deadline in deadlines_extended_by(dispute, step.step_type))


def approved_extension_is_within_limit(dispute, step) -> bool:
    """Guard: the approved extension is not longer than the law allows."""
    length = step.facts.get("months") or step.facts["days"]  # the extension of a trial is given in months
    return all(length <= _extension_rule(deadline, step).at_most.count for deadline in deadlines_extended_by(dispute, step.step_type))


def papers_restart_a_clock(dispute, step) -> bool:
    """Guard: a deadline is set that the received papers restart, and the papers were received after its start."""
    received_at = day_start(step.facts["on"])
    return any(
        step.step_type in CLOCK_BY_NAME[deadline.clock].restarted_by and deadline.started_at <= end_of(received_at.date())
        for deadline in dispute.deadlines.values()
    )


def deadlines_extended_by(dispute, step_type: str) -> list:
    """Return the unmet deadlines that a step of this type extends."""
    return [deadline for deadline in dispute.deadlines.values() if CLOCK_BY_NAME[deadline.clock].extended_by == step_type]


def _extension_rule(deadline, step) -> ExtensionRule | None:
    """Return the limits of extensions from the rule of the deadline in this county; None if the rule allows no extension."""
    facts = Facts(deadline.clock, deadline.started_at, opened_at=deadline.opened_at, on_platform=CLOCK_BY_NAME[deadline.clock].on_platform)
    return rule_for(facts, step.policy.county.rules).extension
