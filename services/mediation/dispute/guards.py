"""Guards: conditions on a dispute and a reported step under which the step takes effect. lifecycle/transitions.py lists the guards of each step.

The arguments of a guard are the dispute, before the step is applied, and the step. If a guard returns False, the step is refused with the reason that
lifecycle/transitions.py lists next to the guard.
"""

from datetime import datetime

from contracts import AGENCIES, may_report
from services.mediation.dispute.matters import KINDS_NOT_MEDIATED_WHILE_IN_COURT, MATTERS_NOT_MEDIATED, SUBJECTS_NOT_CONFIRMED
from services.mediation.dispute.tracks import is_track_open
from services.mediation.law.computing import Facts, initial_deadline
from services.mediation.law.counting import is_in_time
from services.mediation.law.dates import date_of, day_of, day_start

# ── Reporting agency ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def may_report_step(dispute, step) -> bool:
    """Guard: the role of the reporting agency is allowed to report this type of step."""
    return may_report(step.agency, step.step_type)


def is_referred_body(dispute, step) -> bool:
    """Guard: the reporting agency is the mediation body to which the dispute was referred."""
    return step.agency == dispute.body


def is_mediating_body_or_court(dispute, step) -> bool:
    """Guard: the reporting agency is the mediation body that has the dispute, or a court."""
    return step.agency == dispute.body or role_of(step.agency) == "C"


def is_mediating_body_court_or_centre(dispute, step) -> bool:
    """Guard: the reporting agency is the mediation body that has the dispute, a court, or the mediation centre."""
    return is_mediating_body_or_court(dispute, step) or role_of(step.agency) == "M"


def is_mediating_body_or_first_reporter(dispute, step) -> bool:
    """Guard: the reporting agency is the mediation body that has the dispute.

    Before any referral it is the agency that reported the dispute first, because that agency may have settled it on the spot.
    """
    return step.agency == (dispute.reporter if dispute.state == "registered" else dispute.body)


def may_end_mediation(dispute, step) -> bool:
    """Guard: the reporting agency may end mediation.

    After a mediation body has accepted the dispute: this body or a court. Before that: the mediation centre or the body to which the dispute was referred.
    """
    return (
        is_mediating_body_or_court(dispute, step)
        if dispute.state in STATES_AFTER_ACCEPTANCE
        else role_of(step.agency) == "M" or is_referred_body(dispute, step)
    )


def is_reported_by_court(dispute, step) -> bool:
    """Guard: the reporting agency is a court."""
    return role_of(step.agency) == "C"


def may_refer_dispute(dispute, step) -> bool:
    """Guard: the reporting agency is not a court, the case is on the docket, or the step is a referral on the legacy track before 2025-01-01.

    Source: 立案与调解意见 3, by which courts refer registered cases only.
    """
    if role_of(step.agency) != "C" or dispute.docket == "open":
        return True
    return dispute.track == "legacy" and is_track_open("legacy", day_of(step.happened_at))


# ── Suitability, track and docket ─────────────────────────────────────────────────────────────────────────────────────────────────


def mediator_is_on_roster(dispute, step) -> bool:
    """Guard: on the day of the step, the named mediator is on the roster of the mediation body or of a court."""
    mediator = step.facts.get("mediator")
    return mediator is None or step.roster is None or step.roster.may_mediate_for(dispute.body or step.agency, mediator, day_of(step.happened_at))


def is_suitable_for_mediation(dispute, step) -> bool:
    """Guard: the dispute was screened as suitable for mediation."""
    return dispute.suitable is True


def may_be_mediated_by_law(dispute, step) -> bool:
    """Guard: the law allows mediation of the matter, or the screening declares the dispute unsuitable for mediation (民事诉讼法解释 143)."""
    return _is_not_excluded_for_reason(step, "may_not_be_mediated")


def is_not_administrative_dispute(dispute, step) -> bool:
    """Guard: the matter is not an administrative dispute, or the screening declares the dispute unsuitable for mediation (行政诉讼法 60)."""
    return _is_not_excluded_for_reason(step, "administrative_not_mediated")


def is_not_excluded_police_case(dispute, step) -> bool:
    """Guard: the matter is not a police case excluded from mediation, or the screening declares the dispute unsuitable (公安行政案件程序规定 179)."""
    return _is_not_excluded_for_reason(step, "police_case_not_mediated")


