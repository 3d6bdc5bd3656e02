"""Is every event defined whole: schema, speaker, names, an example that holds?"""

import re

import pytest
from marshmallow import RAISE, ValidationError, fields, validate

import contracts
from contracts import ABOUT_THE_ROSTER, AGENCIES, AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, FACTS, ROLES, STEPS, STREAMS, dump, load, may_say, safeguard
from contracts.fields import Form, Sentence
from contracts.step_facts import StepFacts, facts_schema
from contracts.steps import ORDINARY
from tests.contracts.rows import ROWS, changed, name_of, places_in

every_event = pytest.mark.parametrize("row", ROWS, ids=name_of)


@every_event
def test_its_example_can_be_said_and_heard_and_said_again(row):
    understood = load(row.type, row.example, row.stream)

    assert dump(row.type, row.example, row.stream) == row.example
    assert dump(row.type, understood, row.stream) == row.example


@every_event
def test_an_unknown_field_is_passed_over_when_heard_and_refused_when_said(row):
    inside = [path for path in places_in(row.example) if isinstance(_at(row.example, path), dict)]
    for path in [(), *inside]:
        with_more = {**row.example, "later": 1} if not path else changed(row.example, path, {**_at(row.example, path), "later": 1})

        assert load(row.type, with_more, row.stream) == load(row.type, row.example, row.stream)
        with pytest.raises(ValidationError):
            dump(row.type, with_more, row.stream)


def _at(data, path):
    for key in path:
        data = data[key]
    return data


@every_event
def test_it_is_a_past_fact_with_a_name_in_both_languages(row):
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", row.type)
    assert re.search(r"[\u4e00-\u9fff]", row.zh)
    assert re.fullmatch(r"[ -~]+", row.en)


@pytest.mark.parametrize("row", AGENCY_EVENTS.values(), ids=name_of)
def test_its_speakers_are_known_roles(row):
    assert row.allowed_roles and row.allowed_roles <= set(ROLES)


@pytest.mark.parametrize("row", DOMAIN_EVENTS.values(), ids=name_of)
def test_a_domain_event_has_no_room_for_free_text(row):
    free = list(_free_texts(row.schema(), row.type))

    assert free == []


@pytest.mark.parametrize("step", ORDINARY.values(), ids=lambda step: step.type)
def test_the_facts_of_a_step_have_no_room_for_free_text(step):
    assert list(_free_texts(facts_schema(step, RAISE), step.type)) == []


def _free_texts(schema, path):
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        where = f"{path}.{name}"
        if isinstance(inner, fields.Nested):
            yield from _free_texts(inner.schema, where)
        elif isinstance(inner, fields.String) and not isinstance(inner, Sentence):
            if not any(isinstance(rule, (validate.OneOf, Form)) for rule in inner.validators):
                yield where
        elif type(inner) in (fields.Field, fields.Raw, fields.Dict) or (type(inner).__module__ != "contracts.fields" and not isinstance(inner, StepFacts)):
            yield where


def test_a_reason_inside_a_domain_event_is_one_of_the_sentences_and_nothing_else():
    refused = DOMAIN_EVENTS["step.refused"].example
    told = changed(refused, ("reason", "zh"), "张三住在大满镇")

    with pytest.raises(ValidationError) as error:
        dump("step.refused", told)

    assert contracts.mistakes_in(error.value)[0].token == "not_the_sentence"


def test_mediation_confirms_every_step_but_the_report():
    assert set(FACTS) == set(STEPS) - {"dispute.reported"}
    assert set(STEPS) == set(AGENCY_EVENTS) - set(safeguard.STEPS) - set(ABOUT_THE_ROSTER) == set(ORDINARY)


@pytest.mark.parametrize("word", safeguard.STEPS)
def test_no_ordinary_voice_can_say_a_word_of_the_lane(word):
    """What is in the lane is invisible elsewhere by construction: the schemas of the ordinary voices do not have its words."""
    assert word not in DOMAIN_EVENTS
    for type in ("step.reported", "step.applied", "step.refused"):
        with pytest.raises(ValidationError):
            dump(type, {**DOMAIN_EVENTS[type].example, "step": word}, DOMAIN_EVENTS[type].stream)
    with pytest.raises(KeyError):
        dump("safeguard.held", contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example, "mediation")


def test_a_word_that_two_speak_means_the_agencies_unless_mediation_is_named():
    assert contracts.event_type("referral.accepted").stream == "agencies"
    assert contracts.event_type("referral.accepted", "mediation").stream == "mediation"
    with pytest.raises(KeyError):
        contracts.event_type("referral.accepted", "notify")


def test_every_speaker_is_a_service_or_the_agencies():
    assert {row.stream for row in EVENTS.values()} <= {*STREAMS, "agencies"}


@pytest.mark.parametrize(
    ("agency", "type", "may"),
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
def test_who_may_say_what(agency, type, may):
    assert may_say(agency, type) is may


def test_agency_codes_are_tokens_that_the_broker_can_tell_apart():
    for code, agency in AGENCIES.items():
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", code)
        assert agency.role in ROLES and agency.zh and agency.en


def test_parties_and_risks_do_not_get_past_intake():
    report = EVENTS["dispute.reported"].example
    facts = contracts.dump_facts("dispute.reported", load("dispute.reported", report))

    assert not {"parties", "parties_sealed", "risk", "report_no"} & set(facts)
    assert dump("step.reported", {**DOMAIN_EVENTS["step.reported"].example, "step": "dispute.reported", "facts": facts})["facts"] == facts
    with pytest.raises(ValidationError):
        dump("step.reported", {**DOMAIN_EVENTS["step.reported"].example, "step": "dispute.reported", "facts": report})
