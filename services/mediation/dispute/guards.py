"""Guards: conditions on a dispute and on a reported step that must hold for the step to take effect. lifecycle/transitions.py lists them by step.

A guard gets the dispute before the step is applied, and the step. If it returns False, the step is refused with the reason listed beside it.
"""

from datetime import datetime

from contracts import AGENCIES, may_report
from services.mediation.dispute.matters import NOT_CONFIRMED, NOT_MEDIATED, NOT_MEDIATED_WHILE_IN_COURT
from services.mediation.dispute.tracks import is_open
from services.mediation.law.computing import Facts, initial_deadline
from services.mediation.law.counting import is_in_time
from services.mediation.law.dates import date_of, day_of, day_start

# ── Reporting agency ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def may_report_step(dispute, step) -> bool:
    """Guard: the agency's role may report this type of step."""
    return may_report(step.agency, step.step_type)


def is_referred_body(dispute, step) -> bool:
    """Guard: the agency is the body to which the dispute was referred."""
    return step.agency == dispute.body


def is_mediating_body_or_court(dispute, step) -> bool:
    """Guard: the agency is the body that has the dispute, or a court."""
    return step.agency == dispute.body or role_of(step.agency) == "C"


def is_mediating_body_court_or_centre(dispute, step) -> bool:
    """Guard: the agency is the body that has the dispute, a court, or the mediation centre."""
    return is_mediating_body_or_court(dispute, step) or role_of(step.agency) == "M"


def is_mediating_body_or_first_reporter(dispute, step) -> bool:
    """Guard: the agency is the body that has the dispute or, if the dispute was settled on the spot before any referral, its first reporter."""
    return step.agency == (dispute.reporter if dispute.state == "registered" else dispute.body)


def may_end_mediation(dispute, step) -> bool:
    """Guard: the agency is the mediating body or a court; before a body accepted the dispute: the mediation centre or the referred body."""
    return is_mediating_body_or_court(dispute, step) if dispute.state in STATES_WITH_BODY else role_of(step.agency) == "M" or is_referred_body(dispute, step)


def is_reported_by_court(dispute, step) -> bool:
    """Guard: the agency is a court."""
    return role_of(step.agency) == "C"


def may_refer_dispute(dispute, step) -> bool:
    """Guard: a court refers only cases on its docket, or claims of the legacy track received before 2025-01-01 (立案与调解意见 3)."""
    if role_of(step.agency) != "C" or dispute.docket == "open":
        return True
    return dispute.track == "legacy" and is_open("legacy", day_of(step.happened_at))


# ── Suitability, track and docket ─────────────────────────────────────────────────────────────────────────────────────────────────


def mediator_is_on_roster(dispute, step) -> bool:
    """Guard: the named mediator is on the body's roster, or on a court's, on the day of the step."""
    mediator = step.facts.get("mediator")
    return mediator is None or step.roster is None or step.roster.may_mediate_for(dispute.body or step.agency, mediator, day_of(step.happened_at))


def is_suitable(dispute, step) -> bool:
    """Guard: the dispute was screened as suitable for mediation."""
    return dispute.suitable is True


def may_be_mediated_by_law(dispute, step) -> bool:
    """Guard: the matter is not excluded from mediation by law, or the screening finds the dispute unsuitable (民事诉讼法解释 143)."""
    return _is_not_excluded_as(step, "may_not_be_mediated")


def is_not_administrative_dispute(dispute, step) -> bool:
    """Guard: the matter is not an administrative dispute, or the screening finds the dispute unsuitable (行政诉讼法 60)."""
    return _is_not_excluded_as(step, "administrative_not_mediated")


def is_not_excluded_police_case(dispute, step) -> bool:
    """Guard: the matter is not a police case excluded from mediation, or the screening finds the dispute unsuitable (公安行政案件程序规定 179)."""
    return _is_not_excluded_as(step, "police_case_not_mediated")


def _is_not_excluded_as(step, reason):
    return not step.facts["suitable"] or NOT_MEDIATED.get(step.facts.get("matter")) != reason


def track_is_open_on_that_day(dispute, step) -> bool:
    """Guard: the track is open on the day on which the court received the claim; if that day is not given, on the day of the screening."""
    received = step.facts.get("court_received_on")
    return is_open(step.facts["track"], date_of(received) if received else day_of(step.happened_at))


def no_court_has_medical_dispute(dispute, step) -> bool:
    """Guard: the dispute is not a medical dispute that a court has accepted (医疗纠纷条例 31, 40)."""
    return dispute.kind not in NOT_MEDIATED_WHILE_IN_COURT or dispute.docket != "open"


def is_not_on_docket(dispute, step) -> bool:
    """Guard: the case is not on a court's docket."""
    return dispute.docket != "open"


