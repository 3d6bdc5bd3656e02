"""Field type for the facts of a step: the data that an agency reported, without the fields that the intake service does not publish."""

from collections.abc import Callable, Mapping
from functools import cache

from marshmallow import fields

from contracts.definitions import Step
from contracts.fields import DescriptionMixin, Schema, set_unknown_fields


def stays_at_intake(field: fields.Field) -> bool:
    """Return whether the intake service stores the field without publishing it."""
    return field.metadata.get("stays_at_intake", False)


@cache
def facts_schema(step: Step, unknown: str) -> Schema:
    """Return the schema of the facts of a step. `unknown`: how unknown fields are treated, marshmallow's RAISE or EXCLUDE."""
    return _without_private_fields(step.published_schema or step.schema, unknown)


@cache
def correction_schema(step: Step, unknown: str) -> Schema:
    """Return the schema of the facts with which an agency corrects the step."""
    return facts_schema(step, unknown) if step.correction_schema is None else set_unknown_fields(step.correction_schema(), unknown)


@cache
def published_correction_schema(step: Step, unknown: str) -> Schema:
    """Return the schema of the corrected facts of the step that services publish."""
    return facts_schema(step, unknown) if step.published_correction_schema is None else _without_private_fields(step.published_correction_schema, unknown)


def _without_private_fields(schema, unknown):
    private = [name for name, field in schema._declared_fields.items() if stays_at_intake(field)]
    return set_unknown_fields(schema(exclude=private), unknown)


class StepFacts(DescriptionMixin, fields.Field):
    """Field for the facts of a step. Another field of the same schema, named `type_field`, holds the type of the step, which must be a key of `steps`.

    `schema_of` returns the schema of the facts of a step.
    """

    default_error_messages = {"required": "required", "null": "null"}  # noqa: RUF012 - marshmallow declares it so

    def __init__(self, steps: Mapping[str, Step], type_field: str = "step", schema_of: Callable[[Step, str], Schema] = facts_schema, **options):
        super().__init__(**options)
        self.steps, self.type_field, self.schema_of = steps, type_field, schema_of

    def schemas(self) -> dict[str, Schema]:
        """Return the schema of the facts of each step, by type of the step."""
        return {type: self.schema_of(step, self.parent.unknown) for type, step in self.steps.items()}

    def _schema(self, data):
        return self.schema_of(self.steps[data[self.type_field]], self.parent.unknown)

    def _deserialize(self, value, attr, data, **kwargs):
        type = data.get(self.type_field)
        if not isinstance(type, str) or type not in self.steps:
            return {}  # the validation of the field `type_field` reports the wrong type
        return self._schema(data).load(value)

    def _serialize(self, value, attr, obj, **kwargs):
        return self._schema(obj).dump(value)
