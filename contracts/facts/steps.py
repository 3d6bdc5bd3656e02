"""Events (facts) by which the mediation service confirms that a step took effect. Each has the same type as the agency's event."""

from copy import deepcopy

from marshmallow import missing

from contracts import samples
from contracts.definitions import EventType, Step
from contracts.fields import Instant, ListOf, Schema, agency_code_field, choice_field, event_ref_field
from contracts.states import STATES
from contracts.step_facts import stays_at_intake
from contracts.steps import ORDINARY_STEPS


class StepFact(Schema):
    """Fields of every event that confirms a step: the agency's event, the dispute's state before and after the step, and the agencies that have to act next."""

    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    before = choice_field(STATES, required=True)
    state = choice_field(STATES, required=True)
    next_actors = ListOf(agency_code_field(), required=True)
    happened_at = Instant(required=True)


def fact_schema(step: Step) -> type[StepFact]:
    """Return the schema of the event that confirms `step`: the fields of StepFact, and the fields of the step, which are all optional."""
    step_fields = {name: deepcopy(field) for name, field in step.schema._declared_fields.items() if not stays_at_intake(field)} | step.extra_fact_fields
    if "event" in step_fields:
        step_fields["about"] = step_fields.pop(
            "event"
        )  # `event` names the agency's event of this step; an earlier event to which the step refers is therefore renamed `about`
    for field in step_fields.values():
        field.required, field.load_default = False, missing
    if step.is_also_automatic:
        step_fields |= {"event": event_ref_field(), "agency": agency_code_field()}
    return type(f"{step.schema.__name__}Fact", (StepFact,), step_fields)


def _fact_example(step):
    """Return an example of the event that confirms a step. Its states are the same for all steps and may not occur with this step."""
    intake_only = {name for name, field in step.schema._declared_fields.items() if stays_at_intake(field)}
    return {
        "event": samples.ACCEPTANCE_REF,
        "agency": samples.MEDIATION_BODY,
        "before": "routed",
        "state": "accepted",
        "next_actors": [samples.MEDIATION_BODY],
        "happened_at": "2026-03-04T03:00:00+00:00",
        **{"about" if name == "event" else name: value for name, value in step.example.items() if name not in intake_only},
    }


EVENTS = tuple(
    EventType(step.type, fact_schema(step), stream="mediation", zh=step.zh, en=step.en, example=_fact_example(step))
    for step in ORDINARY_STEPS.values()
    if step.is_confirmed
)