def _is_not_excluded_for_reason(step, reason):
    return not step.facts["suitable"] or MATTERS_NOT_MEDIATED.get(step.facts.get("matter")) != reason


def track_is_open_on_day_of_claim(dispute, step) -> bool:
    """Guard: the track of the screening admits claims of the day on which the court received the claim, or, if unknown, of the day of the screening."""
    received = step.facts.get("court_received_on")
    return is_track_open(step.facts["track"], date_of(received) if received else day_of(step.happened_at))


def no_court_has_medical_dispute(dispute, step) -> bool:
    """Guard: the dispute is not a medical dispute that is on a court's docket (医疗纠纷条例 31, 40)."""
    return dispute.kind not in KINDS_NOT_MEDIATED_WHILE_IN_COURT or dispute.docket != "open"


def is_not_on_docket(dispute, step) -> bool:
    """Guard: the case is not on a court's docket."""
    return dispute.docket != "open"


def is_on_docket(dispute, step) -> bool:
    """Guard: the case is on a court's docket."""
    return dispute.docket == "open"


def is_before_court(dispute, step) -> bool:
    """Guard: the case is on a court's docket. Used where the trial resumes after failed mediation."""
    return dispute.docket == "open"


# ── Bodies, mediators and conflicts of interest ───────────────────────────────────────────────────────────────────────────────────


def target_may_accept_referrals(dispute, step) -> bool:
    """Guard: the agency to which the dispute is referred is allowed to accept referrals."""
    return may_report(step.facts["to"], "referral.accepted")


def has_no_conflict_or_parties_agreed(dispute, step) -> bool:
    """Guard: the step reports no conflict of interest, or all parties agreed after the conflict was disclosed (特邀调解规定 15; 在线调解规则 13)."""
    return not step.facts.get("conflict_of_interest") or bool(step.facts.get("agreed_after_disclosure"))


def target_has_no_disclosed_conflict(dispute, step) -> bool:
    """Guard: the mediation body to which the dispute is referred has no disclosed conflict of interest, or all parties agreed (特邀调解规定 15)."""
    return all(dispute.conflicts.get(code, True) for code in (step.facts["to"], step.facts.get("organisation")) if code)


def mediator_and_body_have_no_conflict(dispute, step) -> bool:
    """Guard: mediation body and mediator have no disclosed conflict of interest, or all parties agreed after the disclosure (特邀调解规定 15)."""
    involved = (step.facts.get("mediator") or dispute.mediator, dispute.body, dispute.organisation)
    return all(dispute.conflicts.get(code, True) for code in involved if code) or bool(step.facts.get("agreed_after_disclosure"))


def was_not_mediator_of_this_dispute(dispute, step) -> bool:
    """Guard: the participant named in the step has not been a mediator of this dispute (特邀调解规定 16)."""
    return step.facts.get("mediator") not in dispute.mediators


def may_request_another_mediator(dispute, step) -> bool:
    """Guard: the parties have refused at most one mediator; a second refusal counts as refusal of mediation (在线调解规则 14; 特邀调解规定 12)."""
    return dispute.mediators_refused <= 1


# ── Consent and extension ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def all_parties_consented(dispute, step) -> bool:
    """Guard: every party has consented to mediation (人民调解法 17; 民事诉讼法 125)."""
    return dispute.consents >= required_parties(dispute)


def all_parties_consent_to_extension(dispute, step) -> bool:
    """Guard: every party consents to the extension (特邀调解规定 27; 在线调解规则 24)."""
    return required_parties(dispute) <= set(step.facts["consents"])


def pause_is_for_appraisal(dispute, step) -> bool:
    """Guard: the reason for the pause is an appraisal or assessment (在线调解规则 26; 医疗纠纷条例 38, 40)."""
    return step.facts["reason"] in ("appraisal", "assessment")


def is_in_mediation(dispute, step) -> bool:
    """Guard: mediation is in progress; an appraisal does not interrupt a trial."""
    return dispute.state != "clock_paused" or dispute.state_before_pause == "mediating"


def party_is_respondent(dispute, step) -> bool:
    """Guard: the party named in the step is a respondent."""
    return step.facts["party"].startswith("respondent")


# ── End of mediation ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def termination_ground_fits_state(dispute, step) -> bool:
    """Guard: the ground of termination is `agreement_reached` if and only if the dispute is in the state `agreed`."""
    return (step.facts["ground"] == "agreement_reached") == (dispute.state == "agreed")


