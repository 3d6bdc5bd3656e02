"""Do the written contract, the schemas that the kit carries, and the code say the same?"""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS, event_type, heard, said
from docs.generate.contracts import asyncapi, json_schemas
from docs.generate.contracts.__main__ import DOCS, KIT, ROOT, documents, stale, write
from tests.contracts.made_up import data_of
from tests.contracts.rows import ROWS, changed, name_of

OFFICIAL = json.loads((Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json").read_text("utf-8"))
ASYNCAPI = asyncapi.document()
SCHEMAS = {(row.stream, row.type): json_schemas.of_event(row) for row in ROWS}
PUBLISHED = {name: jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER) for name, schema in SCHEMAS.items()}
every_event = pytest.mark.parametrize("row", ROWS, ids=name_of)


def test_they_are_fresh():
    assert stale() == [], "run make contracts"


def test_what_is_missing_changed_or_left_over_is_found(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / DOCS / "README.md").write_text("old", "utf-8")
    (tmp_path / KIT / "session.held.json").unlink()
    (tmp_path / KIT / "dispute.exploded.json").write_text("{}", "utf-8")

    assert set(stale(tmp_path)) == {DOCS / "README.md", KIT / "session.held.json", KIT / "dispute.exploded.json"}


def test_the_kit_carries_what_agencies_say_and_are_told():
    carried = {path.stem for path in documents() if path.parent == KIT}

    assert carried == {*AGENCY_EVENTS, *RECEIPTS, *NOTICES}


@every_event
def test_the_schema_is_a_json_schema_and_takes_the_example(row):
    schema = SCHEMAS[row.stream, row.type]

    jsonschema.Draft202012Validator.check_schema(schema)
    assert _errors(schema, row.example) == []


@every_event
@given(choice=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_is_said_fits_the_published_schema(row, choice):
    data = choice.draw(data_of(row.schema))

    mistakes = PUBLISHED[row.stream, row.type].iter_errors(json.loads(json.dumps(said(row.type, data, row.stream))))

    assert [one.message for one in mistakes] == []


@pytest.mark.parametrize("type", AGENCY_EVENTS)
def test_an_agency_that_checks_by_schema_finds_a_misspelt_field(type):
    assert _errors(SCHEMAS["agencies", type], {**AGENCY_EVENTS[type].example, "amuont_cny": "1.00"})


@pytest.mark.parametrize("type", [*RECEIPTS, *NOTICES])
def test_an_answer_may_gain_a_field_without_breaking_an_agency(type):
    row = event_type(type)

    assert _errors(SCHEMAS[row.stream, type], {**row.example, "later": {"more": 1}}) == []


def test_the_schema_too_refuses_parties_both_ways():
    report = AGENCY_EVENTS["dispute.reported"].example

    assert _errors(SCHEMAS["agencies", "dispute.reported"], {**report, "parties_sealed": "A" * 128})


def test_the_facts_of_a_step_are_checked_by_the_schema_of_the_step():
    row = event_type("step.reported")

    assert _errors(SCHEMAS["intake", "step.reported"], changed(row.example, ("facts",), {"name": "张三"}))


def test_the_asyncapi_document_is_valid():
    broken = copy.deepcopy(ASYNCAPI)
    broken["operations"]["agencySays"]["action"] = "shout"

    assert _errors(OFFICIAL, ASYNCAPI) == []
    assert not _validator(OFFICIAL).is_valid(broken)  # stops at the first error: to find all takes seconds


def test_every_reference_in_the_asyncapi_document_leads_somewhere():
    for reference in _references(ASYNCAPI):
        node = ASYNCAPI
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@every_event
def test_the_example_of_a_message_fits_its_payload(row):
    message = ASYNCAPI["components"]["messages"][f"{row.stream}.{row.type}"]

    assert message["x-said-by"] == (sorted(row.allowed_roles) or [row.stream])
    for example in message["examples"]:
        assert _errors({**message["payload"], "components": ASYNCAPI["components"]}, example["payload"]) == []
        assert heard(row.type, example["payload"]["data"], row.stream) is not None


def test_no_document_names_a_place_on_somebodys_machine():
    for path, text in documents().items():
        assert str(ROOT) not in text, path


def _errors(schema, data):
    return [error.message for error in _validator(schema).iter_errors(data)]


def _validator(schema):
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return validator(schema, format_checker=validator.FORMAT_CHECKER)


def _references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = node.values()
    elif not isinstance(node, list):
        return
    for inner in node:
        yield from _references(inner)
