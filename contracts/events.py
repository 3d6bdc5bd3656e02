"""All event types by name, collected from the definitions in steps/, facts/ and answers/, and questions about them."""

from contracts import steps
from contracts.answers import NOTICES, RECEIPTS
from contracts.county import AGENCIES
from contracts.definitions import EventType
from contracts.facts import DOMAIN_EVENTS, FACTS, SEALED_EVENTS

AGENCY_EVENTS = {
    step.type: EventType(step.type, step.schema, stream="agencies", zh=step.zh, en=step.en, example=step.example, allowed_roles=frozenset(step.roles.split()))
    for step in steps.STEPS_BY_TYPE.values()
}

# The mediation service confirms a step with an event of the same type. For such a type, EVENTS holds the agency's event and DOMAIN_EVENTS holds mediation's.
EVENTS = DOMAIN_EVENTS | RECEIPTS | NOTICES | AGENCY_EVENTS

__all__ = [
    "AGENCY_EVENTS",
    "DOMAIN_EVENTS",
    "EVENTS",
    "FACTS",
    "NOTICES",
    "RECEIPTS",
    "SEALED_EVENTS",
    "EventType",
    "assigned_agencies",
    "event_type",
    "may_report",
    "step_outcome",
]


def assigned_agencies(type: str, data: dict) -> list[str]:
    """Return the codes of the agencies to which a step assigns work (see `Step.assigning_fields`). Values that are not agency codes are ignored."""
    values = [data[name] for name in steps.STEPS_BY_TYPE[type].assigning_fields if data.get(name)]
    return [code for value in values for code in ([value] if isinstance(value, str) else value) if code in AGENCIES]


def may_report(agency: str, type: str) -> bool:
    """Return whether the agency's role permits it to report events of this type."""
    return agency in AGENCIES and type in AGENCY_EVENTS and AGENCIES[agency].role in AGENCY_EVENTS[type].allowed_roles


def step_outcome(type: str, data: dict) -> str | None:
    """Return `applied` or `refused` if an event of the mediation service is the outcome of an agency's step; None for any other event.

    A step is applied by the event of the same type; in the sealed stream by step.applied. An automatic step is the outcome of no event.
    """
    if type == "step.refused":
        return "refused"
    return "applied" if type == "step.applied" or (type in FACTS and "event" in data) else None


def event_type(type: str, stream: str | None = None) -> EventType:
    """Return the definition of an event type. For a type that agencies and mediation both use, return the agencies' definition unless `stream` is given.

    Raises KeyError for an unknown type, and for a type that is not published in `stream`.
    """
    if (stream, type) in SEALED_EVENTS:
        return SEALED_EVENTS[stream, type]
    definition = (DOMAIN_EVENTS if stream not in (None, "agencies") and type in DOMAIN_EVENTS else EVENTS)[type]
    if stream not in (None, definition.stream):
        raise KeyError(type)
    return definition