def ground_allows_ending_before_mediation(dispute, step) -> bool:
    """Guard: a mediation body has accepted the dispute, or the ground of termination can arise before mediation begins."""
    return dispute.state in STATES_AFTER_ACCEPTANCE or step.facts["ground"] in GROUNDS_BEFORE_MEDIATION


def agreement_is_not_confirmed(dispute, step) -> bool:
    """Guard: no court has confirmed the agreement."""
    return dispute.confirmation != "granted"


# ── Performance of the agreement ──────────────────────────────────────────────────────────────────────────────────────────────────


def agreement_has_term(dispute, step) -> bool:
    """Guard: the agreement has a term with the number given in the step."""
    return step.facts["term"] <= len(dispute.terms)


def term_is_not_performed(dispute, step) -> bool:
    """Guard: the term of the step is not recorded as fully performed."""
    return dispute.terms[step.facts["term"] - 1].get("result") != "full"


def all_terms_performed(dispute, step=None) -> bool:
    """Guard: the agreement has terms, and every term is fully performed."""
    return bool(dispute.terms) and all(term.get("result") == "full" for term in dispute.terms)


def any_term_defaulted(dispute, step=None) -> bool:
    """Guard: at least one term of the agreement is in default (not performed when due)."""
    return any(term.get("result") == "default" for term in dispute.terms)


def no_term_is_owed(dispute, step=None) -> bool:
    """Guard: the agreement has no terms, or every term is fully performed or in default."""
    return next_owed_term(dispute) is None


def is_reported_settled(dispute, step) -> bool:
    """Guard: the follow-up call found the dispute settled."""
    return step.facts["settled"]


def decides_next_term(dispute, step) -> bool:
    """Guard: the step records full performance or default of the term due first.

    Either result ends the mediation body's duty to supervise the performance of that term (人民调解法 31).
    """
    return step.facts["term"] == next_owed_term(dispute) and step.facts["result"] != "part"


# ── Judicial confirmation and enforcement ─────────────────────────────────────────────────────────────────────────────────────────


def agreement_is_outside_docket(dispute, step) -> bool:
    """Guard: no case was filed.

    An agreement in a registered case is not confirmed: the case ends by a mediation statement of the court or by withdrawal (特邀调解规定 20).
    """
    return dispute.docket is None


def agreement_is_by_mediation_body(dispute, step) -> bool:
    """Guard: a mediation body reported the agreement."""
    return bool(dispute.agreement) and may_report(dispute.agreement["by"], "referral.accepted")


def agreement_may_be_confirmed(dispute, step) -> bool:
    """Guard: the agreement concerns no subject that a court may not confirm (民事诉讼法解释 355; 民法典 1079)."""
    return bool(dispute.agreement) and dispute.agreement["confirmable"] and not set(dispute.agreement["about"]) & set(SUBJECTS_NOT_CONFIRMED)


def all_parties_apply(dispute, step) -> bool:
    """Guard: all parties apply for confirmation jointly (民事诉讼法 205)."""
    return required_parties(dispute) <= set(step.facts.get("applicants") or required_parties(dispute))


def application_is_in_time(dispute, step) -> bool:
    """Guard: the application is made within thirty days after the agreement took effect (民事诉讼法 205)."""
    return is_in_time(day_start(step.facts["applied_on"]), confirmation_application_due_at(dispute, step))


def court_is_competent(dispute, step) -> bool:
    """Guard: the application for confirmation is made to a competent court (民事诉讼法 205).

    It is the court that referred the dispute (the inviting court); if no court referred it, a court that is competent on another ground.
    """
    court, ground = step.facts.get("court"), step.facts.get("court_ground")
    if court is not None and role_of(court) != "C":
        return False
    inviting_court = dispute.sent_by if dispute.sent_by and role_of(dispute.sent_by) == "C" else None
    if inviting_court is None:
        return ground != "inviting_court"
    return ground in (None, "inviting_court") and court in (None, inviting_court)


def application_was_accepted(dispute, step) -> bool:
    """Guard: the court has accepted the application for confirmation and has not decided on it."""
    return dispute.confirmation == "accepted"


def application_is_not_accepted(dispute, step) -> bool:
    """Guard: an application for confirmation was made, and the court has neither accepted nor decided it."""
    return dispute.confirmation == "applied"


