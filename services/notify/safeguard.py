"""Who is told that something in the safeguard lane needs attention: the table. In neutral words, in their own inboxes, and nobody else. Pure."""

from collections.abc import Callable

from contracts import COUNTY
from contracts.safeguard import TOLD
from plumbing.events import Event
from services.notify.rules import Notice

COURT, POLICE, FEDERATION = (COUNTY.lead(role).code for role in "CPW")


def of_danger(told: dict) -> bool:
    """A stay is nobody's danger: whoever said it knows."""
    return told["cause"] != "stay"


def an_application(told: dict) -> bool:
    return told["step"] == "protection_order.applied"


def a_decision(told: dict) -> bool:
    return told["step"] in ("protection_order.issued", "protection_order.refused")


def of_the_court(told: dict) -> bool:
    """A review is the parties' right: when it lapses nobody is late."""
    return told["clock"] != "protection_order_review"


# fmt: off
NEEDS_ATTENTION: dict[str, tuple[tuple[Callable, tuple[str, ...]], ...]] = {
    # when mediation says, sealed     and it is           these are told
    "safeguard.held":               ((of_danger,          TOLD),),
    "safeguard.released":           ((of_danger,          TOLD),),
    "step.applied":                 ((an_application,     (COURT,)),
                                     (a_decision,         (POLICE, FEDERATION))),
    "deadline.approached":          ((of_the_court,       (COURT,)),),
    "deadline.passed":              ((of_the_court,       (COURT, POLICE)),),
}
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """What one event of the lane gives rise to. The notice says which dispute and where to look, and nothing of what there is to see."""
    to = dict.fromkeys(agency for question, agencies in NEEDS_ATTENTION.get(event.type, ()) if question(event.data) for agency in agencies)
    return [Notice("notice.attention", event.subject, agency, {"dispute": event.subject, "look_at": "matters"}, event) for agency in to]
