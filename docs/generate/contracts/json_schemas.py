"""One JSON Schema (2020-12) per event, made from its marshmallow schema; nothing in it refers elsewhere."""

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import RAISE

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS
from contracts.events import EventType
from contracts.fields import AMOUNT, Amount, Schema
from contracts.step_facts import StepFacts, facts_schema
from contracts.steps import CORRECTABLE, ORDINARY

DIALECT = "https://json-schema.org/draft/2020-12/schema"
AGENCY_FACING = (*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values())
INSIDE = (*DOMAIN_EVENTS.values(), *SEALED_EVENTS.values())


def of_event(row: EventType) -> dict:
    """The schema of the event's `data`, with its names and its example."""
    data = of_schema(row.schema())
    if row.type == "dispute.reported" and row.stream == "agencies":
        data["not"] = {"required": ["parties", "parties_sealed"]}
    if row.type == "step.reported" and row.stream == "intake":
        data["allOf"] = [_facts_of_step(step) for step in ORDINARY.values()]
    if row.type == "report.corrected":
        data["allOf"] = [_facts_of_step(step, "corrects") for step in CORRECTABLE.values()]
    if row.type in RECEIPTS or row.type in NOTICES:
        data = _open(data)
    head = {"$schema": DIALECT, "$id": row.dataschema, "title": f"{row.zh} {row.type}", "description": row.en}
    return {**head, **data, "examples": [row.example]}


def of_schema(schema: Schema) -> dict:
    """The schema as apispec sees it, with everything nested put in place."""
    plugin = MarshmallowPlugin()
    spec = APISpec(title="-", version="-", openapi_version="3.1.0", plugins=[plugin])
    plugin.converter.add_attribute_function(_sum_is_text)
    plugin.converter.add_attribute_function(_facts_are_an_object)
    spec.components.schema("whole", schema=schema)
    parts = spec.to_dict()["components"]["schemas"]
    return _in_place(parts["whole"], parts)


def _sum_is_text(self, field, **kwargs):
    # apispec takes every Decimal for a JSON number, whatever it is dumped as.
    return {"type": "string", "pattern": AMOUNT} if isinstance(field, Amount) else {}


def _facts_are_an_object(self, field, **kwargs):
    return {"type": "object", "description": "the facts of the step, by the schema of the step"} if isinstance(field, StepFacts) else {}


def _facts_of_step(step, named_by="step"):
    # Where the word may be missing, "required" keeps a schema from being asked for it.
    return {
        "if": {"properties": {named_by: {"const": step.type}}, "required": [named_by]},
        "then": {"properties": {"facts": of_schema(facts_schema(step, RAISE))}},
    }


def _in_place(node, parts):
    if isinstance(node, list):
        return [_in_place(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _in_place(parts[node["$ref"].rsplit("/", 1)[-1]], parts)
    return {name: _in_place(one, parts) for name, one in node.items()}


def _open(node):
    """Agencies hear answers tolerantly: a field may be added without breaking them."""
    if isinstance(node, list):
        return [_open(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {name: _open(one) for name, one in node.items() if name != "additionalProperties"}
