"""Tests of every event type: its schema, names and example, the stream in which it is published, and the roles that may report it."""

import re

import pytest
from marshmallow import RAISE, ValidationError, fields, validate

import contracts
from contracts import (
    AGENCIES,
    AGENCY_EVENTS,
    AGENCY_STATEMENTS,
    DOMAIN_EVENTS,
    EVENTS,
    FACTS,
    ORDINARY_STEP_NAMES,
    ROLES,
    ROSTER_STEP_NAMES,
    STREAMS,
    dump,
    load,
    may_report,
    safeguard,
)
from contracts.facts.steps import StepFact
from contracts.fields import FullMatch, Sentence
from contracts.step_facts import StepFacts, facts_schema
from contracts.steps import ORDINARY_STEPS
from tests.contracts.event_types import EVENT_TYPES, event_type_id, paths_in, with_value_at

with_every_event_type = pytest.mark.parametrize("event_type", EVENT_TYPES, ids=event_type_id)


@with_every_event_type
def test_the_example_of_an_event_type_is_unchanged_after_load_and_dump(event_type):
    loaded = load(event_type.type, event_type.example, event_type.stream)

    assert dump(event_type.type, event_type.example, event_type.stream) == event_type.example
    assert dump(event_type.type, loaded, event_type.stream) == event_type.example


@with_every_event_type
def test_an_unknown_field_of_an_event_is_ignored_by_load_and_refused_by_dump(event_type):
    paths_of_objects = [path for path in paths_in(event_type.example) if isinstance(_value_at(event_type.example, path), dict)]
    for path in [(), *paths_of_objects]:
        data_with_unknown_field = (
            {**event_type.example, "later": 1} if not path else with_value_at(event_type.example, path, {**_value_at(event_type.example, path), "later": 1})
        )

        assert load(event_type.type, data_with_unknown_field, event_type.stream) == load(event_type.type, event_type.example, event_type.stream)
        with pytest.raises(ValidationError):
            dump(event_type.type, data_with_unknown_field, event_type.stream)


def _value_at(data, path):
    for key in path:
        data = data[key]
    return data


@with_every_event_type
def test_an_event_type_has_a_two_part_name_and_a_title_in_chinese_and_english(event_type):
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event_type.type)
    assert re.search(r"[\u4e00-\u9fff]", event_type.zh)
    assert re.fullmatch(r"[ -~]+", event_type.en)


@pytest.mark.parametrize("event_type", AGENCY_EVENTS.values(), ids=event_type_id)
def test_the_roles_that_may_report_an_agency_event_are_known_roles(event_type):
    assert event_type.allowed_roles and event_type.allowed_roles <= set(ROLES)


@pytest.mark.parametrize("event_type", DOMAIN_EVENTS.values(), ids=event_type_id)
def test_a_domain_event_has_no_free_text_field(event_type):
    free_text_fields = list(_free_text_fields(event_type.schema(), event_type.type))

    assert free_text_fields == []


@pytest.mark.parametrize("step", ORDINARY_STEPS.values(), ids=lambda step: step.type)
def test_the_facts_of_a_step_have_no_free_text_field(step):
    assert list(_free_text_fields(facts_schema(step, RAISE), step.type)) == []


def _free_text_fields(schema, path):
    """Yield the path of every field that may hold free text."""
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        field_path = f"{path}.{name}"
        if isinstance(inner, fields.Nested):
            yield from _free_text_fields(inner.schema, field_path)
        elif isinstance(inner, fields.String) and not isinstance(inner, Sentence):
            if not any(isinstance(rule, (validate.OneOf, FullMatch)) for rule in inner.validators):
                yield field_path
        elif type(inner) in (fields.Field, fields.Raw, fields.Dict) or (type(inner).__module__ != "contracts.fields" and not isinstance(inner, StepFacts)):
            yield field_path


def test_dump_refuses_a_reason_whose_sentence_is_not_the_prescribed_sentence():
    refused = DOMAIN_EVENTS["step.refused"].example
    changed = with_value_at(refused, ("reason", "zh"), "张三住在大满镇")

    with pytest.raises(ValidationError) as error:
        dump("step.refused", changed)

    assert contracts.mistakes_in(error.value)[0].token == "not_the_sentence"


def test_mediation_publishes_a_confirming_event_for_every_ordinary_step():
    assert set(FACTS) == set(ORDINARY_STEP_NAMES)
    assert set(ORDINARY_STEP_NAMES) == set(AGENCY_EVENTS) - set(safeguard.STEP_NAMES) - set(ROSTER_STEP_NAMES) - set(AGENCY_STATEMENTS) == set(ORDINARY_STEPS)


@pytest.mark.parametrize("safeguard_step", safeguard.STEP_NAMES)
def test_events_of_ordinary_streams_cannot_contain_a_step_of_the_safeguard_lane(safeguard_step):
    """The schemas of the ordinary streams do not permit event types of the safeguard lane, so that no service can reveal a safeguarded dispute by mistake."""
    assert safeguard_step not in DOMAIN_EVENTS
    for type in ("step.reported", "step.refused"):
        with pytest.raises(ValidationError):
            dump(type, {**DOMAIN_EVENTS[type].example, "step": safeguard_step}, DOMAIN_EVENTS[type].stream)
    with pytest.raises(KeyError):
        dump("safeguard.held", contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example, "mediation")


