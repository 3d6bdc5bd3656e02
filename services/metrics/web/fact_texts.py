"""Texts of the facts that steps stated about a dispute (particulars.py), such as the terms of an agreement or the result of a follow-up."""

from decimal import Decimal

from services.metrics.web.names import display_name, inline_name
from services.metrics.web.texts import text


def describe_fact(language: str, fact: dict) -> list[str]:
    """Return the name of the fact, followed by the texts of what was stated."""
    return [text(language, FACT_NAMES[fact["step"]]), *filter(None, DESCRIPTIONS[fact["step"]](language, fact))]


def format_amount(amount: str) -> str:
    """Return an amount in yuan with separators of thousands, and without decimals if they are zero."""
    value = Decimal(amount)
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def agency_of(event: str | None) -> str:
    """Return the code of the agency whose event is named by its source and id."""
    source = (event or "").partition(" ")[0]
    return source.removeprefix("/agencies/")


def _describe_agreement(language, fact):
    terms = fact.get("terms") or ()
    amounts = [Decimal(term["amount_cny"]) for term in terms if term.get("amount_cny")]
    yield inline_name(language, "form", fact["form"]) if fact.get("form") else None
    yield text(language, "effective_on", day=fact["effective_on"]) if fact.get("effective_on") else None
    if len(amounts) > 1:
        yield text(language, "agreed_sum", amount=format_amount(str(sum(amounts))))
    for term in terms:
        name, day = inline_name(language, "term", term["kind"]), term["due_on"]
        if term.get("amount_cny"):
            yield text(language, "term_of_amount", term=name, amount=format_amount(term["amount_cny"]), day=day)
        else:
            yield text(language, "term_due_on", term=name, day=day)


def _describe_filing(language, fact):
    yield display_name(language, "cause", fact["cause"]) if fact.get("cause") else None
    yield inline_name(language, "procedure", fact["procedure"]) if fact.get("procedure") else None
    yield text(language, "received_on", day=fact["received_on"]) if fact.get("received_on") else None
    yield text(language, "decided_on", day=fact["decided_on"]) if fact.get("decided_on") else None


def _describe_petition(language, fact):
    if "repeat" in fact:
        yield text(language, "repeat_petition" if fact["repeat"] else "first_petition")
    yield text(language, "petition_level", level=inline_name(language, "level", fact["level"])) if fact.get("level") else None
    yield text(language, "petition_persons", count=fact["persons"]) if fact.get("persons") else None


def _describe_follow_up(language, fact):
    if "settled" in fact:
        yield text(language, "settled" if fact["settled"] else "unsettled")
    if "satisfied" in fact:
        yield text(language, "satisfied" if fact["satisfied"] else "dissatisfied")


def _describe_reopening(language, fact):
    yield inline_name(language, "reopened_for", fact["reason"]) if fact.get("reason") else None


# fmt: off
FACT_NAMES = {
    "agreement.reached":     "fact_agreement",
    "case.filed":            "fact_filing",
    "petition.registered":   "fact_petition",
    "dispute.followed_up":   "fact_follow_up",
    "dispute.reopened":      "fact_reopened",
}
DESCRIPTIONS = {
    "agreement.reached":     _describe_agreement,
    "case.filed":            _describe_filing,
    "petition.registered":   _describe_petition,
    "dispute.followed_up":   _describe_follow_up,
    "dispute.reopened":      _describe_reopening,
}
# fmt: on
