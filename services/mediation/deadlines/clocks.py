"""Which clocks run for a dispute: what starts each of them, what it counts from, what meets it, and who owes it. How long they are, and why: law/periods.py.

A clock starts when one of its steps leads into a state in which it runs, not when a step is only noted. It stops when the dispute comes into a state
in which it has no business. An appraisal stops every clock of which the law leaves its days out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts import AGENCIES, STATES
from services.mediation.dispute import guards as g
from services.mediation.dispute.escalation import BY_NAME as LEVELS_BY_NAME
from services.mediation.dispute.escalation import ENDED_BY, everybody_answered, missing
from services.mediation.dispute.guards import decides_the_next_term, from_the_other_side, next_term, said_to_be_settled
from services.mediation.dispute.step import Guard
from services.mediation.law.computing import Facts, rule_for
from services.mediation.law.counting import in_time
from services.mediation.law.dates import date_of, day_of, day_start, end_of
from services.mediation.law.periods import ExtensionRule

Start = tuple[datetime, str]  # the instant, and which one of several


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of a dispute, by the name under which law/periods.py has its length, kind and article."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable[..., Start | None]  # (dispute, step) -> None when it does not run for this dispute
    runs_in: tuple[str, ...]
    met_by: dict[str, Guard | None]  # the step, and what must be true of it
    owed_by: str
    remind: tuple[timedelta, ...]  # how long before its end somebody is reminded, once for each
    extended_by: str | None = None
    restarted_by: tuple[str, ...] = ()
    on_platform: bool | None = None  # ours is not the court's own platform: what is law there is borrowed here
    beside: bool = False  # runs beside the life of the dispute: a step that is only noted starts it too
    told_at_once: bool = False  # the step that meets it may be the first that is heard of it: then it is set and met in one
    in_court: bool = False  # mediation of a registered case
    suspendable: bool = False  # stands still while mediation is suspended
    group: str | None = None  # of these one at a time: a new one takes the place of the old


# ── What a clock counts from ──────────────────────────────────────────────────────────────────────────────────────────────────────


def when_it_happened(dispute, step):
    return step.happened, ""


def due_day_of_the_next_term(dispute, step):
    number = next_term(dispute)
    return None if number is None else (day_start(dispute.terms[number - 1]["due_on"]), f"/{number}")


def when_nothing_more_is_owed(dispute, step):
    return (step.happened, "") if next_term(dispute) is None else None


def acceptance_outside_court(dispute, step):
    """Before anybody files, by whatever body; labour disputes and medical committees have clocks of their own."""
    outside = dispute.track == "A" and dispute.docket != "open" and not _for_labour(dispute) and not _for_medicine(dispute)
    return (step.happened, "") if outside else None


def acceptance_of_a_labour_dispute(dispute, step):
    return (step.happened, "") if dispute.docket != "open" and _for_labour(dispute) else None


def acceptance_by_a_medical_committee(dispute, step):
    return (step.happened, "") if dispute.docket != "open" and _for_medicine(dispute) else None


def acceptance_on_the_old_docket(dispute, step):
    return (step.happened, "") if dispute.track == "legacy" and dispute.docket != "open" else None


def acceptance_in_the_ordinary_procedure(dispute, step):
    return (step.happened, "") if dispute.docket == "open" and dispute.procedure == "ordinary" else None


def acceptance_in_a_simplified_procedure(dispute, step):
    """Small claims and the fast track are simplified procedure too."""
    return (step.happened, "") if dispute.docket == "open" and dispute.procedure != "ordinary" else None


def day_the_agreement_took_effect(dispute, step):
    """Only where it may be confirmed. After a withdrawal what is left of the same thirty days."""
    may_be = g.made_outside_the_docket(dispute, step) and g.made_before_a_mediation_body(dispute, step) and g.about_what_may_be_confirmed(dispute, step)
    if not may_be or (step.word != "agreement.reached" and not in_time(step.happened, g.last_moment_to_apply(dispute, step))):
        return None
    return day_start(dispute.agreement["effective_on"]), ""


def day_of_the_application(dispute, step):
    return day_start(step.facts["applied_on"]), ""


def when_everyone_consented(dispute, step):
    """Where nobody has been named yet. Who consents once more gives nobody more time."""
    if dispute.mediator is not None or not g.everyone_consented(dispute, step) or "online_appoint" in dispute.deadlines:
        return None
    return _as_it_runs(dispute, "online_parties_choose", step)


def when_it_was_urged(dispute, step):
    """Each urging has an answer of its own: what nobody answered stays on record as passed."""
    return step.happened, f"/{dispute.urged_in_all}"


def when_first_asked(dispute, step):
    return _as_it_runs(dispute, "online_appoint", step)


def _as_it_runs(dispute, clock, step):
    running = dispute.deadlines.get(clock)
    return (running.started_at if running else step.happened), ""


def day_the_ruling_was_received(dispute, step):
    """A ruling on an objection cannot be objected to again."""
    if dispute.objected:
        return None
    on = step.facts.get("served_on")
    return (day_start(on) if on else step.happened), ""


def day_the_court_received_the_claim(dispute, step):
    """Or the day on which what was missing came in: the seven days begin anew (民事诉讼法解释 126)."""
    on = step.facts.get("restarted_on") or step.facts.get("received_on") or step.facts.get("court_received_on")
    return (day_start(on), "") if on and dispute.track == "B" else None


def filing_for_trial(*procedures):
    """The day of filing. A case that changes its procedure keeps that day (民事诉讼法解释 258)."""

    def filed(dispute, step):
        if dispute.procedure not in procedures:
            return None
        if "decided_on" in step.facts:
            return day_start(step.facts["decided_on"]), ""
        before = next((deadline for deadline in dispute.deadlines.values() if BY_NAME[deadline.clock].group == "trial"), None)
        return (before.started_at, "") if before else None

    filed.__name__ = "filing"
    return filed


def last_day_for_performance(dispute, step):
    """Of a confirmed agreement: its last instalment (民事诉讼法 250)."""
    days = [date_of(term["due_on"]) for term in dispute.terms]
    return (day_start(max(days)), "") if days and dispute.confirmation == "granted" else None


def _for_labour(dispute) -> bool:
    return dispute.kind == "labour"


def _for_medicine(dispute) -> bool:
    return dispute.kind == "medical" and dispute.body is not None and "medical" in AGENCIES[dispute.body].takes


def when_somebody_is_called(dispute, step):
    return (step.happened, "") if missing(dispute) else None


def at_that_level(level):
    def at_level(dispute, step):
        return (step.happened, "") if dispute.level == level else None

    return at_level


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
_HALF_A_DAY, _A_DAY, _THREE_DAYS, _FIVE_DAYS, _A_MONTH = ((timedelta(hours=hours),) for hours in (12, 24, 72, 120, 720))
_ASKED, _MEDIATED = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating", "clock_paused")
_AGREED = ("agreed", "confirm_applied", "confirm_decided", "performing", "defaulted")
_NOT_YET_CONFIRMED = ("agreed", "confirm_decided", "performing", "defaulted")
_BEFORE_A_COURT = ("filed", "court_track", "routed", "referral_declined", *_MEDIATED, "suspended", "agreed")
_EVERYWHERE = tuple(state for state in STATES if state not in ("detected", "safeguard_hold", "closed"))
_ENDS_MEDIATION = {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "case.closed": None}

CLOCKS = (
    Clock("screening", ("dispute.registered",), when_it_happened, ("registered",),
          {"dispute.screened": None},
          "centre", remind=_HALF_A_DAY),
    Clock("routing", ("dispute.screened", "referral.declined"), when_it_happened, ("screened", "referral_declined"),
          {"dispute.routed": None, "case.entrusted": None, "dispute.redirected": None, "dispute.archived": None},
          "sender", remind=_HALF_A_DAY),
    # Silence is an answer too: the sender may ask another.
    Clock("referral_answer", ("dispute.routed", "case.entrusted"), when_it_happened, ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", remind=_A_DAY, on_platform=False),
    Clock("online_ask_other_party", ("referral.accepted",), when_it_happened, _ASKED,
          {"consent.given": from_the_other_side, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", remind=_A_DAY, on_platform=False),
    # The parties choose, or ask for somebody to be appointed; who was named when the referral was taken needs neither.
    Clock("online_parties_choose", ("consent.given",), when_everyone_consented, _ASKED,
          {"mediator.agreed": None, "mediator.appointed": None, "mediator.requested": None, "mediation.started": None},
          "body", remind=(), on_platform=False, beside=True),
    Clock("online_appoint", ("mediator.requested",), when_first_asked, (*_ASKED, "mediating"),
          {"mediator.appointed": None, "mediator.agreed": None, "mediation.started": None},
          "appoints", remind=_A_DAY, on_platform=False, beside=True),

    # ── mediation: which of them, the track, the court's docket and the kind of dispute say ──
    # No statute limits mediation outside court.
    Clock("mediation_out_of_court_policy", ("referral.accepted",), acceptance_outside_court, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("labour_mediation", ("referral.accepted",), acceptance_of_a_labour_dispute, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_THREE_DAYS, suspendable=True),
    Clock("medical_mediation", ("referral.accepted",), acceptance_by_a_medical_committee, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("mediation_delegated_legacy", ("referral.accepted",), acceptance_on_the_old_docket, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_FIVE_DAYS, suspendable=True, extended_by="mediation.extended"),
    Clock("mediation_entrusted_ordinary", ("referral.accepted",), acceptance_in_the_ordinary_procedure, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_THREE_DAYS, suspendable=True, extended_by="mediation.extended", in_court=True),
    Clock("mediation_entrusted_simplified", ("referral.accepted",), acceptance_in_a_simplified_procedure, (*_MEDIATED, "suspended"), _ENDS_MEDIATION,
          "body", remind=_A_DAY, suspendable=True, extended_by="mediation.extended", in_court=True),

    # ── the agreement and its confirmation ──
    Clock("confirmation_apply", ("agreement.reached", "confirmation.withdrawn"), day_the_agreement_took_effect, _NOT_YET_CONFIRMED,
          {"confirmation.applied": None},
          "body", remind=_FIVE_DAYS),
    Clock("confirmation_accept", ("confirmation.applied",), day_of_the_application, ("confirm_applied",),
          {"confirmation.accepted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_A_DAY, restarted_by=("papers.received",)),
    Clock("confirmation_decide", ("confirmation.accepted",), when_it_happened, ("confirm_applied",),
          {"confirmation.granted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_THREE_DAYS, extended_by="confirmation.extended"),
    Clock("confirmation_decide_outer", ("confirmation.accepted",), when_it_happened, ("confirm_applied",),
          {"confirmation.granted": None, "confirmation.refused": None, "confirmation.withdrawn": None},
          "court", remind=_THREE_DAYS),
    Clock("confirmation_objection", ("confirmation.granted",), day_the_ruling_was_received, ("confirm_decided", "performing", "defaulted"),
          {"confirmation.objected": g.a_party_objects},
          "body", remind=_THREE_DAYS),
    # One at a time: the term that is due first. The day is the parties' own; a rest day still moves it (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_the_next_term, _AGREED,
          {"performance.recorded": decides_the_next_term, "dispute.followed_up": said_to_be_settled, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    # An agreement that was performed on the spot has no terms: then the call-back is what is left.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), when_nothing_more_is_owed, (*_AGREED, "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    Clock("archiving", ("performance.recorded", "dispute.followed_up", "agreement.reached", "case.closed"), when_it_happened, ("resolved",),
          {"dispute.archived": None},
          "body", remind=_FIVE_DAYS),
    Clock("enforcement_apply", ("confirmation.granted",), last_day_for_performance, ("confirm_decided", "performing", "defaulted"),
          {"enforcement.applied": None},
          "body", remind=_A_MONTH),

    # ── the court ──
    Clock("filing_decision", ("dispute.screened",), day_the_court_received_the_claim, ("screened", "terminated"),
          {"case.filed": None, "case.filing_refused": None},
          "court", remind=_A_DAY, told_at_once=True, restarted_by=("papers.received",)),
    Clock("trial_small_claims", ("case.filed", "case.procedure_set"), filing_for_trial("small_claims"), _BEFORE_A_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, group="trial", extended_by="trial.extended"),
    Clock("trial_simplified", ("case.filed", "case.procedure_set"), filing_for_trial("simplified", "fast_track"), _BEFORE_A_COURT, {"case.closed": None},
          "court", remind=_FIVE_DAYS, group="trial", extended_by="trial.extended"),
    Clock("trial_ordinary", ("case.filed", "case.procedure_set"), filing_for_trial("ordinary"), _BEFORE_A_COURT, {"case.closed": None},
          "court", remind=_A_MONTH, group="trial", extended_by="trial.extended"),

    # ── petitions, beside everything else ──
    Clock("petition_accept", ("petition.registered",), when_it_happened, _EVERYWHERE, {"petition.accepted": None, "petition.decided": None},
          "reporter", remind=_THREE_DAYS, beside=True),
    Clock("petition_decide", ("petition.accepted",), when_it_happened, _EVERYWHERE, {"petition.decided": None},
          "reporter", remind=_FIVE_DAYS, beside=True, extended_by="petition.extended"),
    # Whoever it was transferred to may say that it is not its task: a right, kept by the petition office.
    Clock("petition_transfer_objection", ("petition.transferred",), when_it_happened, _EVERYWHERE,
          {"petition.returned": None, "petition.accepted": None, "petition.decided": None},
          "reporter", remind=_A_DAY, beside=True),

    # 四级七天: only of what the grid found, until it is with a body, settled, filed or sent elsewhere.
    *(Clock(level, ("dispute.registered", "level.escalated"), at_that_level(level), ("registered", "screened"), dict.fromkeys(("level.escalated", *ENDED_BY)),
            "level", remind=_HALF_A_DAY, beside=True) for level in LEVELS_BY_NAME),
    Clock("call_answer", ("departments.called", "dispute.routed"), when_somebody_is_called, _EVERYWHERE, {"call.answered": everybody_answered},
          "called", remind=(), beside=True),
    # An answer, or the thing itself.
    Clock("supervision_answer", ("supervision.issued",), when_it_was_urged, _EVERYWHERE,
          {"supervision.answered": None, "referral.accepted": None, "referral.declined": None, "dispute.routed": None, "agreement.reached": None,
           "mediation.terminated": None, "consent.refused": None, "dispute.archived": None},
          "urged", remind=_A_DAY, beside=True),
)
PAUSED_BY, RESUMED_BY = "clock.paused", "clock.resumed"     # every clock of which the law leaves an appraisal out
SUSPENDED_BY, GOES_ON_BY = "mediation.suspended", "mediation.resumed"     # every clock of mediation: what is left of it is left
# fmt: on

BY_NAME = {clock.name: clock for clock in CLOCKS}


# ── Guards of what changes a clock ────────────────────────────────────────────────────────────────────────────────────────────────


def still_running_when_extended(dispute, step) -> bool:
    return all(in_time(step.happened, deadline.due_at) for deadline in what_it_extends(dispute, step.word))


def no_longer_than_allowed(dispute, step) -> bool:
    """By the court's own opinion at most thirty days, or the fewer that the county agreed on with its court; outside court the parties are free."""
    at_most = most_days_of_extension(dispute, step)
    return at_most is None or step.facts["days"] <= at_most