def is_on_docket(dispute, step) -> bool:
    """Guard: the case is on a court's docket."""
    return dispute.docket == "open"


def is_before_court(dispute, step) -> bool:
    """Guard: a court has the case on its docket."""
    return dispute.docket == "open"


# ── Bodies, mediators and conflicts of interest ───────────────────────────────────────────────────────────────────────────────────


def target_may_accept_referrals(dispute, step) -> bool:
    """Guard: the agency to which the dispute is sent may accept referrals."""
    return may_report(step.facts["to"], "referral.accepted")


def has_no_conflict_or_parties_agreed(dispute, step) -> bool:
    """Guard: no conflict of interest is reported with the step, or all parties agreed after its disclosure (特邀调解规定 15; 在线调解规则 13)."""
    return not step.facts.get("conflict_of_interest") or bool(step.facts.get("agreed_after_disclosure"))


def target_has_no_disclosed_conflict(dispute, step) -> bool:
    """Guard: the target body has no disclosed conflict of interest, or all parties agreed after the disclosure (特邀调解规定 15)."""
    return all(dispute.conflicts.get(code, True) for code in (step.facts["to"], step.facts.get("organisation")) if code)


def mediator_and_body_have_no_conflict(dispute, step) -> bool:
    """Guard: neither body nor mediator has a disclosed conflict of interest, or all parties agreed after the disclosure (特邀调解规定 15)."""
    involved = (step.facts.get("mediator") or dispute.mediator, dispute.body, dispute.organisation)
    return all(dispute.conflicts.get(code, True) for code in involved if code) or bool(step.facts.get("agreed_after_disclosure"))


def was_not_mediator_of_this_dispute(dispute, step) -> bool:
    """Guard: the named participant has not mediated this dispute (特邀调解规定 16)."""
    return step.facts.get("mediator") not in dispute.mediators


def may_request_another_mediator(dispute, step) -> bool:
    """Guard: a mediator is refused for the first time; a second refusal counts as refusal of mediation (在线调解规则 14; 特邀调解规定 12)."""
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


def party_is_respondent(dispute, step) -> bool:
    """Guard: the party is a respondent."""
    return step.facts["party"].startswith("respondent")


# ── End of mediation ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def termination_ground_fits_state(dispute, step) -> bool:
    """Guard: the ground is `agreement_reached` if and only if an agreement is recorded."""
    return (step.facts["ground"] == "agreement_reached") == (dispute.state == "agreed")


def ground_allows_ending_before_mediation(dispute, step) -> bool:
    """Guard: a body has accepted the dispute, or the ground is one that can arise before mediation begins."""
    return dispute.state in STATES_WITH_BODY or step.facts["ground"] in GROUNDS_BEFORE_MEDIATION


def agreement_is_not_confirmed(dispute, step) -> bool:
    """Guard: no court has confirmed the agreement."""
    return dispute.confirmation != "granted"


# ── Performance of the agreement ──────────────────────────────────────────────────────────────────────────────────────────────────


def agreement_has_term(dispute, step) -> bool:
    """Guard: the agreement has a term of this number."""
    return step.facts["term"] <= len(dispute.terms)


def term_is_not_performed(dispute, step) -> bool:
    """Guard: the term is not recorded as fully performed yet."""
    return dispute.terms[step.facts["term"] - 1].get("result") != "full"


def all_terms_performed(dispute, step=None) -> bool:
    """Guard: the agreement has terms, and all are fully performed."""
    return bool(dispute.terms) and all(term.get("result") == "full" for term in dispute.terms)


def any_term_defaulted(dispute, step=None) -> bool:
    """Guard: at least one term is in default."""
    return any(term.get("result") == "default" for term in dispute.terms)


def no_term_is_owed(dispute, step=None) -> bool:
    """Guard: every term is fully performed or in default, or there are no terms."""
    return next_owed_term(dispute) is None


def is_reported_settled(dispute, step) -> bool:
    """Guard: the follow-up call found the dispute settled."""
    return step.facts["settled"]


def decides_next_term(dispute, step) -> bool:
    """Guard: the step records full performance or default of the term due first; the body's supervision is done with either (人民调解法 31)."""
    return step.facts["term"] == next_owed_term(dispute) and step.facts["result"] != "part"


# ── Judicial confirmation and enforcement ─────────────────────────────────────────────────────────────────────────────────────────


def agreement_is_outside_docket(dispute, step) -> bool:
    """Guard: no case was filed; a registered case ends by a mediation statement of the court or by withdrawal (特邀调解规定 20)."""
    return dispute.docket is None


def agreement_is_by_mediation_body(dispute, step) -> bool:
    """Guard: the agreement was reached before a mediation body."""
    return bool(dispute.agreement) and may_report(dispute.agreement["by"], "referral.accepted")


