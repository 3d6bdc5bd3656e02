"""Guards: what must be true of a dispute, and of a step that an agency reports of it, for the step to go ahead. The tables name them."""

from datetime import datetime

from contracts import AGENCIES, may_say
from services.mediation.dispute.matters import NOT_CONFIRMED, NOT_MEDIATED, ONLY_WHILE_NOBODY_ELSE_HAS_IT
from services.mediation.dispute.tracks import is_open
from services.mediation.law.computing import Facts, begin
from services.mediation.law.counting import in_time
from services.mediation.law.dates import date_of, day_of, day_start

# ── Who says it ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def may_report_it(dispute, step) -> bool:
    return may_say(step.agency, step.word)


def was_asked(dispute, step) -> bool:
    return step.agency == dispute.body


def mediates_it(dispute, step) -> bool:
    return step.agency == dispute.body or role_of(step.agency) == "C"


def looks_after_it(dispute, step) -> bool:
    return mediates_it(dispute, step) or role_of(step.agency) == "M"


def mediates_it_or_settled_it_on_the_spot(dispute, step) -> bool:
    """The grid first settles on the spot what it finds, else it reports: what it settled was never with any other body."""
    return step.agency == (dispute.reporter if dispute.state == "registered" else dispute.body)


def ends_it_or_never_sent_it(dispute, step) -> bool:
    """Before a body took it, the centre says that there is nothing to send any more."""
    return mediates_it(dispute, step) if dispute.state in WITH_A_BODY else role_of(step.agency) == "M" or was_asked(dispute, step)


def a_court_says_it(dispute, step) -> bool:
    return role_of(step.agency) == "C"


def may_send_it(dispute, step) -> bool:
    """Since the switch a court sends out only what is on its docket; what it referred before runs to its end (立案与调解意见 3)."""
    if role_of(step.agency) != "C" or dispute.docket == "open":
        return True
    return dispute.track == "legacy" and is_open("legacy", day_of(step.happened))


# ── What the dispute is ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_on_the_roster(dispute, step) -> bool:
    """The mediator, on the day of the step. A court names mediators of its own roster, whichever body it is for."""
    mediator = step.facts.get("mediator")
    return mediator is None or step.roster is None or step.roster.may_mediate_for(dispute.body or step.agency, mediator, day_of(step.happened))


def suitable(dispute, step) -> bool:
    return dispute.suitable is True


def may_be_mediated_by_law(dispute, step) -> bool:
    return _not_for_this_reason(step, "may_not_be_mediated")


def no_plain_administrative_dispute(dispute, step) -> bool:
    return _not_for_this_reason(step, "administrative_not_mediated")


def no_excluded_police_case(dispute, step) -> bool:
    return _not_for_this_reason(step, "police_case_not_mediated")


def _not_for_this_reason(step, reason):
    return not step.facts["suitable"] or NOT_MEDIATED.get(step.facts.get("matter")) != reason


def on_the_track_of_its_day(dispute, step) -> bool:
    """By the day on which the court received the claim; where that is not told, the day of the screening."""
    received = step.facts.get("court_received_on")
    return is_open(step.facts["track"], date_of(received) if received else day_of(step.happened))


def nobody_else_has_it(dispute, step) -> bool:
    """A medical committee refuses or ends what a court has taken, and the other way round."""
    return dispute.kind not in ONLY_WHILE_NOBODY_ELSE_HAS_IT or dispute.docket != "open"


def not_yet_on_a_docket(dispute, step) -> bool:
    return dispute.docket != "open"


def on_a_docket(dispute, step) -> bool:
    return dispute.docket == "open"


def is_before_a_court(dispute, step) -> bool:
    return dispute.docket == "open"


# ── Bodies, mediators, conflicts ──────────────────────────────────────────────────────────────────────────────────────────────────


def can_take_a_referral(dispute, step) -> bool:
    return may_say(step.facts["to"], "referral.accepted")


def free_of_conflict(dispute, step) -> bool:
    return not step.facts.get("conflict_of_interest") or bool(step.facts.get("agreed_after_disclosure"))


def to_nobody_named_in_a_conflict(dispute, step) -> bool:
    return all(dispute.conflicts.get(one, True) for one in (step.facts["to"], step.facts.get("organisation")) if one)


def nobody_named_in_a_conflict(dispute, step) -> bool:
    """Neither the body nor the mediator, unless all parties agreed after the disclosure."""
    named = (step.facts.get("mediator") or dispute.mediator, dispute.body, dispute.organisation)
    return all(dispute.conflicts.get(one, True) for one in named if one) or bool(step.facts.get("agreed_after_disclosure"))


def mediated_nothing_here(dispute, step) -> bool:
    return step.facts.get("mediator") not in dispute.mediators


def may_ask_for_another_mediator(dispute, step) -> bool:
    """One change may be asked; refusing again without choosing is refusing mediation (在线调解规则 14; 特邀调解规定 12)."""
    return dispute.mediators_refused <= 1


