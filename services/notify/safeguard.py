"""Rules for notices about the safeguard lane: which agencies are notified that a dispute needs their attention. Pure functions.

The notice is neutral: it names the dispute and does not state the reason. It is sent to the agency's inbox only, never by webhook.
"""

from collections.abc import Callable

from contracts import COUNTY
from contracts.safeguard import HOLD_NOTICE_RECIPIENTS
from plumbing.events import Event
from services.notify.rules import Notice

COURT, POLICE, WOMENS_FEDERATION = (COUNTY.lead(role).code for role in "CPW")  # the leading agency of each role; 妇联 is the Women's Federation


def is_hold(data: dict) -> bool:
    """Return whether the dispute is held because of danger. A stay is no danger, and the agency that reported it needs no notice."""
    return data["cause"] != "stay"


def is_order_application(data: dict) -> bool:
    return data["step"] == "protection_order.applied"


def is_order_decision(data: dict) -> bool:
    return data["step"] in ("protection_order.issued", "protection_order.refused")


def is_court_deadline(data: dict) -> bool:
    """Return whether the court has to act before the deadline. A review is a right of the parties, so no agency is late when it lapses."""
    return data["clock"] != "protection_order_review"


# fmt: off
NEEDS_ATTENTION: dict[str, tuple[tuple[Callable, tuple[str, ...]], ...]] = {
    # event type in the sealed stream  if this condition holds  these agencies are notified
    "safeguard.held":               ((is_hold,              HOLD_NOTICE_RECIPIENTS),),
    "safeguard.released":           ((is_hold,              HOLD_NOTICE_RECIPIENTS),),
    "step.applied":                 ((is_order_application, (COURT,)),
                                     (is_order_decision,    (POLICE, WOMENS_FEDERATION))),
    "deadline.approached":          ((is_court_deadline,    (COURT,)),),
    "deadline.passed":              ((is_court_deadline,    (COURT, POLICE)),),
}
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """Return the notices that follow from one event of the sealed stream. Each names the dispute and where to look it up, nothing else."""
    to = dict.fromkeys(agency for condition, agencies in NEEDS_ATTENTION.get(event.type, ()) if condition(event.data) for agency in agencies)
    return [Notice("notice.attention", event.subject, agency, {"dispute": event.subject, "look_at": "matters"}, event) for agency in to]
