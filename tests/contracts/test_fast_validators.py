"""Does the shortcut ever say anything else than marshmallow?"""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from contracts import EVENTS, load
from contracts.fast_validators import DOUBTS, loader
from contracts.fields import tolerant
from tests.contracts.made_up import data_of
from tests.contracts.rows import ROWS, changed, name_of, places_in

CHANGES = [(row, path) for row in ROWS for path in places_in(row.example)]
SCHEMAS = {unknown: {(row.stream, row.type): tolerant(row.schema(), unknown) for row in ROWS} for unknown in (RAISE, EXCLUDE)}
LOADERS = {}
ODD = st.sampled_from(
    [
        *("", "x", "applicant", "A", "B", "1", "12.5", "12.50", "2026-03-02", "2026-03-02T01:00:00Z", "620702102", "court", "x\n", "９"),
        *(0, 1, -1, 90, 1.0, 10**30, True, False, None, Decimal("1.50"), [], [1], ["court"], ("court",), {}, {"a": 1}, b"x"),
    ]
)


@given(change=st.sampled_from(CHANGES), odd=ODD, unknown=st.sampled_from([RAISE, EXCLUDE]), for_json=st.booleans())
@settings(max_examples=1500)
def test_both_take_and_refuse_the_same(change, odd, unknown, for_json):
    row, path = change
    schema = SCHEMAS[unknown][row.stream, row.type]
    data = changed(row.example, path, odd)

    assert _quickly(schema, data, for_json) in (_slowly(schema, data, for_json), "in doubt")


@pytest.mark.parametrize("row", ROWS, ids=name_of)
@given(choice=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_well_formed_needs_no_marshmallow(row, choice):
    schema = SCHEMAS[RAISE][row.stream, row.type]
    data = choice.draw(data_of(row.schema))

    assert _quickly(schema, data, True) == _slowly(schema, data, True) != "refused"


def _quickly(schema, data, for_json):
    try:
        load = LOADERS.get((schema, for_json)) or LOADERS.setdefault((schema, for_json), loader(schema, for_json))
        return load(data)
    except DOUBTS:
        return "in doubt"


def _slowly(schema, data, for_json):
    try:
        loaded = schema.load(data)
        return schema.dump(loaded) if for_json else loaded
    except ValidationError:
        return "refused"


def test_a_report_is_heard_without_marshmallow(monkeypatch):
    """Well-formed data must take the short way on the path of every event: `Schema.load` is not called."""
    monkeypatch.setattr(Schema, "load", lambda *_, **__: pytest.fail("marshmallow was asked"))

    assert load("dispute.reported", EVENTS["dispute.reported"].example)
