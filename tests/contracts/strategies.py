"""Hypothesis strategies that generate valid event data."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, partial

from hypothesis import strategies as st
from marshmallow import validate

from contracts import COUNTY, REASONS, RECEIPTS, samples
from contracts.answers.receipts import DisputeOrOrganisation, ReceiptAccepted
from contracts.facts.deadlines import SCHEMAS_OF_CHANGES, DeadlineChange
from contracts.fields import Amount, Boolean, Day, FullMatch, Instant, ListOf, Nested, Number, Text
from contracts.nested_schemas import ReasonGiven
from contracts.step_facts import StepFacts
from contracts.steps.correction import ReportCorrected
from contracts.steps.reporting import CorrectedReport, DisputeReported, Place
from contracts.steps.roster import RosterChanged

TIME_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8))])
PLACEHOLDER_VALUES = {
    "field": "place.township",
    "mistake": "required",
    "state": "closed",
    "step": "dispute.routed",
    "agency": COUNTY.lead_agency("C").code,
    "limit": 9,
    "number": 2,
    "days": 30,
}
RENDERED_REASONS = [reason.text(**PLACEHOLDER_VALUES, on=date(2026, 4, 1)) for reason in REASONS.values()]


@cache
def data_strategy(schema_class):
    """Return the strategy that generates valid data of a schema class. The result is cached, because building a strategy is slow."""
    return schema_strategy(schema_class())


def schema_strategy(schema):
    """Return the strategy that generates valid data of a schema, as Python values."""
    fields = schema.fields
    required = {name: _field_strategy(field) for name, field in fields.items() if field.required and not isinstance(field, StepFacts)}
    optional = {name: _field_strategy(field) for name, field in fields.items() if not field.required and not isinstance(field, StepFacts)}
    dictionaries = st.fixed_dictionaries(required, optional=optional)
    if isinstance(schema, ReasonGiven):
        return st.tuples(dictionaries, st.sampled_from(RENDERED_REASONS)).map(lambda parts: {**parts[0], **parts[1]})
    if isinstance(schema, DeadlineChange):
        return st.one_of(
            schema_strategy(data_of_change()).map(lambda data, change=change: {"change": change, **data})
            for change, data_of_change in SCHEMAS_OF_CHANGES.items()
        )
    if isinstance(schema, Place):
        return dictionaries.map(lambda place: {**place, "village": place["township"] + place["village"][9:]} if "village" in place else place)
    if isinstance(schema, RosterChanged):
        return dictionaries.map(lambda data: {name: value for name, value in data.items() if name != "village"})
    if isinstance(schema, DisputeOrOrganisation):
        return dictionaries.map(lambda data: {"dispute": samples.DISPUTE, **data}).map(
            lambda data: {name: value for name, value in data.items() if name != "organisation"})  # fmt: skip
    if isinstance(schema, ReceiptAccepted):
        return st.one_of(dictionaries.map(partial(_accepted_with, name)) for name in ("dispute", "organisation", "up_to"))
    if isinstance(schema, ReportCorrected):
        return dictionaries.flatmap(partial(_as_correction, schema.fields["facts"]))
    if isinstance(schema, (DisputeReported, CorrectedReport)) and {"parties", "parties_sealed"} <= set(fields):
        return dictionaries.map(lambda report: {name: value for name, value in report.items() if name != "parties" or "parties_sealed" not in report})
    for field in fields.values():
        if isinstance(field, StepFacts):
            return dictionaries.flatmap(partial(_add_facts_of_step, field))
    return dictionaries


def _accepted_with(subject_field, data):
    """Return the data of receipt.accepted with exactly one of the fields that name what was accepted, and with the log entry if the event is logged."""
    example = RECEIPTS["receipt.accepted"].example
    chosen = {"dispute": samples.DISPUTE, "organisation": samples.ORGANISATION, "up_to": datetime(2026, 3, 4, tzinfo=UTC)}[subject_field]
    kept = {name: value for name, value in data.items() if name not in ("dispute", "organisation", "up_to", "log")}
    return {**kept, subject_field: data.get(subject_field, chosen), **({} if subject_field == "up_to" else {"log": data.get("log", example["log"])})}


def _as_correction(field, data):
    """Return a strategy for a valid correction: with all facts that the reporting agency has to state, or with place and kind only by the mediation centre."""
    is_by_centre = "reported_by" in data
    data = data | ({"corrects": "dispute.reported"} if is_by_centre else {})
    if data.get("corrects") != "dispute.reported":
        return _add_facts_of_step(field, data)
    required = {} if is_by_centre else {"channel": "walk_in", "wants": "mediation"}
    kept = ("place", "kind") if is_by_centre else field.schemas()["dispute.reported"].fields
    facts = schema_strategy(field.schemas()["dispute.reported"])
    return facts.map(lambda facts: {**data, "facts": required | {name: value for name, value in facts.items() if name in kept}})


def _add_facts_of_step(field, data):
    type = data.get(field.type_field)
    if type is None:
        return st.just(data)
    return schema_strategy(field.schemas()[type]).map(lambda facts: {**data, "facts": facts})


def _field_strategy(field):
    value = _STRATEGY_BUILDERS[next(kind for kind in _STRATEGY_BUILDERS if isinstance(field, kind))](field)
    return st.none() | value if field.allow_none else value


def _text_strategy(field):
    (rule,) = field.validators
    if isinstance(rule, validate.OneOf):
        return st.sampled_from(rule.choices)
    if isinstance(rule, FullMatch):
        return st.from_regex(rule.full_pattern, fullmatch=True)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=rule.min, max_size=rule.max)


def _list_strategy(field):
    (rule,) = field.validators
    return st.lists(_field_strategy(field.inner), min_size=rule.min, max_size=min(rule.max, 3))


_STRATEGY_BUILDERS = {
    Text: _text_strategy,
    Boolean: lambda field: st.booleans(),
    Number: lambda field: st.integers(field.validators[0].min, field.validators[0].max),
    Amount: lambda field: st.decimals(0, 999_999_999_999, places=2),
    Day: lambda field: st.dates(date(1990, 1, 1), date(2199, 12, 31)),
    Instant: lambda field: st.datetimes(datetime(1990, 1, 2), datetime(2199, 12, 30), timezones=TIME_ZONES),
    ListOf: _list_strategy,
    Nested: lambda field: schema_strategy(field.schema),
}