def test_the_event_that_confirms_a_report_repeats_none_of_its_facts():
    assert set(FACTS["dispute.reported"].schema().fields) == set(StepFact().fields)


@pytest.mark.parametrize("step", ORDINARY_STEPS.values(), ids=lambda step: step.type)
def test_no_fact_of_a_step_has_the_name_of_a_field_that_the_event_of_every_step_has(step):
    facts = set(facts_schema(step, RAISE).fields) - {"event"}  # `event` is renamed `about`

    assert facts & set(StepFact().fields) == set()


WITHIN_A_STEP = FACTS["referral.accepted"].example
DUE = {"clock": "routing", "kind": "POLICY", "due_at": "2026-03-06T15:59:59+00:00"}
SET = {**DUE, "article": "none", "started_at": "2026-03-03T01:10:00+00:00", "owed_by": ["mediation_centre"]}
MOVED = {**SET, "was_due_at": "2026-03-05T15:59:59+00:00", "because": "extended"}
MET = {**DUE, "met_at": "2026-03-04T03:00:00+00:00"}


@pytest.mark.parametrize(
    ("change", "required", "optional"),
    [
        ("set", SET, {"provisional": True, "paused": True}),
        ("recomputed", MOVED, {"provisional": True, "paused": True}),
        ("met", MET, {"provisional": True, "late": True, "was_passed": True}),
        ("stopped", DUE, {"provisional": True}),
    ],
)
def test_a_change_of_a_deadline_in_the_event_of_a_step_has_exactly_the_fields_of_its_kind(change, required, optional):
    def dump_with(data):
        return dump("referral.accepted", {**WITHIN_A_STEP, "deadlines": [{"change": change, **data}]}, "mediation")["deadlines"]

    assert dump_with(required) == [{"change": change, **required}]
    assert dump_with(required | optional) == [{"change": change, **required, **optional}]
    for name in required:
        with pytest.raises(ValidationError):
            dump_with({other: required[other] for other in required if other != name})
    for name, value in (MOVED | MET | {"provisional": True, "paused": True, "late": True, "was_passed": True}).items():
        if name not in required | optional:
            with pytest.raises(ValidationError):
                dump_with({**required, name: value})


def test_a_step_that_changes_no_deadline_has_no_list_of_changes():
    with pytest.raises(ValidationError):
        dump("referral.accepted", {**WITHIN_A_STEP, "deadlines": []}, "mediation")


@pytest.mark.parametrize(
    ("event_type", "changed", "outcome"),
    [
        ("referral.accepted", {}, "applied"),
        ("dispute.reported", {}, "applied"),
        ("report.corrected", {}, "applied"),
        ("supervision.issued", {"event": None}, None),  # issued by the service itself when a deadline had passed
        ("step.refused", {}, "refused"),
        ("deadline.passed", {}, None),
        ("dispute.closed", {}, None),
        ("duplicate.noted", {}, None),
        ("merge.noted", {}, None),
    ],
)
def test_an_event_of_mediation_is_the_outcome_of_at_most_one_step_of_an_agency(event_type, changed, outcome):
    data = DOMAIN_EVENTS[event_type].example | changed

    assert contracts.step_outcome(event_type, {name: value for name, value in data.items() if value is not None}) == outcome


def test_event_type_without_stream_returns_the_definition_for_events_from_agencies():
    assert contracts.event_type("referral.accepted").stream == "agencies"
    assert contracts.event_type("referral.accepted", "mediation").stream == "mediation"
    with pytest.raises(KeyError):
        contracts.event_type("referral.accepted", "notify")


def test_every_event_type_belongs_to_a_known_stream():
    assert {event_type.stream for event_type in EVENTS.values()} <= {*STREAMS, "agencies"}


@pytest.mark.parametrize(
    ("agency", "type", "expected"),
    [
        ("womens_federation", "dispute.reported", True),
        ("womens_federation", "dispute.screened", True),
        ("womens_federation", "dispute.routed", False),
        ("court-daman", "dispute.routed", True),
        ("mediation_centre", "dispute.routed", True),
        ("police", "dispute.routed", False),
        ("political_legal_committee", "dispute.reported", False),
        ("grid", "dispute.reported", True),
        ("grid", "dispute.screened", False),
        ("peoples_mediation_committee-daman", "agreement.reached", True),
        ("court", "agreement.reached", False),
        ("court", "receipt.accepted", False),
        ("nobody", "dispute.reported", False),
        ("court", "dispute.exploded", False),
    ],
)
def test_an_agency_may_report_the_event_types_of_its_role_only(agency, type, expected):
    assert may_report(agency, type) is expected


def test_agency_codes_are_valid_in_names_of_queues_and_routing_keys():
    for code, agency in AGENCIES.items():
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", code)
        assert agency.role in ROLES and agency.zh and agency.en


def test_parties_and_risk_flags_are_not_in_the_facts_that_intake_publishes():
    report = EVENTS["dispute.reported"].example
    facts = contracts.dump_facts("dispute.reported", load("dispute.reported", report))

    assert not {"parties", "parties_sealed", "risk", "report_no"} & set(facts)
    assert dump("step.reported", {**DOMAIN_EVENTS["step.reported"].example, "step": "dispute.reported", "facts": facts})["facts"] == facts
    with pytest.raises(ValidationError):
        dump("step.reported", {**DOMAIN_EVENTS["step.reported"].example, "step": "dispute.reported", "facts": report})
