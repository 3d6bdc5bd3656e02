"""The facts by which mediation confirms that a step took effect: one for each step, of the same type as the agency's event."""

from copy import deepcopy

from marshmallow import missing

from contracts import samples
from contracts.fields import Instant, ListOf, Schema, agency_code, event_ref, one_of
from contracts.rows import EventType, Step
from contracts.states import STATES
from contracts.step_facts import stays_at_intake
from contracts.steps import ORDINARY


class Happened(Schema):
    """A step that took effect: who reported it, where the dispute was and is, and for whom it waits now."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    next_actors = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


def happened(step: Step) -> type[Happened]:
    """Return the schema of the fact that `step` happened: what every fact carries, and of the step's own facts those that are there."""
    own = {name: deepcopy(field) for name, field in step.schema._declared_fields.items() if not stays_at_intake(field)} | step.fact_also
    if "event" in own:
        own["about"] = own.pop("event")  # `event` is the report that says so; which earlier one it is about has a name of its own
    for field in own.values():
        field.required, field.load_default = False, missing
    if step.by_time:
        own |= {"event": event_ref(), "agency": agency_code()}
    return type(f"{step.schema.__name__}Happened", (Happened,), own)


def _example(step):
    """The example's states are examples only."""
    private = {name for name, field in step.schema._declared_fields.items() if stays_at_intake(field)}
    return {
        "event": samples.ACCEPTANCE,
        "agency": samples.BODY,
        "before": "routed",
        "state": "accepted",
        "next_actors": [samples.BODY],
        "happened_at": "2026-03-04T03:00:00+00:00",
        **{"about" if name == "event" else name: value for name, value in step.example.items() if name not in private},
    }


EVENTS = tuple(
    EventType(step.type, happened(step), stream="mediation", zh=step.zh, en=step.en, example=_example(step)) for step in ORDINARY.values() if step.confirmed
)
