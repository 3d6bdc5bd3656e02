"""An agency sends messages with headers or bodies that cannot be decoded. Each message gets a receipt, and other agencies are not affected.

The receipt contains the id of the message. No OS process ends, nothing is parked, and other agencies get their receipts.
"""

import json
import time

import httpx
import pika
import pytest

from contracts.channels import AGENCIES_EXCHANGE
from tests.county import DAMAN_TOWN, wait_until
from tests.raw_properties import RawProperties, header_field, nested_value, raw_properties, text_field, timestamp_field

AGENCY = "grid"


def report_data(number: str) -> dict:
    """Return the data of a dispute report with this report number."""
    return {"report_no": number, "channel": "grid", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}


def attribute_headers(number: str) -> list[bytes]:
    """Return the attributes of a CloudEvent as encoded AMQP headers, for binary mode."""
    attributes = {
        "specversion": "1.0",
        "id": number,
        "source": f"/agencies/{AGENCY}",
        "type": "dispute.reported",
        "subject": number,
        "time": "2026-11-20T02:00:00Z",
    }
    return [text_field(f"ce-{name}", value) for name, value in attributes.items()]


def deeply_nested_report(number: str, levels: int) -> bytes:
    """Return the JSON of a dispute report with an unknown field nested `levels` deep."""
    return json.dumps(report_data(number) | {"note": "HERE"}).encode().replace(b'"HERE"', b"[" * levels + b"]" * levels)


# Each row describes a message that is hard to decode: additional AMQP headers, the body for a report number, and the types of the expected receipts.
# fmt: off
MESSAGES = {
    # message                               additional headers                               body                        expected receipts
    "a timestamp in milliseconds":         ([timestamp_field("sent-at", 1764162000000)],     lambda number: json.dumps(report_data(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a header table nested 1,500 deep":    ([header_field("deep", "F", nested_value(1500))],              lambda number: json.dumps(report_data(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a header list nested 1,500 deep":     ([header_field("deep", "A", nested_value(1500, "A"))],         lambda number: json.dumps(report_data(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a body nested 990 deep":              ([],                                              lambda number: deeply_nested_report(number, 990), ["receipt.refused"]),
    "a body nested 100,000 deep":          ([],                                              lambda number: deeply_nested_report(number, 100_000), ["receipt.refused"]),
}
# fmt: on


@pytest.fixture(scope="module")
def sent_messages(county):
    """Publish all MESSAGES over one connection, with dispute reports of another agency in between.

    Return the event ids by message, the other agency's reports, and how often each OS process had been started before.
    """
    starts = {name: county.system.start_count(name) for name in county.system.names}
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][AGENCY]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    numbers, others = {}, []
    for what, (headers, body, _) in MESSAGES.items():
        number = numbers[what] = f"GRID-{time.time_ns()}"
        properties = raw_properties(*headers, *attribute_headers(number), content_type="application/json", message_id=number, user_id=AGENCY)
        channel.basic_publish(AGENCIES_EXCHANGE, f"{AGENCY}.dispute.reported", body(number), RawProperties(properties))
        others.append(county.womens_federation.reports_dispute())
    connection.close()
    return numbers, others, starts


def receipts_of_event(county, number):
    rows = county.rows("select body from intake.receipts where agency = %s order by position", AGENCY)
    return [receipt for receipt in (json.loads(bytes(body)) for (body,) in rows) if receipt["data"]["event"]["id"] == number]


@pytest.mark.parametrize("what", MESSAGES)
def test_each_message_that_is_hard_to_decode_gets_the_expected_receipts_with_its_id(county, sent_messages, what):
    expected = MESSAGES[what][2]
    receipts = wait_until(lambda: len(found := receipts_of_event(county, sent_messages[0][what])) == len(expected) and found, what="expected receipts")

    assert [receipt["type"] for receipt in receipts] == expected
    if expected == ["receipt.refused"]:
        assert receipts[0]["data"]["reason"]["code"] == "too_deep"


def test_other_agencies_get_receipts_while_one_agency_sends_undecodable_messages(county, sent_messages):
    county.settle()

    assert [other.receipts for other in sent_messages[1]] == [["receipt.accepted", "receipt.applied"]] * len(MESSAGES)


def test_undecodable_messages_stop_no_os_process_and_are_not_parked(county, sent_messages):
    county.settle()

    assert {name: county.system.start_count(name) for name in county.system.names} == sent_messages[2]
    assert county.rows("select count(*) from intake.parked") == [(0,)] and county.count_dead_letters() == 0


def test_an_undecodable_message_gets_the_same_reason_over_http_as_over_amqp(county, sent_messages):
    """The message is sent over AMQP in binary mode first, then twice over HTTP."""
    number = sent_messages[0]["a body nested 990 deep"]
    (first,) = receipts_of_event(county, number)
    headers = {"Content-Type": "application/json", **county._token(AGENCY), "ce-id": number, "ce-specversion": "1.0", "ce-source": f"/agencies/{AGENCY}"}
    answers = [httpx.post(f"{county.system.endpoints['door']}/events", content=deeply_nested_report(number, 990), headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {answer.json()["data"]["reason"]["code"] for answer in answers} == {first["data"]["reason"]["code"]}
