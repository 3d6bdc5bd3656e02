"""JSON Schema (2020-12) of the contract's schemas. What several events share is a definition of its own, to which the others refer.

Schemas of what agencies report are closed: an undefined field is a mistake. Schemas of what they are answered are open: an answer may gain a field
without breaking an agency's system. `neutral` schemas fit every county: codes of agencies and townships have a form instead of a list.
"""

from collections.abc import Iterable, Mapping

from marshmallow import validate

from contracts import kinds
from contracts.answers import NOTICES, RECEIPTS
from contracts.causes import CAUSES
from contracts.clocks import ARTICLE, CLOCKS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.fields import (
    AMOUNT,
    DISPUTE_CODE,
    EVENT_ID,
    GRID,
    MEDIATOR,
    ORGANISATION,
    PARTY_LABEL,
    REPORT_NO,
    SHA256,
    SOURCE,
    VILLAGE,
    Amount,
    Boolean,
    Day,
    Form,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    Text,
)
from contracts.reasons import REASONS
from contracts.rows import EventType
from contracts.states import STATES
from contracts.step_facts import StepFacts, stays_at_intake
from contracts.steps import NAMES

AGENCY_CODE, TOWNSHIP_CODE = r"^[a-z][a-z0-9_]{0,62}(?:-[a-z0-9_]{1,40})?$", r"^\d{9}$"

# fmt: off
FORMS = {
    # pattern        name of its definition
    DISPUTE_CODE:    "DisputeCode",
    EVENT_ID:        "EventId",
    SOURCE:          "Source",
    REPORT_NO:       "OwnNumber",
    SHA256:          "Sha256",
    MEDIATOR:        "MediatorId",
    ORGANISATION:    "OrganisationCode",
    PARTY_LABEL:     "PartyLabel",
    VILLAGE:         "VillageCode",
    GRID:            "GridCode",
    ARTICLE:         "Article",
}
COUNTY_LISTS = {                    # closed in one county, of this form in every county
    # name           tokens        form in every county
    "AgencyCode":    (AGENCIES,    AGENCY_CODE),
    "TownshipCode":  (TOWNSHIPS,   TOWNSHIP_CODE),
}
USUAL_EXAMPLES = {Boolean: False, Day: "2026-03-02", Instant: "2026-03-02T10:30:00+08:00", Amount: "12000.00"}
# fmt: on


def _definition_name(constant: str) -> str:
    return "".join(word.capitalize() for word in constant.split("_"))


# Closed lists with a meaning in both languages for each token, by the tokens in their order.
_LISTS: dict[tuple[str, ...], tuple[str, Mapping]] = {
    tuple(tokens): (_definition_name(constant), tokens) for constant, tokens in vars(kinds).items() if constant.isupper() and isinstance(tokens, dict)
}
_LISTS |= {tuple(tokens): (name, tokens) for name, tokens in (("States", STATES), ("Clocks", CLOCKS), ("Causes", CAUSES), ("StepTypes", NAMES))}
_LISTS[tuple(REASONS)] = ("ReasonCodes", {code: (reason.zh, reason.en) for code, reason in REASONS.items()})


def definition_of(row: EventType) -> str:
    """Return the name under which the event's schema is defined: its type, for what agencies report and are answered."""
    is_answer = row.type in RECEIPTS or row.type in NOTICES
    return row.type if row.stream == "agencies" or is_answer else f"{row.stream}.{row.type}"


def _usual_example(field):
    """The example of the field's own row, else one of its type; None for an object, whose fields have examples."""
    own = field.metadata.get("example")
    if isinstance(field, ListOf):
        inner = own if own is not None else _usual_example(field.inner)
        return inner if inner is None or isinstance(inner, (list, tuple)) else [inner]
    if own is not None or isinstance(field, (Nested, StepFacts)):
        return own
    if isinstance(field, Text) and isinstance(field.validators[0], validate.OneOf):
        return field.validators[0].choices[0]
    if isinstance(field, Number):
        return field.validators[0].min
    return next((example for kind, example in USUAL_EXAMPLES.items() if isinstance(field, kind)), None)


