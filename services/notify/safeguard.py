"""Rules for notices about the safeguard lane (events that only police, courts and women's federation see): which agencies are notified.

The notice is neutral: it names the dispute and does not state the reason. It is sent to the agency's inbox only, never by webhook. Pure functions.
"""

from collections.abc import Callable

from contracts import COUNTY
from contracts.safeguard import HOLD_NOTICE_RECIPIENTS
from plumbing.events import Event
from services.notify.model import Notice

# Codes of the leading agencies: court (C), police (P), women's federation (W, 妇联).
COURT, POLICE, WOMENS_FEDERATION = (COUNTY.lead_agency(role).code for role in "CPW")


def is_hold_for_danger(data: dict) -> bool:
    """Return whether the dispute is held because of danger. False for a stay: it means no danger, and the agency that reported it needs no notice."""
    return data["cause"] != "stay"


def is_protection_order_application(data: dict) -> bool:
    return data["step"] == "protection_order.applied"


def is_protection_order_decision(data: dict) -> bool:
    return data["step"] in ("protection_order.issued", "protection_order.refused")


def is_court_deadline(data: dict) -> bool:
    """Return whether the court has to act before the deadline. False for the review of a protection order, which is a right of the parties."""
    return data["clock"] != "protection_order_review"


NOTICE_KIND = "notice.attention"

# fmt: off
ATTENTION_NOTICE_RULES: dict[str, tuple[tuple[Callable, tuple[str, ...]], ...]] = {
    # Event type in the sealed stream → (condition on the event's data, agencies that are notified if the condition holds).
    "safeguard.held":               ((is_hold_for_danger,              HOLD_NOTICE_RECIPIENTS),),
    "safeguard.released":           ((is_hold_for_danger,              HOLD_NOTICE_RECIPIENTS),),
    "step.applied":                 ((is_protection_order_application, (COURT,)),
                                     (is_protection_order_decision,    (POLICE, WOMENS_FEDERATION))),
    "deadline.approached":          ((is_court_deadline,    (COURT,)),),
    "deadline.passed":              ((is_court_deadline,    (COURT, POLICE)),),
}
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """Return the notices that follow from one event of the sealed stream. A notice contains only the dispute and where to look it up."""
    to = dict.fromkeys(agency for condition, agencies in ATTENTION_NOTICE_RULES.get(event.type, ()) if condition(event.data) for agency in agencies)
    return [Notice(NOTICE_KIND, event.subject, agency, notice_data(event.subject), event) for agency in to]


def notice_data(dispute: str) -> dict:
    """Return the data of a notice: the dispute and where to look it up, nothing about the danger."""
    return {"dispute": dispute, "look_at": "matters"}
