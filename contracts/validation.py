"""Checks event data against its schema. A schema is built when the first event of its type comes, and kept: this is on the path of every event."""

from functools import cache

from marshmallow import EXCLUDE, RAISE

from contracts.events import event_type
from contracts.fast_validators import DOUBTS, loader
from contracts.fields import tolerant
from contracts.step_facts import facts_schema
from contracts.steps import ABOUT_ROSTER, ROWS
from contracts.steps.reporting import Parties


def _loading(schema):
    fast = loader(schema, for_json=False)

    def load(data):
        try:
            return fast(data)
        except DOUBTS:
            return schema.load(data)

    return load


def _dumping(schema):
    fast = loader(schema, for_json=True)

    def dump(data):
        try:
            return fast(data)
        except DOUBTS:
            return schema.dump(schema.load(data))

    return dump


@cache
def _loader_of(type, stream):
    return _loading(tolerant(event_type(type, stream).schema(), EXCLUDE))


@cache
def _dumper_of(type, stream):
    return _dumping(tolerant(event_type(type, stream).schema(), RAISE))


@cache
def _loader_of_parties():
    return _loading(tolerant(Parties()))


@cache
def _dumper_of_facts(type):
    if type in ABOUT_ROSTER:
        raise KeyError(type)
    return _dumping(facts_schema(ROWS[type], EXCLUDE))


def load(type: str, data: dict, stream: str | None = None) -> dict:
    """Return `data` as Python values (aware datetimes, dates, Decimals) without unknown fields. Raises ValidationError, or KeyError for an unknown type."""
    return _loader_of(type, stream)(data)


def dump(type: str, data: dict, stream: str | None = None) -> dict:
    """Return `data` (Python values or their JSON forms) checked and ready for JSON. Raises ValidationError, also for a field that the schema does not have."""
    return _dumper_of(type, stream)(data)


def load_parties(data: list) -> list[dict]:
    """Return the list of parties that a sealed box held, checked as `parties` are in clear. Raises ValidationError, its paths under `parties`."""
    return _loader_of_parties()({"parties": data})["parties"]


def dump_facts(type: str, data: dict) -> dict:
    """Return what step.reported may carry of an agency's event as loaded: no parties, no risks, no numbers of the agency's own."""
    return _dumper_of_facts(type)(data)
