"""Field type for the facts of a step: the data that an agency reported, without the fields that intake passes on to nobody."""

from collections.abc import Mapping
from functools import cache

from marshmallow import fields

from contracts.fields import DescriptionMixin, Schema, set_unknown_fields
from contracts.rows import Step


def stays_at_intake(field: fields.Field) -> bool:
    return field.metadata.get("stays_at_intake", False)


@cache
def facts_schema(step: Step, unknown: str) -> Schema:
    """Return the schema of a step's facts. `unknown`: treatment of unknown fields, marshmallow's RAISE or EXCLUDE."""
    private = [name for name, field in step.schema._declared_fields.items() if stays_at_intake(field)]
    return set_unknown_fields(step.schema(exclude=private), unknown)


class StepFacts(DescriptionMixin, fields.Field):
    """Facts of a step. The sibling field `named_by` holds the type of the step, which must be one of `steps`."""

    default_error_messages = {"required": "required", "null": "null"}  # noqa: RUF012 - marshmallow declares it so

    def __init__(self, steps: Mapping[str, Step], named_by: str = "step", **options):
        super().__init__(**options)
        self.steps, self.named_by = steps, named_by

    def schemas(self) -> dict[str, Schema]:
        """Return the schema of the facts of each step, by type."""
        return {type: facts_schema(step, self.parent.unknown) for type, step in self.steps.items()}

    def _schema(self, data):
        return facts_schema(self.steps[data[self.named_by]], self.parent.unknown)

    def _deserialize(self, value, attr, data, **kwargs):
        type = data.get(self.named_by)
        if not isinstance(type, str) or type not in self.steps:
            return {}  # the field `named_by` reports the wrong type itself
        return self._schema(data).load(value)

    def _serialize(self, value, attr, obj, **kwargs):
        return self._schema(obj).dump(value)
