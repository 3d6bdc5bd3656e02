"""The facts of a step: what an agency reported, without the fields that stay at intake."""

from collections.abc import Mapping
from functools import cache

from marshmallow import fields

from contracts.fields import Described, Schema, tolerant
from contracts.rows import Step


def stays_at_intake(field: fields.Field) -> bool:
    return field.metadata.get("stays_at_intake", False)


@cache
def facts_schema(step: Step, unknown: str) -> Schema:
    """Return the schema of a step's facts. `unknown` says what happens to unknown fields (marshmallow's RAISE or EXCLUDE)."""
    private = [name for name, field in step.schema._declared_fields.items() if stays_at_intake(field)]
    return tolerant(step.schema(exclude=private), unknown)


class StepFacts(Described, fields.Field):
    """The facts of one of `steps`: the one whose type stands in the field `named_by` beside it."""

    default_error_messages = {"required": "required", "null": "null"}  # noqa: RUF012 - marshmallow declares it so

    def __init__(self, steps: Mapping[str, Step], named_by: str = "step", **options):
        super().__init__(**options)
        self.steps, self.named_by = steps, named_by

    def schemas(self) -> dict[str, Schema]:
        """Return the schema of each step, by type."""
        return {type: facts_schema(step, self.parent.unknown) for type, step in self.steps.items()}

    def _schema(self, data):
        return facts_schema(self.steps[data[self.named_by]], self.parent.unknown)

    def _deserialize(self, value, attr, data, **kwargs):
        type = data.get(self.named_by)
        if not isinstance(type, str) or type not in self.steps:
            return {}  # a wrong type has an error of its own
        return self._schema(data).load(value)

    def _serialize(self, value, attr, obj, **kwargs):
        return self._schema(obj).dump(value)