def agreement_is_confirmed(dispute, step) -> bool:
    """Guard: a court has confirmed the agreement."""
    return dispute.confirmation == "granted"


def has_no_earlier_objection(dispute, step) -> bool:
    """Guard: no objection to the court's confirmation has been made."""
    return not dispute.was_objected_to


def is_objection_by_party(dispute, step) -> bool:
    """Guard: a party makes the objection, not an interested person (third party)."""
    return not step.facts["by"].startswith("third_party")


def is_objection_by_third_party(dispute, step) -> bool:
    """Guard: an interested person who is not a party makes the objection."""
    return not is_objection_by_party(dispute, step)


def objection_is_in_time(dispute, step) -> bool:
    """Guard: a party objects within fifteen days after receiving the ruling, an interested person within six months of knowledge (民事诉讼法解释 372).

    If the step does not state the day of knowledge, the court that reports the objection has examined the time.
    """
    last = objection_due_at(dispute, step)
    return last is None or is_in_time(day_start(step.facts["objected_on"]), last)


def objection_due_at(dispute, step) -> datetime | None:
    """Return the latest time at which the objection of the step may be made; None if no deadline is known."""
    if is_objection_by_third_party(dispute, step):
        knew_on = step.facts.get("knew_on")
        return latest_end_of("confirmation_objection_third_party", day_start(knew_on), step.policy) if knew_on else None
    deadline = dispute.deadlines.get("confirmation_objection")
    return latest_end_of("confirmation_objection", deadline.started_at, step.policy) if deadline else None


def has_enforceable_title(dispute, step) -> bool:
    """Guard: an enforceable title exists: a confirmed agreement, a judgment or a mediation statement of a court."""
    return dispute.confirmation == "granted" or dispute.court_closing_mode in ("judgment", "mediated", "confirmed")


def enforcement_is_not_completed(dispute, step) -> bool:
    """Guard: enforcement has not been completed."""
    return dispute.outcome not in ENFORCEMENT_OUTCOMES


# ── Archiving, corrections and joins ──────────────────────────────────────────────────────────────────────────────────────────────


def has_reason_if_not_screened(dispute, step) -> bool:
    """Guard: the dispute was screened, or the archiving states the reason why the dispute was registered by mistake."""
    return dispute.state != "registered" or step.facts.get("reason") is not None


def may_be_archived(dispute, step) -> bool:
    """Guard: the dispute may be archived: no case is on the docket, no term of an agreement is owed and enforcement is not in progress.

    A dispute that is screened but not referred may be archived only if it is unsuitable for mediation.
    """
    if dispute.docket == "open":
        return False
    if dispute.state == "screened":
        return not dispute.suitable
    if dispute.state == "enforcement":
        return dispute.outcome in ENFORCEMENT_OUTCOMES
    return dispute.state not in ("performing", "defaulted") or next_owed_term(dispute) is None


def is_own_earlier_report(dispute, step) -> bool:
    """Guard: the step to be corrected or withdrawn was reported by the same agency and took effect."""
    return find_step_to_undo(dispute, step) is not None


def is_not_registration(dispute, step) -> bool:
    """Guard: the step to be withdrawn is not the registration, which can only be corrected."""
    return find_step_to_undo(dispute, step).step_type != "dispute.registered"


def may_correct_for_other_agency(dispute, step) -> bool:
    """Guard: the step corrects a report of the same agency, or the mediation centre corrects place or kind of another agency's dispute report."""
    return step.facts.get("reported_by") in (None, step.agency) or (role_of(step.agency) == "M" and step.facts.get("corrects") == "dispute.reported")


def was_not_undone_before(dispute, step) -> bool:
    """Guard: the step to be corrected or withdrawn has not been undone before."""
    return find_step_to_undo(dispute, step).step not in undone_steps(dispute)


def corrects_same_step_type(dispute, step) -> bool:
    """Guard: the step type named in the correction, if any, is the type of the step to be corrected."""
    return step.facts.get("corrects") in (None, reported_type(original_step(dispute, find_step_to_undo(dispute, step)).step_type))


def was_joined_to_another_dispute(dispute, step) -> bool:
    """Guard: the dispute was closed by joining it to another dispute, and the join has not been undone."""
    return dispute.outcome == "merged" and find_step_to_undo(dispute, step) is not None


