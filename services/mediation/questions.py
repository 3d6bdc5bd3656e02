"""What may be asked about a dispute, and about a step that an agency reports of it. Each reads as a question; the tables name them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from contracts import AGENCIES, may_say
from services.mediation.clocks import SHANGHAI
from services.mediation.rosters.roster import Roster


@dataclass(slots=True)
class Step:
    """What an agency says that it did: the word, who says so, when it happened, and the facts that belong to the word."""

    word: str
    agency: str
    happened: datetime
    facts: dict
    roster: Roster | None = None  # who can be asked, as it is known when the step is heard


Question = Callable[..., bool]  # (dispute, step) -> yes or no


def may_report_it(dispute, step) -> bool:
    return may_say(step.agency, step.word)


def was_asked(dispute, step) -> bool:
    return step.agency == dispute.body


def mediates_it(dispute, step) -> bool:
    return step.agency == dispute.body or AGENCIES[step.agency].role == "C"


def looks_after_it(dispute, step) -> bool:
    return mediates_it(dispute, step) or AGENCIES[step.agency].role == "M"


def is_on_the_roster(dispute, step) -> bool:
    """The mediator, on the day of the step. A court names mediators of its own roster, whichever body it is for."""
    mediator = step.facts.get("mediator")
    return (
        mediator is None or step.roster is None or step.roster.may_mediate_for(dispute.body or step.agency, mediator, step.happened.astimezone(SHANGHAI).date())
    )


def suitable(dispute, step) -> bool:
    return dispute.suitable is True


def free_of_conflict(dispute, step) -> bool:
    return not step.facts.get("conflict_of_interest") or bool(step.facts.get("agreed_after_disclosure"))


def everyone_consented(dispute, step) -> bool:
    return dispute.consents >= everyone(dispute)


def everyone_consents_to_more_time(dispute, step) -> bool:
    return everyone(dispute) <= set(step.facts["consents"])


def has_that_term(dispute, step) -> bool:
    return step.facts["term"] <= len(dispute.terms)


def not_yet_performed(dispute, step) -> bool:
    return dispute.terms[step.facts["term"] - 1].get("result") != "full"


def nothing_is_left_to_do(dispute, step) -> bool:
    if dispute.state == "screened":
        return not dispute.suitable
    return dispute.state != "performing" or next_term(dispute) is None


def everything_performed(dispute, step=None) -> bool:
    return bool(dispute.terms) and all(term.get("result") == "full" for term in dispute.terms)


def said_to_be_settled(dispute, step) -> bool:
    return step.facts["settled"]


def from_the_other_side(dispute, step) -> bool:
    return step.facts["party"].startswith("respondent")


def decides_the_next_term(dispute, step) -> bool:
    """A part of a payment decides nothing yet; a default does: the body has done its duty of finding out (人民调解法 31)."""
    return step.facts["term"] == next_term(dispute) and step.facts["result"] != "part"


def everyone(dispute) -> frozenset[str]:
    """The parties whose consent is needed: every one on record, and always the two sides."""
    return dispute.parties | TWO_SIDES


def next_term(dispute) -> int | None:
    """The number of the term that is due first among those still owed."""
    owed = [(term["due_on"], number) for number, term in enumerate(dispute.terms, 1) if term.get("result") not in FINAL]
    return min(owed)[1] if owed else None


TWO_SIDES = frozenset(("applicant", "respondent"))
FINAL = ("full", "default")
