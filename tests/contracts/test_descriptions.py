"""Does every field that an agency sends or receives say what it means, in both languages, with an example?"""

import re

import pytest
from marshmallow import ValidationError, fields

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS
from contracts import fields as contract_fields
from tests.contracts.rows import name_of

AGENCY_FACING = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]


def described(schema, path):
    """Every field of a schema and of what is nested in it, with its path."""
    for name, field in schema.fields.items():
        yield f"{path}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from described(inner.schema, f"{path}.{name}")


@pytest.mark.parametrize("row", AGENCY_FACING, ids=name_of)
def test_every_field_is_described_in_both_languages(row):
    for path, field in described(row.schema(), row.type):
        assert re.search(r"[\u4e00-\u9fff]", field.metadata["zh"]), path
        assert re.fullmatch(r"[ -~]+", field.metadata["en"]), path


@pytest.mark.parametrize("row", AGENCY_FACING, ids=name_of)
def test_every_example_of_a_field_is_a_value_that_it_takes(row):
    for path, field in described(row.schema(), row.type):
        if (sample := field.metadata["example"]) is not None:
            try:
                field.deserialize(sample)
            except ValidationError as error:
                pytest.fail(f"{path}: {error}")


def test_a_field_that_stays_at_intake_says_so_where_it_is_declared():
    stays = {name for row in AGENCY_EVENTS.values() for name, field in row.schema().fields.items() if field.metadata["stays_at_intake"]}

    assert stays == {"parties", "parties_sealed", "risk", "report_no", "petition_no", "docket_no"}


def test_the_field_types_take_a_description():
    assert contract_fields.Day(zh="日期", en="a day").metadata["zh"] == "日期"
