"""Tests of the schema validation in the client library: an error names the field and the rule and never contains the wrong value."""

import pytest

from fengqiao_agency import Agency, NotValid, TooLarge
from fengqiao_agency.schemas import known_event_types, validate_event_data

PERSON_NAME, PHONE = "张某某", "13900000000"
REPORT = {
    "report_no": "妇联〔2026〕42号",
    "channel": "walk_in",
    "place": {"township": "620702102"},
    "kind": "family",
    "wants": "mediation",
    "parties": [{"role": "applicant", "name": PERSON_NAME, "phone": PHONE}],
}


def test_client_library_contains_the_json_schemas_of_the_contract():
    assert {"dispute.reported", "agreement.reached", "receipt.accepted"} <= set(known_event_types())
    validate_event_data("dispute.reported", REPORT)


@pytest.mark.parametrize(
    ("change", "field", "in_chinese", "in_english"),
    [
        ({"kind": PERSON_NAME}, "data.kind", "不在允许的取值之内", "not one of the allowed values"),
        ({"place": {}}, "data.place", "缺少必填项 township", "lacks the required field township"),
        ({PERSON_NAME: PHONE}, "data", "未规定的字段", "not in the contract"),
        ({"parties": [{"role": "applicant", "name": PERSON_NAME, "phone": PERSON_NAME}]}, "data.parties.0.phone", "不符合规定的格式", "required pattern"),
        ({"amount_cny": 12000}, "data.amount_cny", "类型应为 string", "must be of type string"),
    ],
)
def test_validation_error_names_the_field_and_the_rule_but_contains_no_personal_data(change, field, in_chinese, in_english):
    with pytest.raises(NotValid) as refusal:
        validate_event_data("dispute.reported", REPORT | change)

    assert refusal.value.field == field
    assert in_chinese in refusal.value.zh and in_english in refusal.value.en
    assert PERSON_NAME not in str(refusal.value) and PHONE not in str(refusal.value)


def test_no_event_of_a_batch_is_stored_if_one_of_its_events_is_invalid(tmp_path):
    agency = Agency("womens_federation", "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))

    with pytest.raises(NotValid):
        agency.report_many([("dispute.reported", "a", REPORT), ("dispute.reported", "b", {})])
    with pytest.raises(TooLarge):
        agency.report("test.happened", "a", {"scan": "x" * 2_000_000})
    assert agency.outbox.count_by_state() == {}
    agency.outbox.close()


CORRECTION = {"event": "e-1", "reason": "wrong_facts", "corrects": "dispute.reported"}
PLACE_AND_KIND = {"place": {"township": "620702102"}, "kind": "family"}
ALL_FACTS = {name: value for name, value in REPORT.items() if name != "report_no"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"facts": ALL_FACTS}, None),
        ({"facts": PLACE_AND_KIND}, "data.facts"),  # `channel` and `wants` are missing
        ({"facts": REPORT}, "data.facts"),  # the report number cannot be corrected
        ({"facts": PLACE_AND_KIND, "reported_by": "police"}, None),
        ({"facts": ALL_FACTS, "reported_by": "police"}, "data.facts"),
        ({"reported_by": "police"}, "data"),
    ],
)
def test_a_correction_of_a_report_has_all_facts_or_place_and_kind_of_another_agencys_report(data, field):
    if field is None:
        validate_event_data("report.corrected", CORRECTION | data)
        return
    with pytest.raises(NotValid) as refusal:
        validate_event_data("report.corrected", CORRECTION | data)
    assert refusal.value.field == field and PERSON_NAME not in str(refusal.value)
