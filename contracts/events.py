"""Every event there is, by type: tables derived from the rows in steps/, facts/ and answers/."""

from contracts import steps
from contracts.answers import NOTICES, RECEIPTS
from contracts.county import AGENCIES
from contracts.facts import DOMAIN_EVENTS, FACTS, SEALED_EVENTS
from contracts.rows import EventType

AGENCY_EVENTS = {
    step.type: EventType(step.type, step.schema, stream="agencies", zh=step.zh, en=step.en, example=step.example, allowed_roles=frozenset(step.roles.split()))
    for step in steps.ROWS.values()
}

# Mediation confirms a step by a fact of the same type: under such a type EVENTS has the agency's event, DOMAIN_EVENTS has mediation's.
EVENTS = DOMAIN_EVENTS | RECEIPTS | NOTICES | AGENCY_EVENTS

__all__ = ["AGENCY_EVENTS", "DOMAIN_EVENTS", "EVENTS", "FACTS", "NOTICES", "RECEIPTS", "SEALED_EVENTS", "EventType", "assigned", "event_type", "may_say"]


def assigned(type: str, data: dict) -> list[str]:
    """Return the agencies to which a step assigns something."""
    values = [data[name] for name in steps.ROWS[type].assigns if data.get(name)]
    return [code for value in values for code in ([value] if isinstance(value, str) else value) if code in AGENCIES]


def may_say(agency: str, type: str) -> bool:
    """Whether the agency's role allows it to report events of this type."""
    return agency in AGENCIES and type in AGENCY_EVENTS and AGENCIES[agency].role in AGENCY_EVENTS[type].allowed_roles


def event_type(type: str, stream: str | None = None) -> EventType:
    """Return the row of an event. Without `stream`, a type that both agencies and mediation use means the agencies' event. Raises KeyError."""
    if (stream, type) in SEALED_EVENTS:
        return SEALED_EVENTS[stream, type]
    row = (DOMAIN_EVENTS if stream not in (None, "agencies") and type in DOMAIN_EVENTS else EVENTS)[type]
    if stream not in (None, row.stream):
        raise KeyError(type)
    return row
