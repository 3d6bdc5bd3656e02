"""An agency sends messages with headers and bodies that decoders fail on. Each gets a receipt, and nobody else is affected.

The receipt names the id with which the message was sent. No process ends, nothing is parked, and other agencies are answered.
"""

import json
import time

import httpx
import pika
import pytest

from contracts.channels import AGENCIES_EXCHANGE
from tests.county import DAMAN_TOWN, wait_until
from tests.raw_properties import RawProperties, field, nested, raw_properties, text_field, timestamp_field

AGENCY = "grid"


def report(number: str) -> dict:
    return {"report_no": number, "channel": "grid", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}


def attributes(number: str) -> list[bytes]:
    """Return a CloudEvent's attributes as encoded AMQP headers (binary mode)."""
    known = {"specversion": "1.0", "id": number, "source": f"/agencies/{AGENCY}", "type": "dispute.reported", "subject": number, "time": "2026-11-20T02:00:00Z"}
    return [text_field(f"ce-{name}", value) for name, value in known.items()]


def deep(number: str, levels: int) -> bytes:
    """Return the JSON of a report with an unknown field nested `levels` deep."""
    return json.dumps(report(number) | {"note": "HERE"}).encode().replace(b'"HERE"', b"[" * levels + b"]" * levels)


# fmt: off
MESSAGES = {
    # message                               its additional headers                           body                        expected receipts
    "a timestamp in milliseconds":         ([timestamp_field("sent-at", 1764162000000)],     lambda number: json.dumps(report(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a header table nested 1,500 deep":    ([field("deep", "F", nested(1500))],              lambda number: json.dumps(report(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a header list nested 1,500 deep":     ([field("deep", "A", nested(1500, "A"))],         lambda number: json.dumps(report(number)).encode(), ["receipt.accepted", "receipt.applied"]),
    "a body nested 990 deep":              ([],                                              lambda number: deep(number, 990), ["receipt.refused"]),
    "a body nested 100,000 deep":          ([],                                              lambda number: deep(number, 100_000), ["receipt.refused"]),
}
# fmt: on


@pytest.fixture(scope="module")
def sent(county):
    """Publish every message over one connection, with reports of another agency in between. Return the ids by message, the other reports, and the starts of each
    process before."""
    starts = {name: county.system.start_count(name) for name in county.system.names}
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][AGENCY]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    numbers, others = {}, []
    for what, (headers, body, _) in MESSAGES.items():
        number = numbers[what] = f"GRID-{time.time_ns()}"
        properties = raw_properties(*headers, *attributes(number), content_type="application/json", message_id=number, user_id=AGENCY)
        channel.basic_publish(AGENCIES_EXCHANGE, f"{AGENCY}.dispute.reported", body(number), RawProperties(properties))
        others.append(county.womens_federation.reports_dispute())
    connection.close()
    return numbers, others, starts


def receipts_of(county, number):
    rows = county.rows("select body from intake.receipts where agency = %s order by position", AGENCY)
    return [receipt for receipt in (json.loads(bytes(body)) for (body,) in rows) if receipt["data"]["event"]["id"] == number]


@pytest.mark.parametrize("what", MESSAGES)
def test_each_undecodable_message_gets_a_receipt_with_its_id(county, sent, what):
    expected = MESSAGES[what][2]
    receipts = wait_until(lambda: len(found := receipts_of(county, sent[0][what])) == len(expected) and found, what="expected receipts")

    assert [receipt["type"] for receipt in receipts] == expected
    if expected == ["receipt.refused"]:
        assert receipts[0]["data"]["reason"]["code"] == "too_deep"


def test_other_agencies_are_answered_while_one_sends_undecodable_messages(county, sent):
    county.settle()

    assert [other.receipts for other in sent[1]] == [["receipt.accepted", "receipt.applied"]] * len(MESSAGES)


def test_undecodable_messages_stop_no_process_and_nothing_is_parked(county, sent):
    county.settle()

    assert {name: county.system.start_count(name) for name in county.system.names} == sent[2]
    assert county.rows("select count(*) from intake.parked") == [(0,)] and county.dead_letters() == 0


def test_a_repeated_message_gets_the_same_receipt_over_amqp_and_http(county, sent):
    """First over AMQP in binary mode, then over HTTP."""
    number = sent[0]["a body nested 990 deep"]
    (first,) = receipts_of(county, number)
    headers = {"Content-Type": "application/json", **county._token(AGENCY), "ce-id": number, "ce-specversion": "1.0", "ce-source": f"/agencies/{AGENCY}"}
    answers = [httpx.post(f"{county.system.endpoints['door']}/events", content=deep(number, 990), headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {answer.json()["data"]["reason"]["code"] for answer in answers} == {first["data"]["reason"]["code"]}
