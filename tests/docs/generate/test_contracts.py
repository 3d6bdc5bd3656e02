"""Tests of the generated contract documents: AsyncAPI, the kit's schemas and the catalogue are current, valid, and agree with the code."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import AGENCIES, AGENCY_EVENTS, COUNTY, NOTICES, RECEIPTS, TOWNSHIPS, asyncapi, dump, event_type, load
from contracts.json_schema import definition_name
from docs.generate.contracts.__main__ import DOCS, KIT, ROOT, documents, stale, write
from tests.contracts.rows import ROWS, name_of, with_value_at
from tests.contracts.strategies import data_strategy

OFFICIAL = json.loads((Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json").read_text("utf-8"))
AGENCY_FACING = asyncapi.document()
INSIDE = asyncapi.document(inside=True)
SCHEMAS = INSIDE["components"]["schemas"]
CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER
PUBLISHED = {
    definition_name(row): jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{definition_name(row)}", "components": {"schemas": SCHEMAS}}, format_checker=CHECKER
    )
    for row in ROWS
}
WITH_FIELDS = [name for name, written in AGENCY_FACING["components"]["schemas"].items() if "properties" in written and name != "CloudEvent"]
every_event = pytest.mark.parametrize("row", ROWS, ids=name_of)


def test_the_committed_documents_are_current():
    assert stale() == [], "run make contracts"


def test_a_missing_or_changed_document_is_reported_as_stale(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / DOCS / "README.md").write_text("old", "utf-8")
    (tmp_path / KIT).unlink()

    assert set(stale(tmp_path)) == {DOCS / "README.md", KIT}


def test_the_kits_file_contains_the_schemas_of_all_events_and_answers():
    carried = json.loads(documents()[KIT])

    assert set(carried["events"]) == {*AGENCY_EVENTS, *RECEIPTS, *NOTICES}
    assert set(carried["events"]) <= set(carried["definitions"])


def test_the_committed_documents_contain_no_codes_of_a_county():
    committed = json.loads(documents()[DOCS / "asyncapi.json"])["components"]["schemas"]

    assert ("enum" in committed["AgencyCode"], "enum" in committed["TownshipCode"]) == (False, False)
    assert AGENCY_FACING["components"]["schemas"]["AgencyCode"]["enum"] == list(AGENCIES)
    assert AGENCY_FACING["components"]["schemas"]["TownshipCode"]["enum"] == list(TOWNSHIPS)
    assert COUNTY.area not in documents()[KIT] and COUNTY.area not in documents()[DOCS / "README.md"]


def test_the_committed_documents_stay_small():
    lines = {path: len(text.splitlines()) for path, text in documents().items()}

    assert lines[DOCS / "asyncapi.json"] <= 6_000 and sum(lines.values()) <= 12_000


@pytest.mark.parametrize("name", WITH_FIELDS)
def test_every_field_has_a_description_in_both_languages_and_an_example(name):
    for field, written in AGENCY_FACING["components"]["schemas"][name]["properties"].items():
        zh, bar, en = written.get("description", "").partition(" | ")
        assert bar and re.search("[一-鿿]", zh) and re.search("[a-z]", en), f"{name}.{field} has no description"
        assert "examples" in written or _has_fields(written), f"{name}.{field} has no example"


def _has_fields(written):
    """Return whether the schema is that of an object, whose fields have their own examples."""
    parts = [one["$ref"].rsplit("/", 1)[-1] for one in (*written.get("allOf", ()), written.get("items", {})) if "$ref" in one]
    return written.get("type") == "object" or any(part in WITH_FIELDS for part in parts)


@every_event
def test_each_schema_is_valid_and_accepts_the_example(row):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[definition_name(row)])

    assert _errors(row, row.example) == []


@every_event
@given(choice=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_all_valid_data_fit_the_published_schema(row, choice):
    data = choice.draw(data_strategy(row.schema))

    mistakes = PUBLISHED[definition_name(row)].iter_errors(json.loads(json.dumps(dump(row.type, data, row.stream))))

    assert [one.message for one in mistakes] == []


@pytest.mark.parametrize("type", AGENCY_EVENTS)
def test_a_misspelt_field_violates_the_schema(type):
    assert _errors(AGENCY_EVENTS[type], {**AGENCY_EVENTS[type].example, "amuont_cny": "1.00"})


@pytest.mark.parametrize("type", [*RECEIPTS, *NOTICES])
def test_an_answer_with_an_unknown_field_fits_the_schema(type):
    row = event_type(type)

    assert _errors(row, {**row.example, "later": {"more": 1}}) == []


def test_parties_and_parties_sealed_together_violate_the_schema():
    report = AGENCY_EVENTS["dispute.reported"].example

    assert _errors(AGENCY_EVENTS["dispute.reported"], {**report, "parties_sealed": "A" * 128})


def test_facts_of_a_step_are_checked_by_the_schema_of_the_step():
    row = event_type("step.reported")

    assert _errors(row, with_value_at(row.example, ("facts",), {"name": "张三"}))


@pytest.mark.parametrize("document", [AGENCY_FACING, INSIDE, asyncapi.document(neutral=True)], ids=["agencies", "inside", "neutral"])
def test_the_asyncapi_document_is_valid_by_the_official_schema(document):
    assert [error.message for error in _official().iter_errors(document)] == []


def test_an_invalid_document_violates_the_official_schema():
    broken = copy.deepcopy(AGENCY_FACING)
    broken["operations"]["agencyReports"]["action"] = "shout"

    assert not _official().is_valid(broken)  # is_valid stops at the first error; listing all takes seconds


@pytest.mark.parametrize("document", [AGENCY_FACING, INSIDE], ids=["agencies", "inside"])
def test_every_reference_in_the_asyncapi_document_resolves(document):
    for reference in _references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@every_event
def test_each_messages_example_fits_its_payload_schema(row):
    message = INSIDE["components"]["messages"][definition_name(row)]

    assert message["x-roles"] == sorted(row.allowed_roles)
    for example in message["examples"]:
        payload = jsonschema.Draft202012Validator({**message["payload"], "components": INSIDE["components"]}, format_checker=CHECKER)
        assert [error.message for error in payload.iter_errors(example["payload"])] == []
        assert load(row.type, example["payload"]["data"], row.stream) is not None


def test_no_document_contains_the_path_of_the_checkout():
    for path, text in documents().items():
        assert str(ROOT) not in text, path


def _errors(row, data):
    return [error.message for error in PUBLISHED[definition_name(row)].iter_errors(data)]


def _official():
    return jsonschema.validators.validator_for(OFFICIAL)(OFFICIAL)


def _references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = node.values()
    elif not isinstance(node, list):
        return
    for inner in node:
        yield from _references(inner)
