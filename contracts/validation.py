"""Checking what is heard and what is said against its schema. A schema is built when the first event of its kind comes, and kept: this is on the path of every event."""

from functools import cache

from marshmallow import EXCLUDE, RAISE

from contracts.agency_schemas import Parties
from contracts.domain_schemas import facts_schema
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, SEALED_EVENTS, EventType
from contracts.fast_validators import DOUBTS, loader
from contracts.fields import tolerant
from contracts.safeguard_schemas import SAID_BY_AGENCIES as SAID_FOR_SAFETY
from contracts.steps import ABOUT_THE_ROSTER


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


@cache
def _heard_as(type, speaker):
    return _hearing(tolerant(event_type(type, speaker).schema(), EXCLUDE))


@cache
def _said_as(type, speaker):
    return _saying(tolerant(event_type(type, speaker).schema(), RAISE))


@cache
def _parties():
    return _hearing(tolerant(Parties()))


@cache
def _facts_of(type):
    if type not in AGENCY_EVENTS or type in ABOUT_THE_ROSTER:
        raise KeyError(type)
    return _saying(tolerant(SAID_FOR_SAFETY[type]() if type in SAID_FOR_SAFETY else facts_schema(type), EXCLUDE))


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
    return _heard_as(type, speaker)(data)


def said(type: str, data: dict, speaker: str | None = None) -> dict:
    """`data` (Python values or their JSON forms) checked, and ready for JSON. Raises ValidationError also for any field that the schema does not have."""
    return _said_as(type, speaker)(data)


def parties(told: list) -> list[dict]:
    """The list of parties that a sealed box held, checked as `parties` are in clear. Raises ValidationError, its paths under `parties`."""
    return _parties()({"parties": told})["parties"]


def facts_of(type: str, data: dict) -> dict:
    """Of an agency's event as heard, what may travel inside as the facts of step.reported: no parties, no risks, no numbers of the agency's own."""
    return _facts_of(type)(data)
