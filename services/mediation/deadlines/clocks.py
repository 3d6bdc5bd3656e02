"""Table of the clocks of a dispute: the steps that start and meet each clock, the time it is counted from, and the agency that owes it.

Lengths, kinds and articles are in law/periods.py. A clock starts when one of its steps leads to a state in which it runs, not when the step is only
noted. It stops when the dispute enters a state in which it does not run. An appraisal pauses the clocks from which the law excludes appraisal time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts import AGENCIES, STATES
from services.mediation.dispute import guards as g
from services.mediation.dispute.escalation import LEVEL_BY_NAME, LEVEL_CLOCKS_MET_BY, departments_without_answer, is_last_call_answer
from services.mediation.dispute.guards import decides_next_term, is_reported_settled, next_owed_term, party_is_respondent
from services.mediation.dispute.step import Guard
from services.mediation.law.computing import Facts, rule_for
from services.mediation.law.counting import is_in_time
from services.mediation.law.dates import date_of, day_of, day_start, end_of
from services.mediation.law.periods import ExtensionRule

ClockStart = tuple[datetime, str]  # the start, and a suffix of the deadline's key ("/2") where one clock can run several times


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of a dispute. Its length, kind and article are in law/periods.py under the same name."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable[..., ClockStart | None]  # (dispute, step); None: the clock does not run for this dispute
    runs_in: tuple[str, ...]
    met_by: dict[str, Guard | None]  # type of the step that meets it: a guard, or None
    owed_by: str
    remind: tuple[timedelta, ...]  # times before the end at which the agency is reminded
    extended_by: str | None = None
    restarted_by: tuple[str, ...] = ()
    on_platform: bool | None = None  # False: this is not the court's own platform, so its rules for that platform apply as policy only
    starts_when_noted: bool = False  # a step that is only noted starts it, too
    can_start_when_met: bool = False  # the step that meets it may also be the first report of its start: then it is set and met at once
    in_court: bool = False  # mediation of a registered case
    suspendable: bool = False  # paused while mediation is suspended
    exclusive_group: str | None = None  # of the clocks of one group only one runs: a new one stops the earlier one


# ── Starts of clocks (counted_from) ───────────────────────────────────────────────────────────────────────────────────────────────


def time_of_step(dispute, step):
    """Return the time at which the step happened."""
    return step.happened_at, ""


def due_day_of_next_term(dispute, step):
    """Return the due day of the next owed term of the agreement; None if no term is owed."""
    number = next_owed_term(dispute)
    return None if number is None else (day_start(dispute.terms[number - 1]["due_on"]), f"/{number}")


def time_of_step_if_no_term_is_owed(dispute, step):
    """Return the time of the step; None while a term of the agreement is owed."""
    return (step.happened_at, "") if next_owed_term(dispute) is None else None


def acceptance_outside_court(dispute, step):
    """Return the time of acceptance on track A before filing; None for labour disputes and medical committees, which have their own clocks."""
    outside = dispute.track == "A" and dispute.docket != "open" and not _is_labour_dispute(dispute) and not _is_before_medical_committee(dispute)
    return (step.happened_at, "") if outside else None


def acceptance_of_labour_dispute(dispute, step):
    """Return the time at which a labour dispute was accepted, before filing."""
    return (step.happened_at, "") if dispute.docket != "open" and _is_labour_dispute(dispute) else None


def acceptance_by_medical_committee(dispute, step):
    """Return the time at which a medical mediation committee accepted the dispute, before filing."""
    return (step.happened_at, "") if dispute.docket != "open" and _is_before_medical_committee(dispute) else None


def acceptance_on_legacy_track(dispute, step):
    """Return the time of acceptance of a dispute on the legacy docket (诉前调, until 2024-12-31)."""
    return (step.happened_at, "") if dispute.track == "legacy" and dispute.docket != "open" else None


def acceptance_in_ordinary_procedure(dispute, step):
    """Return the time at which a body accepted a case that a court tries in ordinary procedure."""
    return (step.happened_at, "") if dispute.docket == "open" and dispute.procedure == "ordinary" else None


def acceptance_in_simplified_procedure(dispute, step):
    """Return the time at which a body accepted a case in simplified procedure, which includes small claims and the fast track."""
    return (step.happened_at, "") if dispute.docket == "open" and dispute.procedure != "ordinary" else None


def effective_day_of_agreement(dispute, step):
    """Return the day on which the agreement took effect; None if it may not be confirmed.

    After a withdrawn application the same thirty days continue (民事诉讼法 205), unless they have ended.
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


def consent_of_all_parties(dispute, step):
    """Return the time at which the last party consented, unless a mediator is named or requested. A repeated consent does not restart the clock."""
    if dispute.mediator is not None or not g.all_parties_consented(dispute, step) or "online_appoint" in dispute.deadlines:
        return None
    return _unchanged_start(dispute, "online_parties_choose", step)


