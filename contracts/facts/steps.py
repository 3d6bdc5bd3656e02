"""Events (facts) by which the mediation service confirms that a step took effect. Each has the same type as the agency's event.

There is one such event for each step: it carries the facts of the step, its outcome for the agency, and what the step did to the deadlines.
"""

from copy import deepcopy

from marshmallow import missing

from contracts import samples
from contracts.definitions import EventType, Step
from contracts.facts.deadlines import deadline_changes_field
from contracts.fields import Boolean, Instant, ListOf, Schema, agency_code_field, choice_field, event_ref_field
from contracts.states import STATES
from contracts.step_facts import stays_at_intake
from contracts.steps import ORDINARY_STEPS


class DecidedStep(Schema):
    """Fields of every event about a step that took effect, reported or automatic: the dispute's state before and after the step, the agencies that have to act
    next, and what the step did to the deadlines.
    """

    before = choice_field(STATES, required=True)
    state = choice_field(STATES, required=True)
    next_actors = ListOf(agency_code_field(), required=True)
    happened_at = Instant(required=True)
    decided_at = Instant(required=True)  # when the mediation service decided on the step; for a step that was withheld, when it was published
    deadlines = deadline_changes_field()
    body_before = agency_code_field()  # the mediation body from which the step took the dispute; left out if the step took it from none


class StepFact(DecidedStep):
    """Fields of every event that confirms a reported step: the agency's event, and the fields of DecidedStep."""

    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    late_report = Boolean()  # True: the step happened before the day on which the dispute entered the state in which the step was reported


def fact_schema(step: Step) -> type[StepFact]:
    """Return the schema of the event that confirms `step`: the fields of StepFact, and the fields of the step, which are all optional."""
    step_fields = {name: deepcopy((step.published_schema or step.schema)._declared_fields[name]) for name in _published_fields(step)} | step.extra_fact_fields
    if "event" in step_fields:
        step_fields["about"] = step_fields.pop(
            "event"
        )  # `event` names the agency's event of this step; an earlier event to which the step refers is therefore renamed `about`
    for field in step_fields.values():
        field.required, field.load_default = False, missing
    if step.is_also_automatic:
        step_fields |= {"event": event_ref_field(), "agency": agency_code_field()}
    return type(f"{step.schema.__name__}Fact", (StepFact,), step_fields)


def _published_fields(step):
    """Return the names of the fields of the step that the event contains."""
    schema = step.published_schema or step.schema
    return [name for name, field in schema._declared_fields.items() if step.repeats_facts and not stays_at_intake(field)]


def _fact_example(step):
    """Return an example of the event that confirms a step. Its states are the same for all steps and may not occur with this step."""
    return {
        "event": samples.ACCEPTANCE_REF,
        "agency": samples.MEDIATION_BODY,
        "before": "routed",
        "state": "accepted",
        "next_actors": [samples.MEDIATION_BODY],
        "happened_at": "2026-03-04T03:00:00+00:00",
        "decided_at": "2026-03-04T03:00:02+00:00",
        "deadlines": [
            {"change": "met", **samples.DEADLINE, "met_at": "2026-03-04T03:00:00+00:00"},
            {"change": "set", **samples.ROUTING_DEADLINE, "owed_by": [samples.MEDIATION_CENTRE]},
        ],
        **{"about" if name == "event" else name: step.example[name] for name in _published_fields(step) if name in step.example},
    }


EVENTS = tuple(
    EventType(step.type, fact_schema(step), stream="mediation", zh=step.zh, en=step.en, example=_fact_example(step)) for step in ORDINARY_STEPS.values()
)
