"""Generator of JSON Schemas (2020-12) from the event schemas. Parts that several schemas share are definitions, referred to with `$ref`.

The JSON Schema of an event that agencies report refuses undefined fields. That of a receipt or notice accepts them, so that a new field does not break an
agency's system. With `neutral`, a JSON Schema is valid in every county: it states the form of agency and township codes instead of listing the codes.
"""

from collections.abc import Iterable, Mapping

from marshmallow import validate

from contracts import kinds
from contracts.answers import NOTICES, RECEIPTS
from contracts.causes import CAUSES
from contracts.clocks import ARTICLE_PATTERN, CLOCKS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.definitions import EventType
from contracts.fields import (
    AMOUNT_PATTERN,
    DISPUTE_CODE_PATTERN,
    EVENT_ID_PATTERN,
    GRID_PATTERN,
    MEDIATOR_PATTERN,
    ORGANISATION_PATTERN,
    PARTY_LABEL_PATTERN,
    REPORT_NO_PATTERN,
    SHA256_PATTERN,
    SOURCE_PATTERN,
    VILLAGE_PATTERN,
    Amount,
    Boolean,
    Day,
    FullMatch,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    Text,
)
from contracts.reasons import REASONS
from contracts.states import STATES
from contracts.step_facts import StepFacts, stays_at_intake
from contracts.steps import STEP_NAMES

AGENCY_CODE_PATTERN, TOWNSHIP_CODE_PATTERN = r"^[a-z][a-z0-9_]{0,62}(?:-[a-z0-9_]{1,40})?$", r"^\d{9}$"

# fmt: off
# Name of the definition for each pattern that several fields share.
DEFINITION_NAMES = {
    # pattern                name of the definition
    DISPUTE_CODE_PATTERN:    "DisputeCode",
    EVENT_ID_PATTERN:        "EventId",
    SOURCE_PATTERN:          "Source",
    REPORT_NO_PATTERN:       "AgencyNumber",
    SHA256_PATTERN:          "Sha256",
    MEDIATOR_PATTERN:        "MediatorId",
    ORGANISATION_PATTERN:    "OrganisationCode",
    PARTY_LABEL_PATTERN:     "PartyLabel",
    VILLAGE_PATTERN:         "VillageCode",
    GRID_PATTERN:            "GridCode",
    ARTICLE_PATTERN:                 "Article",
}
# Codes that differ between counties, by name of the definition.
COUNTY_LISTS = {
    # definition     this county   pattern of the codes in every county
    "AgencyCode":    (AGENCIES,    AGENCY_CODE_PATTERN),
    "TownshipCode":  (TOWNSHIPS,   TOWNSHIP_CODE_PATTERN),
}
# Example of a field that has none of its own, by type of the field.
DEFAULT_EXAMPLES = {Boolean: False, Day: "2026-03-02", Instant: "2026-03-02T10:30:00+08:00", Amount: "12000.00"}
# fmt: on


def _to_pascal_case(constant: str) -> str:
    return "".join(word.capitalize() for word in constant.split("_"))


# Name of the definition and meanings of the tokens of each list of allowed tokens. The key is the tokens in order.
_TOKEN_LISTS: dict[tuple[str, ...], tuple[str, Mapping]] = {
    tuple(tokens): (_to_pascal_case(constant), tokens) for constant, tokens in vars(kinds).items() if constant.isupper() and isinstance(tokens, dict)
}
_TOKEN_LISTS |= {tuple(tokens): (name, tokens) for name, tokens in (("States", STATES), ("Clocks", CLOCKS), ("Causes", CAUSES), ("StepTypes", STEP_NAMES))}
_TOKEN_LISTS[tuple(REASONS)] = ("ReasonCodes", {code: (reason.zh, reason.en) for code, reason in REASONS.items()})


def definition_name(event_type: EventType) -> str:
    """Return the name of the definition for an event type: the type, preceded by the stream for events between services."""
    is_answer = event_type.type in RECEIPTS or event_type.type in NOTICES
    return event_type.type if event_type.stream == "agencies" or is_answer else f"{event_type.stream}.{event_type.type}"


def _default_example(field):
    """Return the example given in the field's description, else an example of the field's type. Return None for an object, because its fields have examples."""
    example = field.metadata.get("example")
    if isinstance(field, ListOf):
        inner = example if example is not None else _default_example(field.inner)
        return inner if inner is None or isinstance(inner, (list, tuple)) else [inner]
    if example is not None or isinstance(field, (Nested, StepFacts)):
        return example
    if isinstance(field, Text) and isinstance(field.validators[0], validate.OneOf):
        return field.validators[0].choices[0]
    if isinstance(field, Number):
        return field.validators[0].min
    return next((example for kind, example in DEFAULT_EXAMPLES.items() if isinstance(field, kind)), None)


