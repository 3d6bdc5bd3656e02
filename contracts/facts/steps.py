"""Facts by which mediation confirms that a step took effect. A fact has the same type as the agency's event."""

from copy import deepcopy

from marshmallow import missing

from contracts import samples
from contracts.fields import Instant, ListOf, Schema, agency_code, event_ref, one_of
from contracts.rows import EventType, Step
from contracts.states import STATES
from contracts.step_facts import stays_at_intake
from contracts.steps import ORDINARY


class StepFact(Schema):
    """Fields of every fact: the agency's event, the dispute's state before and after the step, and the agencies that have to act next."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    next_actors = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


def fact_schema(step: Step) -> type[StepFact]:
    """Return the schema of the fact that confirms `step`: the fields of every fact, and the step's own fields, all of them optional."""
    step_fields = {name: deepcopy(field) for name, field in step.schema._declared_fields.items() if not stays_at_intake(field)} | step.extra_fact_fields
    if "event" in step_fields:
        step_fields["about"] = step_fields.pop("event")  # `event` is the report of this step, so the earlier event to which it refers is named `about`
    for field in step_fields.values():
        field.required, field.load_default = False, missing
    if step.also_by_time:
        step_fields |= {"event": event_ref(), "agency": agency_code()}
    return type(f"{step.schema.__name__}Fact", (StepFact,), step_fields)


def _example(step):
    """Return an example of the fact. Its states are the same for every step and need not suit it."""
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
    EventType(step.type, fact_schema(step), stream="mediation", zh=step.zh, en=step.en, example=_example(step))
    for step in ORDINARY.values()
    if step.is_confirmed
)
