"""Loading and dumping of event data according to its schema. Schemas are built on first use and cached, because every event is loaded and dumped here."""

from functools import cache

from marshmallow import EXCLUDE, RAISE

from contracts.events import event_type
from contracts.fast_validators import UNDECIDED_ERRORS, build_converter, build_loader
from contracts.fields import set_unknown_fields
from contracts.step_facts import facts_schema
from contracts.steps import AGENCY_STATEMENTS, ROSTER_STEPS, STEPS_BY_TYPE
from contracts.steps.reporting import Parties


def _with_fast_load(schema):
    fast_load = build_loader(schema, for_json=False)

    def load(data):
        try:
            return fast_load(data)
        except UNDECIDED_ERRORS:
            return schema.load(data)

    return load


def _with_fast_dump(schema):
    fast_load = build_loader(schema, for_json=True)

    def dump(data):
        try:
            return fast_load(data)
        except UNDECIDED_ERRORS:
            return schema.dump(schema.load(data))

    return dump


@cache
def _event_loader(type, stream):
    return _with_fast_load(set_unknown_fields(event_type(type, stream).schema(), EXCLUDE))


@cache
def _event_dumper(type, stream):
    return _with_fast_dump(set_unknown_fields(event_type(type, stream).schema(), RAISE))


@cache
def _event_converter(type, stream):
    return build_converter(event_type(type, stream).schema())


@cache
def _parties_loader():
    return _with_fast_load(set_unknown_fields(Parties()))


@cache
def _facts_dumper(type):
    if type in ROSTER_STEPS or type in AGENCY_STATEMENTS:
        raise KeyError(type)
    return _with_fast_dump(facts_schema(STEPS_BY_TYPE[type], EXCLUDE))


def load(type: str, data: dict, stream: str | None = None) -> dict:
    """Return JSON event data as Python values (aware datetimes, dates, Decimals), without unknown fields.

    Raises ValidationError for invalid data and KeyError for an unknown event type.
    """
    return _event_loader(type, stream)(data)


def dump(type: str, data: dict, stream: str | None = None) -> dict:
    """Return event data as JSON values. `data` may hold Python values or their JSON forms.

    Raises ValidationError for invalid data and for unknown fields, and KeyError for an unknown event type.
    """
    return _event_dumper(type, stream)(data)


def convert(type: str, data: dict, stream: str | None = None) -> dict:
    """Return valid event data as JSON values: the result of `dump`, without its checks and without unknown fields.

    Raises KeyError for an unknown event type.
    """
    return _event_converter(type, stream)(data)


def load_parties(data: list) -> list[dict]:
    """Validate a list of parties, decrypted from `parties_sealed`, and return it. Raises ValidationError with field paths that begin with `parties`."""
    return _parties_loader()({"parties": data})["parties"]


def dump_facts(type: str, data: dict) -> dict:
    """Return the loaded data of an agency's event as JSON facts for the event step.reported: without parties, risk flags and the agency's own numbers.

    Raises KeyError for a change of a roster and for a statement of an agency about itself, because they are not steps of a dispute.
    """
    return _facts_dumper(type)(data)