class SchemaWriter:
    """Writer of JSON Schemas, which collects the definitions that they refer to. `pointer`: JSON pointer of the object that will hold the definitions."""

    def __init__(self, pointer: str, neutral: bool = False):
        self.pointer, self.neutral = pointer, neutral
        self.definitions: dict[str, dict] = {}

    def define_event(self, event_type: EventType) -> dict:
        """Add a definition for the `data` of an event type, and return a reference to it."""
        name = definition_name(event_type)
        self.definitions[name] = {}  # reserves the place before the definitions to which this one refers
        result = self.schema_for(event_type.schema(), is_open=event_type.type in RECEIPTS or event_type.type in NOTICES, example=event_type.example)
        self.definitions[name] = {"title": f"{event_type.zh} {event_type.type}", "description": event_type.en, **result}
        return self._reference(name)

    def schema_for(self, schema: Schema, is_open: bool, example: Mapping | None = None) -> dict:
        properties = {name: self._described_field(field, is_open, (example or {}).get(name)) for name, field in schema.fields.items()}
        required = [name for name, field in schema.fields.items() if field.required]
        result: dict = {"type": "object"}
        if required:
            result["required"] = required
        if properties:
            result["properties"] = properties
        result |= schema.json_rules
        facts = next((field for field in schema.fields.values() if isinstance(field, StepFacts)), None)
        if facts is not None:
            result["allOf"] = [self._rule_for_facts(facts, type, inner) for type, inner in facts.schemas().items()]
        return result if is_open else result | {"additionalProperties": False}

    def _rule_for_facts(self, facts: StepFacts, type: str, schema: Schema) -> dict:
        step = facts.steps[type]
        if isinstance(schema, step.schema):
            is_whole = not any(map(stays_at_intake, step.schema._declared_fields.values()))
            name = type if is_whole else f"{type}.facts"
        else:
            is_whole, name = False, schema.__class__.__name__
        if not is_whole and name not in self.definitions:
            self.definitions[name] = self.schema_for(schema, is_open=False)
        # `required` is needed because an `if` without it also holds when the field with the step's type is missing.
        return {
            "if": {"properties": {facts.type_field: {"const": type}}, "required": [facts.type_field]},
            "then": {"properties": {"facts": self._reference(name)}},
        }

    def _described_field(self, field, is_open: bool, example) -> dict:
        zh, en = field.metadata.get("zh"), field.metadata.get("en")
        result = self._field_schema(field, is_open)
        if not (zh and en):
            return result
        if "$ref" in result:
            result = {"allOf": [result]}  # older tools ignore other keywords in an object with $ref
        example = example if example is not None else _default_example(field)
        return {"description": f"{zh} | {en}", **result} | ({} if example is None else {"examples": [example]})

    def _field_schema(self, field, is_open: bool) -> dict:
        result = self._field_type_schema(field, is_open)
        return {"anyOf": [result, {"type": "null"}]} if field.allow_none else result

    def _field_type_schema(self, field, is_open: bool) -> dict:
        if isinstance(field, Text):
            return self._text_schema(field)
        if isinstance(field, Boolean):
            return {"type": "boolean"}
        if isinstance(field, Number):
            (rule,) = field.validators
            return {"type": "integer", "minimum": rule.min, "maximum": rule.max}
        if isinstance(field, Day):
            return {"type": "string", "format": "date"}
        if isinstance(field, Instant):
            return {"type": "string", "format": "date-time"}
        if isinstance(field, Amount):
            return self._define(
                "Amount", {"type": "string", "pattern": AMOUNT_PATTERN, "description": "人民币元，最多两位小数 | yuan, with at most two decimals"}
            )
        if isinstance(field, ListOf):
            (rule,) = field.validators
            return {"type": "array", "items": self._field_schema(field.inner, is_open), "minItems": rule.min, "maxItems": rule.max}
        if isinstance(field, Nested):
            return self._nested_reference(field.schema, is_open)
        if isinstance(field, StepFacts):
            return {"type": "object"}
        raise TypeError(type(field).__name__)

    def _nested_reference(self, schema: Schema, is_open: bool) -> dict:
        name = type(schema).__name__ + ("" if is_open else "Reported")
        if name not in self.definitions:
            self.definitions[name] = {}  # reserves the place before the definitions to which this one refers
            self.definitions[name] = self.schema_for(schema, is_open)
        return self._reference(name)

    def _text_schema(self, field: Text) -> dict:
        (rule,) = field.validators
        if isinstance(rule, validate.OneOf):
            return self._token_schema(tuple(rule.choices))
        if isinstance(rule, FullMatch):
            result = {"type": "string", "pattern": rule.regex.pattern}
            return self._define(DEFINITION_NAMES[rule.regex.pattern], result) if rule.regex.pattern in DEFINITION_NAMES else result
        return {"type": "string", "minLength": rule.min, "maxLength": rule.max}

    def _token_schema(self, tokens: tuple[str, ...]) -> dict:
        for name, (codes, form) in COUNTY_LISTS.items():
            if tokens == tuple(codes):
                return self._define(name, {"type": "string", "pattern": form} if self.neutral else {"type": "string", "enum": list(tokens)})
        if tokens in _TOKEN_LISTS:
            name, meanings = _TOKEN_LISTS[tokens]
            return self._define(
                name, {"type": "string", "enum": list(tokens), "x-meanings": {token: f"{names[0]} | {names[1]}" for token, names in meanings.items()}}
            )
        if tokens == (*AGENCIES, *kinds.OTHER_AUTHORITIES):
            return {"anyOf": [self._token_schema(tuple(AGENCIES)), self._token_schema(tuple(kinds.OTHER_AUTHORITIES))]}
        return {"type": "string", "enum": list(tokens)}

    def _define(self, name: str, result: dict) -> dict:
        self.definitions.setdefault(name, result)
        return self._reference(name)

    def _reference(self, name: str) -> dict:
        return {"$ref": f"{self.pointer}/{name}"}


def event_definitions(event_types: Iterable[EventType], pointer: str, neutral: bool = False) -> dict[str, dict]:
    """Return all definitions that these event types need, by name (see `definition_name`). The definitions of the event types come first."""
    writer = SchemaWriter(pointer, neutral)
    event_types = list(event_types)
    names = [writer.define_event(event_type)["$ref"].rsplit("/", 1)[-1] for event_type in event_types]
    return {name: writer.definitions[name] for name in (*names, *sorted(writer.definitions.keys() - set(names)))}