def time_of_supervision(dispute, step):
    """Return the time of the supervision. Each supervision has a deadline of its own; one that was not answered stays recorded as passed."""
    return step.happened_at, f"/{dispute.supervision_count}"


def first_request_for_appointment(dispute, step):
    """Return the time of the first request to appoint a mediator; a repeated request does not restart the clock."""
    return _unchanged_start(dispute, "online_appoint", step)


def _unchanged_start(dispute, clock, step):
    """Return the start of the clock if it runs already, else the time of the step."""
    running = dispute.deadlines.get(clock)
    return (running.started_at if running else step.happened_at), ""


def receipt_of_ruling(dispute, step):
    """Return the day on which the ruling was received; None if it decides an objection, against which no further objection is possible."""
    if dispute.was_objected_to:
        return None
    served_on = step.facts.get("served_on")
    return (day_start(served_on) if served_on else step.happened_at), ""


def receipt_of_claim(dispute, step):
    """Return the day on which the court received the claim, or the missing papers, which restart the seven days (民事诉讼法解释 126)."""
    received_on = step.facts.get("restarted_on") or step.facts.get("received_on") or step.facts.get("court_received_on")
    return (day_start(received_on), "") if received_on and dispute.track == "B" else None


def filing_day(*procedures):
    """Return a function that returns the day of filing of a case in one of these procedures. A change of procedure keeps that day (民事诉讼法解释 258)."""

    def day_of_filing(dispute, step):
        if dispute.procedure not in procedures:
            return None
        if "decided_on" in step.facts:
            return day_start(step.facts["decided_on"]), ""
        earlier_trial = next((deadline for deadline in dispute.deadlines.values() if CLOCK_BY_NAME[deadline.clock].exclusive_group == "trial"), None)
        return (earlier_trial.started_at, "") if earlier_trial else None

    day_of_filing.__name__ = "filing"
    return day_of_filing


def last_day_for_performance(dispute, step):
    """Return the due day of the last term of a confirmed agreement (民事诉讼法 250); None if it is not confirmed or has no terms."""
    days = [date_of(term["due_on"]) for term in dispute.terms]
    return (day_start(max(days)), "") if days and dispute.confirmation == "granted" else None


def _is_labour_dispute(dispute) -> bool:
    return dispute.kind == "labour"


def _is_before_medical_committee(dispute) -> bool:
    """Return whether the dispute is a medical one and its body takes medical disputes."""
    return dispute.kind == "medical" and dispute.body is not None and "medical" in AGENCIES[dispute.body].takes


def call_of_departments(dispute, step):
    """Return the time of the step if a called department owes an answer."""
    return (step.happened_at, "") if departments_without_answer(dispute) else None


def arrival_at_level(level):
    """Return a function that returns the time at which the dispute came to this level (四级七天)."""

    def at_level(dispute, step):
        return (step.happened_at, "") if dispute.level == level else None

    return at_level


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
# Reminders, and groups of states in which clocks run.
_HALF_A_DAY, _A_DAY, _THREE_DAYS, _FIVE_DAYS, _A_MONTH = ((timedelta(hours=hours),) for hours in (12, 24, 72, 120, 720))
_BEFORE_MEDIATION, _IN_MEDIATION = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating", "clock_paused")
_AFTER_AGREEMENT = ("agreed", "confirm_applied", "confirm_decided", "performing", "defaulted")
_BEFORE_CONFIRMATION = ("agreed", "confirm_decided", "performing", "defaulted")
_IN_COURT = ("filed", "court_track", "routed", "referral_declined", *_IN_MEDIATION, "suspended", "agreed")
_OPEN_STATES = tuple(state for state in STATES if state not in ("detected", "safeguard_hold", "closed"))
_MEDIATION_ENDED_BY = {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "case.closed": None}

