"""Tests of the generated contract documents (AsyncAPI document, schemas of the agency kit, catalogue of events).

The documents are current and valid, and agree with the definitions of the events.
"""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contracts
from contracts import AGENCIES, AGENCY_EVENTS, COUNTY, NOTICES, RECEIPTS, TOWNSHIPS, asyncapi, dump, load
from contracts.json_schema import definition_name
from docs.generate.contracts.__main__ import DOCS_FOLDER, KIT_FILE, ROOT, documents, outdated_documents, write_documents
from tests.contracts.event_types import EVENT_TYPES, event_type_id, with_value_at
from tests.contracts.strategies import data_strategy

ASYNCAPI_SCHEMA = json.loads((Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json").read_text("utf-8"))
AGENCY_DOCUMENT = asyncapi.document()
INTERNAL_DOCUMENT = asyncapi.document(with_internal_events=True)
PUBLISHED_SCHEMAS = INTERNAL_DOCUMENT["components"]["schemas"]
FORMAT_CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER
VALIDATORS = {
    definition_name(event_type): jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{definition_name(event_type)}", "components": {"schemas": PUBLISHED_SCHEMAS}}, format_checker=FORMAT_CHECKER
    )
    for event_type in EVENT_TYPES
}
OBJECT_SCHEMAS = [name for name, schema in AGENCY_DOCUMENT["components"]["schemas"].items() if "properties" in schema and name != "CloudEvent"]
with_every_event_type = pytest.mark.parametrize("event_type", EVENT_TYPES, ids=event_type_id)


def test_the_committed_contract_documents_are_current():
    assert outdated_documents() == [], "run make contracts"


def test_a_missing_or_changed_contract_document_is_reported_as_outdated(tmp_path):
    write_documents(tmp_path)
    assert outdated_documents(tmp_path) == []
    (tmp_path / DOCS_FOLDER / "README.md").write_text("old", "utf-8")
    (tmp_path / KIT_FILE).unlink()

    assert set(outdated_documents(tmp_path)) == {DOCS_FOLDER / "README.md", KIT_FILE}


def test_the_file_of_the_agency_kit_contains_the_schemas_of_all_events_receipts_and_notices():
    kit_contract = json.loads(documents()[KIT_FILE])

    assert set(kit_contract["events"]) == {*AGENCY_EVENTS, *RECEIPTS, *NOTICES}
    assert set(kit_contract["events"]) <= set(kit_contract["definitions"])


def test_the_committed_contract_documents_contain_no_agency_or_township_codes_of_a_county():
    committed = json.loads(documents()[DOCS_FOLDER / "asyncapi.json"])["components"]["schemas"]

    assert ("enum" in committed["AgencyCode"], "enum" in committed["TownshipCode"]) == (False, False)
    assert AGENCY_DOCUMENT["components"]["schemas"]["AgencyCode"]["enum"] == list(AGENCIES)
    assert AGENCY_DOCUMENT["components"]["schemas"]["TownshipCode"]["enum"] == list(TOWNSHIPS)
    assert COUNTY.area not in documents()[KIT_FILE] and COUNTY.area not in documents()[DOCS_FOLDER / "README.md"]


def test_the_committed_contract_documents_have_at_most_12_000_lines():
    lines = {path: len(text.splitlines()) for path, text in documents().items()}

    assert lines[DOCS_FOLDER / "asyncapi.json"] <= 6_600 and sum(lines.values()) <= 12_000


@pytest.mark.parametrize("name", OBJECT_SCHEMAS)
def test_every_field_in_the_asyncapi_document_has_an_example_and_a_description_in_chinese_and_english(name):
    for field, schema in AGENCY_DOCUMENT["components"]["schemas"][name]["properties"].items():
        zh, bar, en = schema.get("description", "").partition(" | ")
        assert bar and re.search("[一-鿿]", zh) and re.search("[a-z]", en), f"{name}.{field} has no description"
        assert "examples" in schema or _has_fields(schema), f"{name}.{field} has no example"


def _has_fields(schema):
    """Return whether the schema describes an object with fields, which have examples of their own."""
    parts = [part["$ref"].rsplit("/", 1)[-1] for part in (*schema.get("allOf", ()), schema.get("items", {})) if "$ref" in part]
    return schema.get("type") == "object" or any(part in OBJECT_SCHEMAS for part in parts)


@with_every_event_type
def test_the_published_schema_of_an_event_type_is_valid_and_accepts_the_example(event_type):
    jsonschema.Draft202012Validator.check_schema(PUBLISHED_SCHEMAS[definition_name(event_type)])

    assert _errors(event_type, event_type.example) == []


@with_every_event_type
@given(choice=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_all_valid_data_of_an_event_type_fit_the_published_schema(event_type, choice):
    data = choice.draw(data_strategy(event_type.schema))

    mistakes = VALIDATORS[definition_name(event_type)].iter_errors(json.loads(json.dumps(dump(event_type.type, data, event_type.stream))))

    assert [mistake.message for mistake in mistakes] == []


@pytest.mark.parametrize("type", AGENCY_EVENTS)
def test_a_reported_event_with_a_misspelt_field_violates_the_published_schema(type):
    assert _errors(AGENCY_EVENTS[type], {**AGENCY_EVENTS[type].example, "amuont_cny": "1.00"})


@pytest.mark.parametrize("type", [*RECEIPTS, *NOTICES])
def test_a_receipt_or_notice_with_an_unknown_field_fits_the_published_schema(type):
    event_type = contracts.event_type(type)

    assert _errors(event_type, {**event_type.example, "later": {"more": 1}}) == []


def test_a_report_with_both_parties_and_parties_sealed_violates_the_published_schema():
    report = AGENCY_EVENTS["dispute.reported"].example

    assert _errors(AGENCY_EVENTS["dispute.reported"], {**report, "parties_sealed": "A" * 128})


def test_facts_of_a_step_must_fit_the_published_schema_of_that_step():
    event_type = contracts.event_type("step.reported")

    assert _errors(event_type, with_value_at(event_type.example, ("facts",), {"name": "张三"}))


@pytest.mark.parametrize("document", [AGENCY_DOCUMENT, INTERNAL_DOCUMENT, asyncapi.document(neutral=True)], ids=["agencies", "inside", "neutral"])
def test_the_asyncapi_document_is_valid_according_to_the_official_schema(document):
    assert [error.message for error in _asyncapi_validator().iter_errors(document)] == []


def test_an_invalid_asyncapi_document_violates_the_official_schema():
    broken = copy.deepcopy(AGENCY_DOCUMENT)
    broken["operations"]["agencyReports"]["action"] = "shout"

    assert not _asyncapi_validator().is_valid(broken)  # is_valid stops at the first error; listing all takes seconds


@pytest.mark.parametrize("document", [AGENCY_DOCUMENT, INTERNAL_DOCUMENT], ids=["agencies", "inside"])
def test_every_reference_in_the_asyncapi_document_resolves(document):
    for reference in _references(document):
        node = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]


@with_every_event_type
def test_the_example_of_each_message_in_the_asyncapi_document_fits_the_payload_schema(event_type):
    message = INTERNAL_DOCUMENT["components"]["messages"][definition_name(event_type)]

    assert message["x-roles"] == sorted(event_type.allowed_roles)
    for example in message["examples"]:
        payload = jsonschema.Draft202012Validator({**message["payload"], "components": INTERNAL_DOCUMENT["components"]}, format_checker=FORMAT_CHECKER)
        assert [error.message for error in payload.iter_errors(example["payload"])] == []
        assert load(event_type.type, example["payload"]["data"], event_type.stream) is not None


def test_no_contract_document_contains_the_path_of_the_repository():
    for path, text in documents().items():
        assert str(ROOT) not in text, path


def _errors(event_type, data):
    return [error.message for error in VALIDATORS[definition_name(event_type)].iter_errors(data)]


def _asyncapi_validator():
    return jsonschema.validators.validator_for(ASYNCAPI_SCHEMA)(ASYNCAPI_SCHEMA)


def _references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = node.values()
    elif not isinstance(node, list):
        return
    for inner in node:
        yield from _references(inner)
