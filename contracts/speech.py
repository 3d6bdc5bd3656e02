"""Checking what is heard and what is said against its schema. Schemas are built once; this is on the path of every event."""

from marshmallow import EXCLUDE, RAISE

from contracts.agency_schemas import Parties
from contracts.domain_schemas import facts_schema
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS, EventType
from contracts.fields import tolerant
from contracts.quick import DOUBTS, loader
from contracts.safeguard_schemas import SAID_BY_AGENCIES as SAID_FOR_SAFETY
from contracts.steps import ABOUT_THE_ROSTER

_ROWS = (*AGENCY_EVENTS.values(), *DOMAIN_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values(), *SEALED_EVENTS.values())


def _by_speaker(unknown, make):
    made = {(row.speaker, row.type): make(tolerant(row.schema(), unknown)) for row in _ROWS}
    return made | {(None, type): made[row.speaker, type] for type, row in EVENTS.items()}


def _hearing(schema):
    quickly = loader(schema, for_json=False)

    def hear(data):
        try:
            return quickly(data)
        except DOUBTS:
            return schema.load(data)

    return hear


def _saying(schema):
    quickly = loader(schema, for_json=True)

    def say(data):
        try:
            return quickly(data)
        except DOUBTS:
            return schema.dump(schema.load(data))

    return say


_HEARD, _SAID = _by_speaker(EXCLUDE, _hearing), _by_speaker(RAISE, _saying)
_PARTIES = _hearing(tolerant(Parties()))
_FACTS = {
    type: _saying(tolerant(SAID_FOR_SAFETY[type]() if type in SAID_FOR_SAFETY else facts_schema(type), EXCLUDE))
    for type in AGENCY_EVENTS
    if type not in ABOUT_THE_ROSTER
}


def event_type(type: str, speaker: str | None = None) -> EventType:
    """The row of an event. Name the `speaker` where agencies and mediation share a word; without it the agencies' row is meant."""
    if (speaker, type) in SEALED_EVENTS:
        return SEALED_EVENTS[speaker, type]
    row = (DOMAIN_EVENTS if speaker not in (None, "agencies") and type in DOMAIN_EVENTS else EVENTS)[type]
    if speaker not in (None, row.speaker):
        raise KeyError(type)
    return row


def heard(type: str, data: dict, speaker: str | None = None) -> dict:
    """`data` as Python values (aware datetimes, dates, Decimals), unknown fields passed over. Raises ValidationError, or KeyError for an unknown type."""
    return _HEARD[speaker, type](data)


def said(type: str, data: dict, speaker: str | None = None) -> dict:
    """`data` (Python values or their JSON forms) checked, and ready for JSON. Raises ValidationError also for any field that the schema does not have."""
    return _SAID[speaker, type](data)


def parties(told: list) -> list[dict]:
    """The list of parties that a sealed box held, checked as `parties` are in clear. Raises ValidationError, its paths under `parties`."""
    return _PARTIES({"parties": told})["parties"]


def facts_of(type: str, data: dict) -> dict:
    """Of an agency's event as heard, what may travel inside as the facts of step.reported: no parties, no risks, no numbers of the agency's own."""
    return _FACTS[type](data)