def agreement_may_be_confirmed(dispute, step) -> bool:
    """Guard: the agreement concerns no subject that a court may not confirm (民事诉讼法解释 355; 民法典 1079)."""
    return bool(dispute.agreement) and dispute.agreement["confirmable"] and not set(dispute.agreement["about"]) & set(NOT_CONFIRMED)


def all_parties_apply(dispute, step) -> bool:
    """Guard: all parties apply for confirmation jointly (民事诉讼法 205)."""
    return required_parties(dispute) <= set(step.facts.get("applicants") or required_parties(dispute))


def application_is_in_time(dispute, step) -> bool:
    """Guard: the application is made within thirty days after the agreement took effect (民事诉讼法 205)."""
    return is_in_time(day_start(step.facts["applied_on"]), confirmation_application_due_at(dispute, step))


def court_is_competent(dispute, step) -> bool:
    """Guard: the application goes to the inviting court if a court referred the dispute, else to a court competent by another ground (民事诉讼法 205)."""
    court, ground = step.facts.get("court"), step.facts.get("court_ground")
    if court is not None and role_of(court) != "C":
        return False
    inviting_court = dispute.sent_by if dispute.sent_by and role_of(dispute.sent_by) == "C" else None
    if inviting_court is None:
        return ground != "inviting_court"
    return ground in (None, "inviting_court") and court in (None, inviting_court)


def application_was_accepted(dispute, step) -> bool:
    """Guard: the court has accepted the application for confirmation and not decided it."""
    return dispute.confirmation == "accepted"


def application_is_not_accepted(dispute, step) -> bool:
    """Guard: the application for confirmation was made and not accepted or decided yet."""
    return dispute.confirmation == "applied"


def agreement_is_confirmed(dispute, step) -> bool:
    """Guard: a court has confirmed the agreement."""
    return dispute.confirmation == "granted"


def has_no_earlier_objection(dispute, step) -> bool:
    """Guard: no objection to the confirmation has been made yet."""
    return not dispute.was_objected_to


def is_objection_by_party(dispute, step) -> bool:
    """Guard: the objection is made by a party. Third parties have six months of their own, not tracked as a clock (民事诉讼法解释 372)."""
    return not step.facts["by"].startswith("third_party")


def objection_is_in_time(dispute, step) -> bool:
    """Guard: a party objects within fifteen days after receiving the ruling; third parties are not limited here (民事诉讼法解释 372)."""
    last = objection_due_at(dispute)
    return not is_objection_by_party(dispute, step) or last is None or is_in_time(day_start(step.facts["objected_on"]), last)


def objection_due_at(dispute) -> datetime | None:
    """Return the end of the parties' time to object to the confirmation; None if no such deadline is recorded."""
    deadline = dispute.deadlines.get("confirmation_objection")
    return deadline.due_at if deadline else None


def has_enforceable_title(dispute, step) -> bool:
    """Guard: a title to enforce exists: a confirmed agreement, a judgment or a mediation statement of a court."""
    return dispute.confirmation == "granted" or dispute.court_closing_mode in ("judgment", "mediated", "confirmed")


def enforcement_is_not_completed(dispute, step) -> bool:
    """Guard: enforcement has not been completed."""
    return dispute.outcome not in ENFORCEMENT_OUTCOMES


# ── Archiving, corrections and joins ──────────────────────────────────────────────────────────────────────────────────────────────


def has_reason_if_not_screened(dispute, step) -> bool:
    """Guard: a dispute that was not screened yet is archived only with the reason why it was registered by mistake."""
    return dispute.state != "registered" or step.facts.get("reason") is not None


def may_be_archived(dispute, step) -> bool:
    """Guard: no case is on the docket, no term is owed, enforcement is not in progress, and a screened dispute is unsuitable for mediation."""
    if dispute.docket == "open":
        return False
    if dispute.state == "screened":
        return not dispute.suitable
    if dispute.state == "enforcement":
        return dispute.outcome in ENFORCEMENT_OUTCOMES
    return dispute.state not in ("performing", "defaulted") or next_owed_term(dispute) is None


def is_own_earlier_report(dispute, step) -> bool:
    """Guard: the agency itself reported the step that is to be corrected or withdrawn, and that step took effect."""
    return find_step_to_undo(dispute, step) is not None


def is_not_registration(dispute, step) -> bool:
    """Guard: the step to be corrected or withdrawn is not the registration, which cannot be undone."""
    return find_step_to_undo(dispute, step).step_type != "dispute.registered"


def was_not_undone_before(dispute, step) -> bool:
    """Guard: the step to be corrected or withdrawn has not been undone before."""
    return find_step_to_undo(dispute, step).step not in undone_steps(dispute)