CLOCKS = (
    Clock("screening", ("dispute.registered",), time_of_step, ("registered",),
          {"dispute.screened": None},
          "centre", remind=_HALF_A_DAY),
    Clock("routing", ("dispute.screened", "referral.declined"), time_of_step, ("screened", "referral_declined"),
          {"dispute.routed": None, "case.entrusted": None, "dispute.redirected": None, "dispute.archived": None},
          "sender", remind=_HALF_A_DAY),
    # If the body does not answer, the sender may refer the dispute to another body.
    Clock("referral_answer", ("dispute.routed", "case.entrusted"), time_of_step, ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", remind=_A_DAY, on_platform=False),
    Clock("online_ask_other_party", ("referral.accepted",), time_of_step, _BEFORE_MEDIATION,
          {"consent.given": party_is_respondent, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", remind=_A_DAY, on_platform=False),
    # The parties choose a mediator or request an appointment; the clock does not run if a mediator was named with the acceptance.
    Clock("online_parties_choose", ("consent.given",), consent_of_all_parties, _BEFORE_MEDIATION,
          {"mediator.agreed": None, "mediator.appointed": None, "mediator.requested": None, "mediation.started": None},
          "body", remind=(), on_platform=False, starts_when_noted=True),
    Clock("online_appoint", ("mediator.requested",), first_request_for_appointment, (*_BEFORE_MEDIATION, "mediating"),
          {"mediator.appointed": None, "mediator.agreed": None, "mediation.started": None},
          "appoints", remind=_A_DAY, on_platform=False, starts_when_noted=True),

    # ── mediation: one of these, by track, docket and kind of dispute ──
    # No statute limits mediation outside court.
    Clock("mediation_out_of_court_policy", ("referral.accepted",), acceptance_outside_court, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("labour_mediation", ("referral.accepted",), acceptance_of_labour_dispute, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_THREE_DAYS, suspendable=True),
    Clock("medical_mediation", ("referral.accepted",), acceptance_by_medical_committee, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("mediation_delegated_legacy", ("referral.accepted",), acceptance_on_legacy_track, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("mediation_entrusted_ordinary", ("referral.accepted",), acceptance_in_ordinary_procedure, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_THREE_DAYS, suspendable=True, extended_by="mediation.extended", in_court=True),
    Clock("mediation_entrusted_simplified", ("referral.accepted",), acceptance_in_simplified_procedure, (*_IN_MEDIATION, "suspended"), _MEDIATION_ENDED_BY,
          "body", remind=_A_DAY, suspendable=True, extended_by="mediation.extended", in_court=True),

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
    Clock("confirmation_objection", ("confirmation.granted",), receipt_of_ruling, ("confirm_decided", "performing", "defaulted"),
          {"confirmation.objected": g.is_objection_by_party},
          "body", remind=_THREE_DAYS),
    # For one term at a time, the one due first. The parties agree on the day; a rest day moves it all the same (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_next_term, _AFTER_AGREEMENT,
          {"performance.recorded": decides_next_term, "dispute.followed_up": is_reported_settled, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    # An agreement performed on the spot has no terms: only the follow-up call remains.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), time_of_step_if_no_term_is_owed, (*_AFTER_AGREEMENT, "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    Clock("archiving", ("performance.recorded", "dispute.followed_up", "agreement.reached", "case.closed"), time_of_step, ("resolved",),
          {"dispute.archived": None},
          "body", remind=_FIVE_DAYS),
    Clock("enforcement_apply", ("confirmation.granted",), last_day_for_performance, ("confirm_decided", "performing", "defaulted"),
          {"enforcement.applied": None},
          "body", remind=_A_MONTH),

    # ── the court ──
    Clock("filing_decision", ("dispute.screened",), receipt_of_claim, ("screened", "terminated"),
          {"case.filed": None, "case.filing_refused": None},
          "court", remind=_A_DAY, can_start_when_met=True, restarted_by=("papers.received",)),
    Clock("trial_small_claims", ("case.filed", "case.procedure_set"), filing_day("small_claims"), _IN_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, exclusive_group="trial", extended_by="trial.extended"),
    Clock("trial_simplified", ("case.filed", "case.procedure_set"), filing_day("simplified", "fast_track"), _IN_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, exclusive_group="trial", extended_by="trial.extended"),
    Clock("trial_ordinary", ("case.filed", "case.procedure_set"), filing_day("ordinary"), _IN_COURT, {"case.closed": None},
          "court", remind=_A_MONTH, exclusive_group="trial", extended_by="trial.extended"),

    # ── petitions, independent of the state of the dispute ──
    Clock("petition_accept", ("petition.registered",), time_of_step, _OPEN_STATES, {"petition.accepted": None, "petition.decided": None},
          "reporter", remind=_THREE_DAYS, starts_when_noted=True),
    Clock("petition_decide", ("petition.accepted",), time_of_step, _OPEN_STATES, {"petition.decided": None},
          "reporter", remind=_FIVE_DAYS, starts_when_noted=True, extended_by="petition.extended"),
    # The agency to which a petition is transferred may object that it is not responsible. A right; the petition office reports the objection.
    Clock("petition_transfer_objection", ("petition.transferred",), time_of_step, _OPEN_STATES,
          {"petition.returned": None, "petition.accepted": None, "petition.decided": None},
          "reporter", remind=_A_DAY, starts_when_noted=True),

    # 四级七天: only for disputes found by the grid, until one is referred to a body, settled, filed or redirected.
    *(Clock(level, ("dispute.registered", "level.escalated"), arrival_at_level(level), ("registered", "screened"), dict.fromkeys(("level.escalated", *LEVEL_CLOCKS_MET_BY)),
            "level", remind=_HALF_A_DAY, starts_when_noted=True) for level in LEVEL_BY_NAME),
    Clock("call_answer", ("departments.called", "dispute.routed"), call_of_departments, _OPEN_STATES, {"call.answered": is_last_call_answer},
          "called", remind=(), starts_when_noted=True),
    # Met by an answer, or by the step that was demanded.
    Clock("supervision_answer", ("supervision.issued",), time_of_supervision, _OPEN_STATES,
          {"supervision.answered": None, "referral.accepted": None, "referral.declined": None, "dispute.routed": None, "agreement.reached": None,
           "mediation.terminated": None, "consent.refused": None, "dispute.archived": None},
          "urged", remind=_A_DAY, starts_when_noted=True),
)
PAUSED_BY, RESUMED_BY = "clock.paused", "clock.resumed"     # pause and resume the clocks from which the law excludes appraisal time
SUSPENDED_BY, SUSPENSION_ENDED_BY = "mediation.suspended", "mediation.resumed"     # pause and resume the clocks of mediation; the remaining time is kept
# fmt: on

CLOCK_BY_NAME = {clock.name: clock for clock in CLOCKS}


# ── Guards of steps that change a clock ───────────────────────────────────────────────────────────────────────────────────────────


def is_extended_in_time(dispute, step) -> bool:
    """Guard: the consent or approval was given before the end of the period that it extends."""
    return all(is_in_time(step.happened_at, deadline.due_at) for deadline in deadlines_extended_by(dispute, step.step_type))


def extension_is_within_limit(dispute, step) -> bool:
    """Guard: the extension is within the limit: in court thirty days (立案与调解意见 3) or the county's lower limit; outside court there is none."""
    limit = max_extension_days(dispute, step)
    return limit is None or step.facts["days"] <= limit


def is_first_extension_in_court(dispute, step) -> bool:
    """Guard: mediation of a registered case has not been extended before."""
    if dispute.track == "B" and dispute.extensions:
        return False
    return not any(deadline.extensions and limits.once for deadline, limits in _extension_limits(dispute, step))


def max_extension_days(dispute, step) -> int | None:
    """Return the highest number of days by which mediation may be extended, under the rules of its deadlines; None means no limit."""
    at_most = [limits.at_most.count for _, limits in _extension_limits(dispute, step) if limits.at_most]
    if dispute.track == "B":
        at_most.append(step.policy.county.rules["mediation_extension"][0].extension.at_most.count)
    return min(at_most, default=None)


def _extension_limits(dispute, step) -> list[tuple]:
    """Return the deadlines that the step extends and whose rule limits extensions on that day, each with its ExtensionRule."""
    day = day_of(step.happened_at)
    extended = [(deadline, _extension_rule(deadline, step)) for deadline in deadlines_extended_by(dispute, step.step_type)]
    return [(deadline, limits) for deadline, limits in extended if limits and (limits.limits_from is None or day >= limits.limits_from)]


def extendable_period_is_running(dispute, step) -> bool:
    """Guard: a period that this approval extends is running."""
    return bool(deadlines_extended_by(dispute, step.step_type))


def is_first_approved_extension(dispute, step) -> bool:
    """Guard: the period has not been extended before, where the law allows one extension only."""
    return not any(deadline.extensions and _extension_rule(deadline, step).once for deadline in deadlines_extended_by(dispute, step.step_type))


def approved_extension_is_within_limit(dispute, step) -> bool:
    """Guard: the approved extension is not longer than the law allows."""
    length = step.facts.get("months") or step.facts["days"]  # the trial period and its extension are counted in months
    return all(length <= _extension_rule(deadline, step).at_most.count for deadline in deadlines_extended_by(dispute, step.step_type))


def papers_restart_a_clock(dispute, step) -> bool:
    """Guard: a clock runs that the received papers restart, and they were received after its start."""
    received_at = day_start(step.facts["on"])
    return any(
        step.step_type in CLOCK_BY_NAME[deadline.clock].restarted_by and deadline.started_at <= end_of(received_at.date())
        for deadline in dispute.deadlines.values()
    )


def deadlines_extended_by(dispute, step_type: str) -> list:
    """Return the unmet deadlines that a step of this type extends."""
    return [deadline for deadline in dispute.deadlines.values() if CLOCK_BY_NAME[deadline.clock].extended_by == step_type]


def _extension_rule(deadline, step) -> ExtensionRule | None:
    """Return the limits of extensions in the rule under which the deadline runs in this county; None if the rule allows no extension."""
    facts = Facts(deadline.clock, deadline.started_at, opened_at=deadline.opened_at, on_platform=CLOCK_BY_NAME[deadline.clock].on_platform)
    return rule_for(facts, step.policy.county.rules).extension
