"""Tests of the fast loaders: their results are the same as those of marshmallow."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from contracts import EVENTS, convert, dump, load
from contracts.fast_validators import UNDECIDED_ERRORS, build_converter, build_loader
from contracts.fields import set_unknown_fields
from tests.contracts.event_types import EVENT_TYPES, event_type_id, paths_in, with_value_at
from tests.contracts.strategies import data_strategy

VALUE_PLACES = [(event_type, path) for event_type in EVENT_TYPES for path in paths_in(event_type.example)]
SCHEMAS = {
    unknown: {(event_type.stream, event_type.type): set_unknown_fields(event_type.schema(), unknown) for event_type in EVENT_TYPES}
    for unknown in (RAISE, EXCLUDE)
}
EVENTS_BY_STREAM = {(event_type.stream, event_type.type): event_type for event_type in EVENT_TYPES}
LOADERS = {}
ODD_VALUES = st.sampled_from(
    [
        *("", "x", "applicant", "A", "B", "1", "12.5", "12.50", "2026-03-02", "2026-03-02T01:00:00Z", "620702102", "court", "x\n", "９"),
        *(0, 1, -1, 90, 1.0, 10**30, True, False, None, Decimal("1.50"), [], [1], ["court"], ("court",), {}, {"a": 1}, b"x"),
    ]
)


@given(change=st.sampled_from(VALUE_PLACES), odd_value=ODD_VALUES, unknown=st.sampled_from([RAISE, EXCLUDE]), for_json=st.booleans())
@settings(max_examples=1500)
def test_a_fast_loader_returns_the_result_of_marshmallow_or_raises_an_undecided_error(change, odd_value, unknown, for_json):
    event_type, path = change
    schema = SCHEMAS[unknown][event_type.stream, event_type.type]
    data = with_value_at(event_type.example, path, odd_value)

    assert _load_fast(schema, data, for_json) in (_load_with_marshmallow(schema, data, for_json), "undecided")


def for_every_event_type(test):
    """Decorator of a test with the parameters `event_type` and `choice`: run it for each event type, with five examples of data drawn by Hypothesis."""
    with_examples = settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])(given(choice=st.data())(test))
    return pytest.mark.parametrize("event_type", EVENT_TYPES, ids=event_type_id)(with_examples)


@for_every_event_type
def test_a_fast_loader_loads_all_valid_data_without_marshmallow(event_type, choice):
    schema = SCHEMAS[RAISE][event_type.stream, event_type.type]
    data = choice.draw(data_strategy(event_type.schema))

    assert _load_fast(schema, data, True) == _load_with_marshmallow(schema, data, True) != "refused"


@pytest.mark.parametrize("unknown", [RAISE, EXCLUDE])
def test_a_fast_loader_does_not_accept_a_field_that_belongs_to_another_form_of_the_data(unknown):
    schema, example = SCHEMAS[unknown]["mediation", "referral.accepted"], EVENTS_BY_STREAM["mediation", "referral.accepted"].example
    stopped_with_time = {**example["deadlines"][0], "change": "stopped"}  # only a deadline that was met has a time at which it was met

    assert "met_at" in stopped_with_time
    assert _load_fast(schema, {**example, "deadlines": [stopped_with_time]}, for_json=True) == "undecided"
    assert _load_with_marshmallow(schema, {**example, "deadlines": [stopped_with_time]}, for_json=True) == "refused"


@for_every_event_type
def test_valid_data_is_converted_to_the_same_json_values_with_and_without_validation(event_type, choice):
    """The data is given as JSON values and as the Python values (datetimes, dates, Decimals) that services use."""
    schema = SCHEMAS[RAISE][event_type.stream, event_type.type]
    json_values = choice.draw(data_strategy(event_type.schema))
    validated = _load_with_marshmallow(schema, json_values, True)

    for data in (json_values, schema.load(json_values)):
        converted = build_converter(schema)(data)
        assert (converted, list(converted)) == (validated, list(validated))


def test_a_field_that_the_schema_does_not_have_is_left_out_without_validation_and_refused_with_it():
    data = EVENTS["dispute.reported"].example | {"note": "not in the contract"}

    assert convert("dispute.reported", data) == dump("dispute.reported", EVENTS["dispute.reported"].example)
    with pytest.raises(ValidationError):
        dump("dispute.reported", data)


def _load_fast(schema, data, for_json):
    try:
        load = LOADERS.get((schema, for_json)) or LOADERS.setdefault((schema, for_json), build_loader(schema, for_json))
        return load(data)
    except UNDECIDED_ERRORS:
        return "undecided"


def _load_with_marshmallow(schema, data, for_json):
    try:
        loaded = schema.load(data)
        return schema.dump(loaded) if for_json else loaded
    except ValidationError:
        return "refused"


def test_loading_a_valid_report_does_not_call_marshmallow(monkeypatch):
    """Valid data must be loaded without the slow `Schema.load` of marshmallow, because every event is loaded."""
    monkeypatch.setattr(Schema, "load", lambda *_, **__: pytest.fail("marshmallow was called"))

    assert load("dispute.reported", EVENTS["dispute.reported"].example)
