"""Tests of the descriptions and examples of all fields that agencies send or receive."""

import re

import pytest
from marshmallow import ValidationError, fields

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS
from contracts import fields as contract_fields
from tests.contracts.rows import name_of

AGENCY_FACING = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]


def iterate_fields(schema, path):
    """Yield (path, field) for every field of a schema and of its nested schemas."""
    for name, field in schema.fields.items():
        yield f"{path}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from iterate_fields(inner.schema, f"{path}.{name}")


@pytest.mark.parametrize("row", AGENCY_FACING, ids=name_of)
def test_every_field_is_described_in_both_languages(row):
    for path, field in iterate_fields(row.schema(), row.type):
        assert re.search(r"[\u4e00-\u9fff]", field.metadata["zh"]), path
        assert re.fullmatch(r"[ -~]+", field.metadata["en"]), path


@pytest.mark.parametrize("row", AGENCY_FACING, ids=name_of)
def test_the_example_of_every_field_is_valid(row):
    for path, field in iterate_fields(row.schema(), row.type):
        if (sample := field.metadata["example"]) is not None:
            try:
                field.deserialize(sample)
            except ValidationError as error:
                pytest.fail(f"{path}: {error}")


def test_exactly_the_private_fields_are_declared_to_stay_at_intake():
    names = {name for row in AGENCY_EVENTS.values() for name, field in row.schema().fields.items() if field.metadata["stays_at_intake"]}

    assert names == {"parties", "parties_sealed", "risk", "report_no", "petition_no", "docket_no"}


def test_a_field_type_stores_its_description():
    assert contract_fields.Day(zh="日期", en="a day").metadata["zh"] == "日期"
