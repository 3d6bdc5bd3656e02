"""Tests of every event type: schema, names, example, publisher, and the roles that may report it."""

import re

import pytest
from marshmallow import RAISE, ValidationError, fields, validate

import contracts
from contracts import AGENCIES, AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, FACTS, ROLES, ROSTER_STEP_NAMES, STEPS, STREAMS, dump, load, may_report, safeguard
from contracts.fields import FullMatch, Sentence
from contracts.step_facts import StepFacts, facts_schema
from contracts.steps import ORDINARY
from tests.contracts.rows import ROWS, name_of, paths_in, with_value_at

every_event = pytest.mark.parametrize("row", ROWS, ids=name_of)


@every_event
def test_the_example_can_be_loaded_and_dumped_without_change(row):
    loaded = load(row.type, row.example, row.stream)

    assert dump(row.type, row.example, row.stream) == row.example
    assert dump(row.type, loaded, row.stream) == row.example


@every_event
def test_an_unknown_field_is_ignored_by_load_and_refused_by_dump(row):
    inside = [path for path in paths_in(row.example) if isinstance(_value_at(row.example, path), dict)]
    for path in [(), *inside]:
        with_more = {**row.example, "later": 1} if not path else with_value_at(row.example, path, {**_value_at(row.example, path), "later": 1})

        assert load(row.type, with_more, row.stream) == load(row.type, row.example, row.stream)
        with pytest.raises(ValidationError):
            dump(row.type, with_more, row.stream)


def _value_at(data, path):
    for key in path:
        data = data[key]
    return data


@every_event
def test_an_event_type_has_a_two_part_name_and_a_title_in_both_languages(row):
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", row.type)
    assert re.search(r"[\u4e00-\u9fff]", row.zh)
    assert re.fullmatch(r"[ -~]+", row.en)


@pytest.mark.parametrize("row", AGENCY_EVENTS.values(), ids=name_of)
def test_an_agency_event_may_be_reported_by_known_roles_only(row):
    assert row.allowed_roles and row.allowed_roles <= set(ROLES)


@pytest.mark.parametrize("row", DOMAIN_EVENTS.values(), ids=name_of)
def test_a_domain_event_has_no_free_text_field(row):
    free = list(_free_texts(row.schema(), row.type))

    assert free == []


@pytest.mark.parametrize("step", ORDINARY.values(), ids=lambda step: step.type)
def test_the_facts_of_a_step_have_no_free_text_field(step):
    assert list(_free_texts(facts_schema(step, RAISE), step.type)) == []


def _free_texts(schema, path):
    """Yield the path of every field that could hold free text."""
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        where = f"{path}.{name}"
        if isinstance(inner, fields.Nested):
            yield from _free_texts(inner.schema, where)
        elif isinstance(inner, fields.String) and not isinstance(inner, Sentence):
            if not any(isinstance(rule, (validate.OneOf, FullMatch)) for rule in inner.validators):
                yield where
        elif type(inner) in (fields.Field, fields.Raw, fields.Dict) or (type(inner).__module__ != "contracts.fields" and not isinstance(inner, StepFacts)):
            yield where


def test_dump_refuses_a_reason_whose_sentence_is_not_in_the_contract():
    refused = DOMAIN_EVENTS["step.refused"].example
    changed = with_value_at(refused, ("reason", "zh"), "张三住在大满镇")

    with pytest.raises(ValidationError) as error:
        dump("step.refused", changed)

    assert contracts.mistakes_in(error.value)[0].token == "not_the_sentence"


def test_mediation_confirms_every_step_except_the_report_of_a_dispute():
    assert set(FACTS) == set(STEPS) - {"dispute.reported"}
    assert set(STEPS) == set(AGENCY_EVENTS) - set(safeguard.STEPS) - set(ROSTER_STEP_NAMES) == set(ORDINARY)


@pytest.mark.parametrize("lane_step", safeguard.STEPS)
def test_events_of_ordinary_streams_cannot_contain_a_step_of_the_safeguard_lane(lane_step):
    """The schemas of the ordinary streams do not contain the event types of the lane, so that no service can reveal one by mistake."""
    assert lane_step not in DOMAIN_EVENTS
    for type in ("step.reported", "step.applied", "step.refused"):
        with pytest.raises(ValidationError):
            dump(type, {**DOMAIN_EVENTS[type].example, "step": lane_step}, DOMAIN_EVENTS[type].stream)
    with pytest.raises(KeyError):
        dump("safeguard.held", contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example, "mediation")


def test_a_type_of_agencies_and_mediation_means_the_agencies_event_without_a_stream():
    assert contracts.event_type("referral.accepted").stream == "agencies"
    assert contracts.event_type("referral.accepted", "mediation").stream == "mediation"
    with pytest.raises(KeyError):
        contracts.event_type("referral.accepted", "notify")


def test_every_event_type_belongs_to_a_service_stream_or_to_agencies():
    assert {row.stream for row in EVENTS.values()} <= {*STREAMS, "agencies"}


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


def test_agency_codes_are_valid_in_names_on_the_broker():
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
