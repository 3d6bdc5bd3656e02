"""Lookup tables of all event types, derived from the rows in steps/, facts/ and answers/."""

from contracts import steps
from contracts.answers import NOTICES, RECEIPTS
from contracts.county import AGENCIES
from contracts.facts import DOMAIN_EVENTS, FACTS, SEALED_EVENTS
from contracts.rows import EventType

AGENCY_EVENTS = {
    step.type: EventType(step.type, step.schema, stream="agencies", zh=step.zh, en=step.en, example=step.example, allowed_roles=frozenset(step.roles.split()))
    for step in steps.ROWS.values()
}

# Mediation confirms a step with a fact of the same type. For such a type, EVENTS holds the agency's event and DOMAIN_EVENTS holds mediation's.
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
]


def assigned_agencies(type: str, data: dict) -> list[str]:
    """Return the codes of the agencies to which a step assigns work (fields named in `Step.assigns`). Values that are no agency codes are ignored."""
    values = [data[name] for name in steps.ROWS[type].assigns if data.get(name)]
    return [code for value in values for code in ([value] if isinstance(value, str) else value) if code in AGENCIES]


def may_report(agency: str, type: str) -> bool:
    """Whether the agency's role allows it to report events of this type."""
    return agency in AGENCIES and type in AGENCY_EVENTS and AGENCIES[agency].role in AGENCY_EVENTS[type].allowed_roles


def event_type(type: str, stream: str | None = None) -> EventType:
    """Return the definition of an event type. Without `stream`, a type used by both agencies and mediation means the agencies' event.

    Raises KeyError for an unknown type, or if `stream` does not publish it.
    """
    if (stream, type) in SEALED_EVENTS:
        return SEALED_EVENTS[stream, type]
    row = (DOMAIN_EVENTS if stream not in (None, "agencies") and type in DOMAIN_EVENTS else EVENTS)[type]
    if stream not in (None, row.stream):
        raise KeyError(type)
    return row
