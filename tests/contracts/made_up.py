"""Makes up, with hypothesis, data that a schema allows."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, partial

from hypothesis import strategies as st
from marshmallow import validate

from contracts import COUNTY, REASONS, samples
from contracts.answers.receipts import AboutOne
from contracts.fields import Amount, Boolean, Day, Form, Instant, ListOf, Nested, Number, Text
from contracts.parts import ReasonGiven
from contracts.step_facts import StepFacts
from contracts.steps.reporting import DisputeReported, Place
from contracts.steps.roster import RosterChanged

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8))])
FILLING = {
    "field": "place.township",
    "mistake": "required",
    "state": "closed",
    "step": "dispute.routed",
    "agency": COUNTY.lead("C").code,
    "limit": 9,
    "number": 2,
    "days": 30,
}
SENTENCES = [reason.text(**FILLING, on=date(2026, 4, 1)) for reason in REASONS.values()]


@cache
def data_of(schema_class):
    """What may be said under a schema of this class: for those who draw from it again and again."""
    return data_for(schema_class())


def data_for(schema):
    """What may be said under this schema, as Python values."""
    fields = schema.fields
    required = {name: _value(field) for name, field in fields.items() if field.required and not isinstance(field, StepFacts)}
    optional = {name: _value(field) for name, field in fields.items() if not field.required and not isinstance(field, StepFacts)}
    made = st.fixed_dictionaries(required, optional=optional)
    if isinstance(schema, ReasonGiven):
        return st.tuples(made, st.sampled_from(SENTENCES)).map(lambda both: {**both[0], **both[1]})
    if isinstance(schema, Place):
        return made.map(lambda place: {**place, "village": place["township"] + place["village"][9:]} if "village" in place else place)
    if isinstance(schema, RosterChanged):
        return made.map(lambda told: {name: value for name, value in told.items() if name != "village"})
    if isinstance(schema, AboutOne):
        return made.map(lambda told: {"dispute": samples.DISPUTE, **told}).map(
            lambda told: {name: value for name, value in told.items() if name != "organisation"})  # fmt: skip
    if isinstance(schema, DisputeReported) and {"parties", "parties_sealed"} <= set(fields):
        return made.map(lambda report: {name: value for name, value in report.items() if name != "parties" or "parties_sealed" not in report})
    for field in fields.values():
        if isinstance(field, StepFacts):
            return made.flatmap(partial(_with_facts, field))
    return made


def _with_facts(field, step):
    word = step.get(field.named_by)
    if word is None:
        return st.just(step)
    return data_for(field.schemas()[word]).map(lambda facts: {**step, "facts": facts})


def _value(field):
    value = _MAKERS[next(kind for kind in _MAKERS if isinstance(field, kind))](field)
    return st.none() | value if field.allow_none else value


def _text(field):
    (rule,) = field.validators
    if isinstance(rule, validate.OneOf):
        return st.sampled_from(rule.choices)
    if isinstance(rule, Form):
        return st.from_regex(rule.full_pattern, fullmatch=True)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=rule.min, max_size=rule.max)


def _many(field):
    (rule,) = field.validators
    return st.lists(_value(field.inner), min_size=rule.min, max_size=min(rule.max, 3))


_MAKERS = {
    Text: _text,
    Boolean: lambda field: st.booleans(),
    Number: lambda field: st.integers(field.validators[0].min, field.validators[0].max),
    Amount: lambda field: st.decimals(0, 999_999_999_999, places=2),
    Day: lambda field: st.dates(date(1990, 1, 1), date(2199, 12, 31)),
    Instant: lambda field: st.datetimes(datetime(1990, 1, 2), datetime(2199, 12, 30), timezones=ZONES),
    ListOf: _many,
    Nested: lambda field: data_for(field.schema),
}