class SchemaWriter:
    """Writes schemas and collects the definitions that they refer to. `where` is the JSON pointer under which the definitions stand."""

    def __init__(self, where: str, neutral: bool = False):
        self.where, self.neutral = where, neutral
        self.definitions: dict[str, dict] = {}

    def of_event(self, row: EventType) -> dict:
        """Define the schema of the event's `data` under the event's type; return the reference to it."""
        name = definition_of(row)
        self.definitions[name] = {}  # a place in the order, before those that it refers to
        written = self.of_schema(row.schema(), is_open=row.type in RECEIPTS or row.type in NOTICES, example=row.example)
        self.definitions[name] = {"title": f"{row.zh} {row.type}", "description": row.en, **written}
        return self._to(name)

    def of_schema(self, schema: Schema, is_open: bool, example: Mapping | None = None) -> dict:
        properties = {name: self._described(field, is_open, (example or {}).get(name)) for name, field in schema.fields.items()}
        required = [name for name, field in schema.fields.items() if field.required]
        written: dict = {"type": "object"}
        if required:
            written["required"] = required
        if properties:
            written["properties"] = properties
        written |= schema.json_rules
        facts = next((field for field in schema.fields.values() if isinstance(field, StepFacts)), None)
        if facts is not None:
            written["allOf"] = [self._facts_of(facts, type, inner) for type, inner in facts.schemas().items()]
        return written if is_open else written | {"additionalProperties": False}

    def _facts_of(self, facts: StepFacts, type: str, schema: Schema) -> dict:
        whole = not any(map(stays_at_intake, facts.steps[type].schema._declared_fields.values()))
        name = type if whole else f"{type}.facts"
        if not whole and name not in self.definitions:
            self.definitions[name] = self.of_schema(schema, is_open=False)
        # Where the type may be missing, "required" keeps a schema from being asked for it.
        return {"if": {"properties": {facts.named_by: {"const": type}}, "required": [facts.named_by]}, "then": {"properties": {"facts": self._to(name)}}}

    def _described(self, field, is_open: bool, example) -> dict:
        zh, en = field.metadata.get("zh"), field.metadata.get("en")
        written = self._of_field(field, is_open)
        if not (zh and en):
            return written
        if "$ref" in written:
            written = {"allOf": [written]}  # beside a reference other keywords are passed over by older tools
        example = example if example is not None else _usual_example(field)
        return {"description": f"{zh} | {en}", **written} | ({} if example is None else {"examples": [example]})

    def _of_field(self, field, is_open: bool) -> dict:
        written = self._of_type(field, is_open)
        return {"anyOf": [written, {"type": "null"}]} if field.allow_none else written

    def _of_type(self, field, is_open: bool) -> dict:
        if isinstance(field, Text):
            return self._of_text(field)
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
            return self._define("Amount", {"type": "string", "pattern": AMOUNT, "description": "人民币元，最多两位小数 | yuan, with at most two decimals"})
        if isinstance(field, ListOf):
            (rule,) = field.validators
            return {"type": "array", "items": self._of_field(field.inner, is_open), "minItems": rule.min, "maxItems": rule.max}
        if isinstance(field, Nested):
            return self._of_nested(field.schema, is_open)
        if isinstance(field, StepFacts):
            return {"type": "object"}
        raise TypeError(type(field).__name__)

    def _of_nested(self, schema: Schema, is_open: bool) -> dict:
        name = type(schema).__name__ + ("" if is_open else "Reported")
        if name not in self.definitions:
            self.definitions[name] = {}  # a place in the order, before those that it refers to
            self.definitions[name] = self.of_schema(schema, is_open)
        return self._to(name)

    def _of_text(self, field: Text) -> dict:
        (rule,) = field.validators
        if isinstance(rule, validate.OneOf):
            return self._of_list(tuple(rule.choices))
        if isinstance(rule, Form):
            written = {"type": "string", "pattern": rule.regex.pattern}
            return self._define(FORMS[rule.regex.pattern], written) if rule.regex.pattern in FORMS else written
        return {"type": "string", "minLength": rule.min, "maxLength": rule.max}

    def _of_list(self, tokens: tuple[str, ...]) -> dict:
        for name, (codes, form) in COUNTY_LISTS.items():
            if tokens == tuple(codes):
                return self._define(name, {"type": "string", "pattern": form} if self.neutral else {"type": "string", "enum": list(tokens)})
        if tokens in _LISTS:
            name, meanings = _LISTS[tokens]
            return self._define(
                name, {"type": "string", "enum": list(tokens), "x-meanings": {token: f"{row[0]} | {row[1]}" for token, row in meanings.items()}}
            )
        if tokens == (*AGENCIES, *kinds.ELSEWHERE):
            return {"anyOf": [self._of_list(tuple(AGENCIES)), self._of_list(tuple(kinds.ELSEWHERE))]}
        return {"type": "string", "enum": list(tokens)}

    def _define(self, name: str, written: dict) -> dict:
        self.definitions.setdefault(name, written)
        return self._to(name)

    def _to(self, name: str) -> dict:
        return {"$ref": f"{self.where}/{name}"}


def schemas_of(rows: Iterable[EventType], where: str, neutral: bool = False) -> dict[str, dict]:
    """Return every definition that these events need, those of the events first: by type, or by stream and type for what only services hear."""
    writer = SchemaWriter(where, neutral)
    rows = list(rows)
    names = [writer.of_event(row)["$ref"].rsplit("/", 1)[-1] for row in rows]
    return {name: writer.definitions[name] for name in (*names, *sorted(writer.definitions.keys() - set(names)))}
