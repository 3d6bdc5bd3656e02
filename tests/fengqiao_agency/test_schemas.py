"""What a wrong event is answered before it leaves the house: where and which rule, never what was written there."""

import pytest

from fengqiao_agency import Agency, NotValid, TooLarge
from fengqiao_agency.schemas import known_types, validate

NAME, PHONE = "张某某", "13900000000"
REPORT = {
    "report_no": "妇联〔2026〕42号",
    "channel": "walk_in",
    "place": {"township": "620702102"},
    "kind": "family",
    "wants": "mediation",
    "parties": [{"role": "applicant", "name": NAME, "phone": PHONE}],
}


def test_the_contracts_schemas_are_carried_along():
    assert {"dispute.reported", "agreement.reached", "receipt.accepted"} <= set(known_types())
    validate("dispute.reported", REPORT)


@pytest.mark.parametrize(
    ("wrong", "field", "in_chinese", "in_english"),
    [
        ({"kind": NAME}, "data.kind", "不在允许的取值之内", "not one of the allowed values"),
        ({"place": {}}, "data.place", "缺少必填项 township", "lacks the required township"),
        ({NAME: PHONE}, "data", "未规定的字段", "does not know"),
        ({"parties": [{"role": "applicant", "name": NAME, "phone": NAME}]}, "data.parties.0.phone", "格式不符", "agreed form"),
        ({"amount_cny": 12000}, "data.amount_cny", "类型应为 string", "must be of type string"),
    ],
)
def test_a_mistake_is_named_without_repeating_anybodys_data(wrong, field, in_chinese, in_english):
    with pytest.raises(NotValid) as refusal:
        validate("dispute.reported", REPORT | wrong)

    assert refusal.value.field == field
    assert in_chinese in refusal.value.zh and in_english in refusal.value.en
    assert NAME not in str(refusal.value) and PHONE not in str(refusal.value)


def test_of_a_wrong_batch_nothing_is_taken(tmp_path):
    agency = Agency("womens_federation", "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))

    with pytest.raises(NotValid):
        agency.report_many([("dispute.reported", "a", REPORT), ("dispute.reported", "b", {})])
    with pytest.raises(TooLarge):
        agency.report("test.happened", "a", {"scan": "x" * 2_000_000})
    assert agency.outbox.counts() == {}
    agency.outbox.close()