def only_once_in_court(dispute, step) -> bool:
    if dispute.track == "B" and dispute.extensions:
        return False
    return not any(deadline.extensions and limits.once for deadline, limits in _limits(dispute, step))


def most_days_of_extension(dispute, step) -> int | None:
    """How many days mediation may be extended by, as the deadlines themselves will be computed. None: as long as everybody agrees."""
    at_most = [limits.at_most.count for _, limits in _limits(dispute, step) if limits.at_most]
    if dispute.track == "B":
        at_most.append(step.policy.county.rules["mediation_extension"][0].extension.at_most.count)
    return min(at_most, default=None)


def _limits(dispute, step) -> list[tuple]:
    """The deadlines that the step extends whose rule sets limits to an extension on that day, each with its limits."""
    day = day_of(step.happened)
    found = [(deadline, _extension_rule(deadline, step)) for deadline in what_it_extends(dispute, step.word)]
    return [(deadline, limits) for deadline, limits in found if limits and (limits.limits_from is None or day >= limits.limits_from)]


def a_period_runs_that_leave_lengthens(dispute, step) -> bool:
    return bool(what_it_extends(dispute, step.word))


def no_leave_was_given_before(dispute, step) -> bool:
    return not any(deadline.extensions and _extension_rule(deadline, step).once for deadline in what_it_extends(dispute, step.word))


def as_long_as_leave_can_be_given_for(dispute, step) -> bool:
    length = step.facts.get("months") or step.facts["days"]  # a trial runs in months, and so does leave for it
    return all(length <= _extension_rule(deadline, step).at_most.count for deadline in what_it_extends(dispute, step.word))


def papers_begin_it_anew(dispute, step) -> bool:
    on = day_start(step.facts["on"])
    return any(step.word in BY_NAME[deadline.clock].restarted_by and deadline.started_at <= end_of(on.date()) for deadline in dispute.deadlines.values())


def what_it_extends(dispute, word: str) -> list:
    """The unmet deadlines that a step of this name makes longer."""
    return [deadline for deadline in dispute.deadlines.values() if BY_NAME[deadline.clock].extended_by == word]


def _extension_rule(deadline, step) -> ExtensionRule | None:
    """What may lengthen it, by the rule under which it runs in this county."""
    facts = Facts(deadline.clock, deadline.started_at, opened_at=deadline.opened_at, on_platform=BY_NAME[deadline.clock].on_platform)
    return rule_for(facts, step.policy.county.rules).extension