# ── Helpers of guards ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def role_of(agency: str) -> str:
    return AGENCIES[agency].role


def required_parties(dispute) -> frozenset[str]:
    """Return the labels of the parties whose consent is required: applicant, respondent and all other recorded parties."""
    return dispute.parties | REQUIRED_SIDES


def next_owed_term(dispute) -> int | None:
    """Return the number (from 1) of the owed term that is due first; None if no term is owed."""
    owed = [(term["due_on"], number) for number, term in enumerate(dispute.terms, 1) if term.get("result") not in FINAL_TERM_RESULTS]
    return min(owed)[1] if owed else None


def confirmation_application_due_at(dispute, step) -> datetime:
    """Return the latest end of the thirty days after the agreement took effect (民事诉讼法 205)."""
    return latest_end_of("confirmation_apply", day_start(dispute.agreement["effective_on"]), step.policy)


def latest_end_of(clock: str, started_at: datetime, policy) -> datetime:
    """Return the latest possible end of a period that nothing pauses or extends. While a holiday schedule is not published, no step is refused as late on
    a provisional date."""
    return initial_deadline(Facts(clock, started_at), policy.holidays.latest_ends, policy.county.rules)[1]


def find_step_to_undo(dispute, step):
    """Return the applied step that a correction, a withdrawal or `reports.unjoined` is to undo; None if no such step was applied.

    A correction or withdrawal names the event id of a step of the same agency, or of the agency in `reported_by`. If another agency has corrected that step
    since, a correction corrects that correction: agencies do not know each other's event ids. `reports.unjoined` undoes the last join that was not undone
    before.
    """
    if step.step_type == "reports.unjoined":
        undone = undone_steps(dispute)
        return next((applied for applied in reversed(dispute.applied_steps) if applied.step_type == "reports.joined" and applied.step not in undone), None)
    agency = step.facts.get("reported_by") or step.agency
    named = next((applied for applied in dispute.applied_steps if (applied.agency, applied.event_id) == (agency, step.facts["event"])), None)
    if named is None or step.step_type != "report.corrected":
        return named
    last = undoing_steps(dispute.applied_steps).get(named.step)
    return last if last is not None and last.step_type == "report.corrected" and last.agency != step.agency else named


def undone_steps(dispute) -> set[int]:
    """Return the numbers of the steps that later steps have undone, and whose undoing has not itself been withdrawn."""
    return set(undoing_steps(dispute.applied_steps))


def undoing_steps(applied_steps) -> dict:
    """Return, for the number of each undone step, the applied step that decides about it: a withdrawal, or the last correction.

    A correction of a correction replaces its facts. The withdrawal of a correction or of a withdrawal makes the earlier facts valid again.
    """
    deciding = {}
    for applied in reversed(applied_steps):
        if applied.undoes is None:
            continue
        by = deciding.get(applied.step)
        if by is None or by.step_type == "report.corrected":
            deciding.setdefault(applied.undoes, by or applied)
    return deciding


def original_step(dispute, applied):
    """Return the step that a correction has corrected, directly or through earlier corrections; any other step itself."""
    steps = {step.step: step for step in dispute.applied_steps}
    while applied.step_type == "report.corrected" and applied.undoes is not None:
        applied = steps[applied.undoes]
    return applied


def reported_type(step_type: str) -> str:
    """Return the event type that the agency used for the step: `dispute.reported` for a registration, else the type of the step."""
    return "dispute.reported" if step_type == "dispute.registered" else step_type


# Types of steps that may be reported for a dispute in any state. They change no state, so they take effect even while the dispute is held or stayed:
# a refusal would reveal the hold to agencies that must not see it.
ALWAYS_REPORTABLE = (
    "dispute.registered", "dispute.reported", "petition.registered", "petition.accepted", "petition.extended", "petition.transferred", "petition.returned",
    "petition.decided",
)  # fmt: skip
REQUIRED_SIDES = frozenset(("applicant", "respondent"))
FINAL_TERM_RESULTS = ("full", "default")  # results after which a term is no longer owed
ENFORCEMENT_OUTCOMES = ("enforced", "not_enforced")
STATES_AFTER_ACCEPTANCE = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing", "confirm_decided")
GROUNDS_BEFORE_MEDIATION = ("self_settled_withdrawn", "party_unreachable", "party_unwilling", "other_obstacle")