# ── Consent and time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def everyone_consented(dispute, step) -> bool:
    return dispute.consents >= everyone(dispute)


def everyone_consents_to_more_time(dispute, step) -> bool:
    return everyone(dispute) <= set(step.facts["consents"])


def only_an_appraisal(dispute, step) -> bool:
    return step.facts["reason"] in ("appraisal", "assessment")


def from_the_other_side(dispute, step) -> bool:
    return step.facts["party"].startswith("respondent")


# ── How mediation ends ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def the_ground_fits(dispute, step) -> bool:
    """“Agreed” is a ground only where an agreement is on record, and the only one there."""
    return (step.facts["ground"] == "agreement_reached") == (dispute.state == "agreed")


def mediation_began_or_never_will(dispute, step) -> bool:
    """What never came to a mediator ends only for what needs none."""
    return dispute.state in WITH_A_BODY or step.facts["ground"] in ENDS_BEFORE_IT_BEGINS


def nothing_was_confirmed(dispute, step) -> bool:
    return dispute.confirmation != "granted"


# ── The agreement and its confirmation ────────────────────────────────────────────────────────────────────────────────────────────


def has_that_term(dispute, step) -> bool:
    return step.facts["term"] <= len(dispute.terms)


def not_yet_performed(dispute, step) -> bool:
    return dispute.terms[step.facts["term"] - 1].get("result") != "full"


def everything_performed(dispute, step=None) -> bool:
    return bool(dispute.terms) and all(term.get("result") == "full" for term in dispute.terms)


def something_defaulted(dispute, step=None) -> bool:
    return any(term.get("result") == "default" for term in dispute.terms)


def nothing_more_is_owed(dispute, step=None) -> bool:
    return next_term(dispute) is None


def said_to_be_settled(dispute, step) -> bool:
    return step.facts["settled"]


def decides_the_next_term(dispute, step) -> bool:
    """A part of a payment decides nothing yet; a default does: the body has done its duty of finding out (人民调解法 31)."""
    return step.facts["term"] == next_term(dispute) and step.facts["result"] != "part"


def made_outside_the_docket(dispute, step) -> bool:
    """A registered case ends by the court's own statement or by withdrawal (特邀调解规定 20)."""
    return dispute.docket is None


def made_before_a_mediation_body(dispute, step) -> bool:
    return bool(dispute.agreement) and may_say(dispute.agreement["by"], "referral.accepted")


def about_what_may_be_confirmed(dispute, step) -> bool:
    return bool(dispute.agreement) and dispute.agreement["confirmable"] and not set(dispute.agreement["about"]) & set(NOT_CONFIRMED)


def applied_for_jointly(dispute, step) -> bool:
    return everyone(dispute) <= set(step.facts.get("applicants") or everyone(dispute))


def applied_in_time(dispute, step) -> bool:
    return in_time(day_start(step.facts["applied_on"]), last_moment_to_apply(dispute, step))


def to_the_right_court(dispute, step) -> bool:
    """What a court invited goes to that court; what a body mediated of its own, to the court of a domicile, the object or the body."""
    court, ground = step.facts.get("court"), step.facts.get("court_ground")
    if court is not None and role_of(court) != "C":
        return False
    invited = dispute.sent_by if dispute.sent_by and role_of(dispute.sent_by) == "C" else None
    if invited is None:
        return ground != "inviting_court"
    return ground in (None, "inviting_court") and court in (None, invited)


def was_accepted(dispute, step) -> bool:
    return dispute.confirmation == "accepted"


def not_decided_yet(dispute, step) -> bool:
    return dispute.confirmation in ("applied", "accepted")


def not_accepted_yet(dispute, step) -> bool:
    return dispute.confirmation == "applied"


def was_confirmed(dispute, step) -> bool:
    return dispute.confirmation == "granted"


def nobody_objected_before(dispute, step) -> bool:
    return not dispute.objected


def a_party_objects(dispute, step) -> bool:
    """Somebody else whose interest it touches has six months from the day on which he knows: no clock of the dispute (民事诉讼法解释 372)."""
    return not step.facts["by"].startswith("third_party")


def objected_in_time(dispute, step) -> bool:
    last = last_moment_to_object(dispute)
    return not a_party_objects(dispute, step) or last is None or in_time(day_start(step.facts["objected_on"]), last)


def last_moment_to_object(dispute) -> datetime | None:
    deadline = dispute.deadlines.get("confirmation_objection")
    return deadline.due_at if deadline else None


def has_a_title(dispute, step) -> bool:
    """What can be enforced: a confirmed agreement, a judgment, a court's mediation statement."""
    return dispute.confirmation == "granted" or dispute.mode in ("judgment", "mediated", "confirmed")


def not_completed_yet(dispute, step) -> bool:
    return dispute.outcome not in ENFORCED


# ── The end, and what was wrong ───────────────────────────────────────────────────────────────────────────────────────────────────


