"""Schemas of what happens to a deadline: the data of the events deadline.…, and of the changes that the event of a step carries in its field `deadlines`."""

from marshmallow import ValidationError

from contracts import kinds
from contracts.clocks import ARTICLE_PATTERN, CLOCKS
from contracts.fields import Boolean, Instant, ListOf, Nested, Schema, agency_code_field, choice_field, pattern_field


class Deadline(Schema):
    clock = choice_field(CLOCKS, required=True)
    kind = choice_field(kinds.CLOCK_KINDS, required=True)
    due_at = Instant(required=True)
    provisional = Boolean()  # True: `due_at` may still change, because a holiday schedule is not published or the clock is paused


class DeadlineSet(Deadline):
    article = pattern_field(ARTICLE_PATTERN, required=True)
    started_at = Instant(required=True)
    owed_by = ListOf(agency_code_field(), required=True)
    paused = Boolean()  # True: the clock is paused and has no due date; `due_at` is the end that results if the pause ends on the day of its start


class DeadlineRecomputed(DeadlineSet):
    was_due_at = Instant(required=True)
    because = choice_field(kinds.RECOMPUTATION_REASONS, required=True)
    passed = Boolean()  # True: the deadline was announced as passed, and has passed under the changed rule, too


class DeadlineWithOwner(Deadline):
    owed_by = ListOf(agency_code_field(), required=True)


class DeadlinePassed(DeadlineWithOwner):
    lapsed = Boolean()  # True: a right of the parties ends with the deadline, so that no agency is overdue


class DeadlineMet(Deadline):
    met_at = Instant(required=True)
    late = Boolean()  # True: the deadline had ended before `met_at`
    was_passed = Boolean()  # True: the deadline was published as passed before


# Data of each change that a step can make to a deadline, by the token of the change.
SCHEMAS_OF_CHANGES = {"set": DeadlineSet, "recomputed": DeadlineRecomputed, "met": DeadlineMet, "stopped": Deadline}
_FORMS = {
    change: type(f"{schema.__name__}Change", (schema,), {"change": choice_field((change,), required=True)}) for change, schema in SCHEMAS_OF_CHANGES.items()
}
_ALLOWED_NAMES = {change: frozenset(form._declared_fields) for change, form in _FORMS.items()}
_REQUIRED_NAMES = {change: frozenset(name for name, field in form._declared_fields.items() if field.required) for change, form in _FORMS.items()}


class DeadlineChange(Schema):
    """One change that a step made to a deadline: the token of the change, and the fields of its schema in SCHEMAS_OF_CHANGES. False is left out."""

    change = choice_field(kinds.DEADLINE_CHANGES, required=True)
    clock = choice_field(CLOCKS, required=True)
    kind = choice_field(kinds.CLOCK_KINDS, required=True)
    article = pattern_field(ARTICLE_PATTERN)
    started_at = Instant()
    due_at = Instant(required=True)
    owed_by = ListOf(agency_code_field())
    provisional = Boolean()
    paused = Boolean()
    was_due_at = Instant()
    because = choice_field(kinds.RECOMPUTATION_REASONS)
    passed = Boolean()
    met_at = Instant()
    late = Boolean()
    was_passed = Boolean()

    forms, form_field = _FORMS, "change"
    json_rules = {  # noqa: RUF012 - the base class declares it so
        "allOf": [
            {
                "if": {"properties": {"change": {"const": change}}, "required": ["change"]},
                "then": {"required": sorted(_REQUIRED_NAMES[change]), "propertyNames": {"enum": sorted(_ALLOWED_NAMES[change])}},
            }
            for change in SCHEMAS_OF_CHANGES
        ]
    }

    def validate_fields(self, data):
        names, change = data.keys(), data["change"]
        for name in _REQUIRED_NAMES[change] - names:
            raise ValidationError("required", name)
        for name in names - _ALLOWED_NAMES[change]:
            raise ValidationError("unknown_field", name)


def deadline_changes_field():
    """Return the field for the changes of deadlines that a step made, in order. It is left out if there are none."""
    return ListOf(Nested(DeadlineChange), low=1)