def has_no_dependent_steps(dispute, step) -> bool:
    """Guard: the step to be undone is the last one that changed anything, because later steps were decided on the changed dispute.

    A step that changed nothing can always be undone; one of ALWAYS_REPORTABLE, as long as no later step changed the same fields and deadlines.
    """
    earlier = find_step_to_undo(dispute, step)
    if not earlier.inverse or earlier.step == last_changing_step(dispute):
        return True
    return earlier.step_type in ALWAYS_REPORTABLE and not _was_changed_later(dispute, earlier)


def corrects_same_step_type(dispute, step) -> bool:
    """Guard: the type of step that the correction names is that of the step to be corrected."""
    return step.facts.get("corrects") in (None, effective_step_type(dispute, find_step_to_undo(dispute, step)))


def has_corrected_facts(dispute, step) -> bool:
    """Guard: the correction of a step that changed the dispute contains the right facts; without them, `report.withdrawn` is to be used."""
    return not find_step_to_undo(dispute, step).inverse or "facts" in step.facts


def was_joined_to_another_dispute(dispute, step) -> bool:
    """Guard: the dispute was closed by joining it to another one, and that join has not been undone."""
    return dispute.outcome == "merged" and find_step_to_undo(dispute, step) is not None


# ── Helpers of guards ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def role_of(agency: str) -> str:
    return AGENCIES[agency].role


def required_parties(dispute) -> frozenset[str]:
    """Return the labels of the parties whose consent is required: all recorded parties, and always applicant and respondent."""
    return dispute.parties | REQUIRED_SIDES


def next_owed_term(dispute) -> int | None:
    """Return the number (from 1) of the term due first among those still owed; None if no term is owed."""
    owed = [(term["due_on"], number) for number, term in enumerate(dispute.terms, 1) if term.get("result") not in FINAL_RESULTS]
    return min(owed)[1] if owed else None


def confirmation_application_due_at(dispute, step) -> datetime:
    """Return the end of the thirty days after the agreement took effect (民事诉讼法 205): from the recorded deadline, else computed again."""
    deadline = dispute.deadlines.get("confirmation_apply")
    if deadline is not None:
        return deadline.due_at
    facts = Facts("confirmation_apply", day_start(dispute.agreement["effective_on"]))
    return initial_deadline(facts, step.policy.holidays, step.policy.county.rules)[1]


def find_step_to_undo(dispute, step):
    """Return the applied step that a correction, a withdrawal or `reports.unjoined` is to undo; None if there is none.

    It is the step that the same agency reported under the event id in the facts; for `reports.unjoined`, the last join not undone.
    """
    if step.step_type == "reports.unjoined":
        undone = undone_steps(dispute)
        return next((applied for applied in reversed(dispute.applied_steps) if applied.step_type == "reports.joined" and applied.step not in undone), None)
    return next((applied for applied in dispute.applied_steps if (applied.agency, applied.event_id) == (step.agency, step.facts["event"])), None)


def undone_steps(dispute) -> set[int]:
    """Return the numbers of the steps that later steps have undone."""
    return {applied.undoes for applied in dispute.applied_steps if applied.undoes is not None}


def _was_changed_later(dispute, earlier) -> bool:
    """Return whether a later step, not undone, changed a field or a deadline that the earlier step changed."""
    undone, changed = undone_steps(dispute), _changed_names(earlier)
    return any(
        not changed.isdisjoint(_changed_names(applied)) for applied in dispute.applied_steps if applied.step > earlier.step and applied.step not in undone
    )


def _changed_names(applied) -> set[tuple[str, str]]:
    return {(part, name) for part in ("fields", "deadlines") for name in applied.inverse.get(part, ())}


def last_changing_step(dispute) -> int:
    """Return the number of the last step that changed the dispute and was not undone."""
    undone = undone_steps(dispute)
    return max(applied.step for applied in dispute.applied_steps if applied.inverse and applied.step not in undone)


def effective_step_type(dispute, applied) -> str:
    """Return the type of the step; of a correction, the type of the step that it corrected."""
    return applied.inverse.get("step_type", applied.step_type)


# Steps that every agency may report of any dispute in any state. They change no state, so they take effect while the dispute is held or stayed, too:
# otherwise an agency with no part in the dispute would learn of the hold.
ALWAYS_REPORTABLE = (
    "dispute.registered", "dispute.reported", "petition.registered", "petition.accepted", "petition.extended", "petition.transferred", "petition.returned",
    "petition.decided",
)  # fmt: skip
REQUIRED_SIDES = frozenset(("applicant", "respondent"))
FINAL_RESULTS = ("full", "default")  # of a term
ENFORCEMENT_OUTCOMES = ("enforced", "not_enforced")
STATES_WITH_BODY = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing", "confirm_decided")
GROUNDS_BEFORE_MEDIATION = ("self_settled_withdrawn", "party_unreachable", "party_unwilling", "other_obstacle")