def a_mistake_if_nobody_looked_at_it(dispute, step) -> bool:
    """Before it was screened a dispute is put away only as registered by mistake, and the centre says what was wrong."""
    return dispute.state != "registered" or step.facts.get("reason") is not None


def nothing_is_left_to_do(dispute, step) -> bool:
    if dispute.docket == "open":
        return False
    if dispute.state == "screened":
        return not dispute.suitable
    if dispute.state == "enforcement":
        return dispute.outcome in ENFORCED
    return dispute.state not in ("performing", "defaulted") or next_term(dispute) is None


def it_said_that_itself(dispute, step) -> bool:
    return reported_before(dispute, step) is not None


def the_registration_stands(dispute, step) -> bool:
    return reported_before(dispute, step).word != "dispute.registered"


def not_taken_back_before(dispute, step) -> bool:
    return reported_before(dispute, step).step not in taken_back(dispute)


def nothing_stands_on_it(dispute, step) -> bool:
    """Only the last step that changed anything can be taken back: what came after was decided in its light. A mere note can be at any time.

    One that moves nothing, and started a clock of its own only (a petition), can be until another step has changed that same clock.
    """
    earlier = reported_before(dispute, step)
    if not earlier.inverse or earlier.step == last_that_changed_anything(dispute):
        return True
    return earlier.word in MOVES_NOTHING and not _changed_since(dispute, earlier)


def corrects_that_word(dispute, step) -> bool:
    return step.facts.get("corrects") in (None, word_of(dispute, reported_before(dispute, step)))


def says_what_is_right(dispute, step) -> bool:
    """A step that changed something is corrected by its right facts; to take it back altogether there is another word."""
    return not reported_before(dispute, step).inverse or "facts" in step.facts


# ── What the guards stand on ──────────────────────────────────────────────────────────────────────────────────────────────────────


def role_of(agency: str) -> str:
    return AGENCIES[agency].role


def everyone(dispute) -> frozenset[str]:
    """The parties whose consent is needed: every one on record, and always the two sides."""
    return dispute.parties | TWO_SIDES


def next_term(dispute) -> int | None:
    """The number of the term that is due first among those still owed."""
    owed = [(term["due_on"], number) for number, term in enumerate(dispute.terms, 1) if term.get("result") not in FINAL]
    return min(owed)[1] if owed else None


def last_moment_to_apply(dispute, step) -> datetime:
    """Thirty days from the day on which the agreement took effect (民事诉讼法 205): the deadline on record, or counted anew after a withdrawal."""
    deadline = dispute.deadlines.get("confirmation_apply")
    if deadline is not None:
        return deadline.due_at
    facts = Facts("confirmation_apply", day_start(dispute.agreement["effective_on"]))
    return begin(facts, step.policy.holidays, step.policy.county.rules)[1]


def reported_before(dispute, step):
    """The step that this agency reported under that id, and that took effect; where a join is undone, the join."""
    if step.word == "reports.unjoined":
        gone = taken_back(dispute)
        return next((taken for taken in reversed(dispute.taken) if taken.word == "reports.joined" and taken.step not in gone), None)
    return next((taken for taken in dispute.taken if (taken.agency, taken.reported) == (step.agency, step.facts["event"])), None)


def taken_back(dispute) -> set[int]:
    return {taken.undoes for taken in dispute.taken if taken.undoes is not None}


def _changed_since(dispute, earlier) -> bool:
    """Whether a later step that stands changed a field or a deadline that the earlier one changed."""
    gone, changed = taken_back(dispute), _changed_by(earlier)
    return any(not changed.isdisjoint(_changed_by(taken)) for taken in dispute.taken if taken.step > earlier.step and taken.step not in gone)


def _changed_by(taken) -> set[tuple[str, str]]:
    return {(part, name) for part in ("fields", "deadlines") for name in taken.inverse.get(part, ())}


def last_that_changed_anything(dispute) -> int:
    gone = taken_back(dispute)
    return max(taken.step for taken in dispute.taken if taken.inverse and taken.step not in gone)


def word_of(dispute, taken) -> str:
    return taken.inverse.get("word", taken.word)


def ended_in_another(dispute, step) -> bool:
    """Whether it ended because it was joined to another dispute, and nothing else happened since."""
    return dispute.outcome == "merged" and reported_before(dispute, step) is not None


# What anybody may report of any dispute, in whatever state: whoever has no part in it is answered as ever, also while it is held or stayed.
MOVES_NOTHING = (
    "dispute.registered", "dispute.reported", "petition.registered", "petition.accepted", "petition.extended", "petition.transferred", "petition.returned",
    "petition.decided",
)  # fmt: skip
TWO_SIDES = frozenset(("applicant", "respondent"))
FINAL = ("full", "default")
ENFORCED = ("enforced", "not_enforced")
WITH_A_BODY = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing", "confirm_decided")
ENDS_BEFORE_IT_BEGINS = ("self_settled_withdrawn", "party_unreachable", "party_unwilling", "other_obstacle")
