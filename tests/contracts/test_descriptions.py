"""Tests of the descriptions and examples of all fields that agencies send or receive."""

import re

import pytest
from marshmallow import ValidationError, fields

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS
from contracts import fields as contract_fields
from tests.contracts.event_types import event_type_id

EVENT_TYPES_SEEN_BY_AGENCIES = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]


def iterate_fields(schema, path):
    """Yield (path, field) for every field of a schema and of its nested schemas."""
    for name, field in schema.fields.items():
        yield f"{path}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from iterate_fields(inner.schema, f"{path}.{name}")


@pytest.mark.parametrize("event_type", EVENT_TYPES_SEEN_BY_AGENCIES, ids=event_type_id)
def test_every_field_that_agencies_send_or_receive_is_described_in_chinese_and_english(event_type):
    for path, field in iterate_fields(event_type.schema(), event_type.type):
        assert re.search(r"[\u4e00-\u9fff]", field.metadata["zh"]), path
        assert re.fullmatch(r"[ -~]+", field.metadata["en"]), path


@pytest.mark.parametrize("event_type", EVENT_TYPES_SEEN_BY_AGENCIES, ids=event_type_id)
def test_the_example_of_every_field_is_valid(event_type):
    for path, field in iterate_fields(event_type.schema(), event_type.type):
        if (sample := field.metadata["example"]) is not None:
            try:
                field.deserialize(sample)
            except ValidationError as error:
                pytest.fail(f"{path}: {error}")


def test_the_fields_that_intake_does_not_publish_are_exactly_the_private_fields():
    names = {name for event_type in AGENCY_EVENTS.values() for name, field in event_type.schema().fields.items() if field.metadata["stays_at_intake"]}

    assert names == {"parties", "parties_sealed", "risk", "report_no", "petition_no", "docket_no"}


def test_a_field_stores_its_description():
    assert contract_fields.Day(zh="日期", en="a day").metadata["zh"] == "日期"
