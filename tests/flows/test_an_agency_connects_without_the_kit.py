"""An agency publishes over AMQP and reads its inbox queue without the agency client library (kit).

The messages have the format that docs/connecting.md describes, and all consumers of an agency share one queue.
"""

import json
from itertools import count

import pika
import pytest

from tests.county import code_of, structured_event, wait_until

AGENCY = "ip_mediation"  # no other test reads the inbox of this agency
EVENT_NUMBERS = count(1)


@pytest.fixture
def channel(county):
    """Open an AMQP channel of the agency, with publisher confirms."""
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][AGENCY]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    connection.close()


def publish_report(channel, mode: str) -> str:
    """Publish a dispute report in the CloudEvents mode `binary` or `structured`. Return the event's id."""
    event = structured_event(AGENCY, "dispute.reported", id=f"no-kit-{next(EVENT_NUMBERS)}")
    headers, body, content_type = {}, event, "application/cloudevents+json"
    if mode == "binary":
        headers = {f"ce-{name}": value for name, value in event.items() if name not in ("data", "datacontenttype")}
        body, content_type = event["data"], "application/json"
    properties = pika.BasicProperties(content_type=content_type, delivery_mode=2, user_id=AGENCY, headers=headers)
    channel.basic_publish("agencies", f"{AGENCY}.dispute.reported", json.dumps(body), properties)
    return event["id"]


def receive(channel) -> tuple[pika.BasicProperties, dict]:
    """Wait for the next message of the inbox queue, acknowledge it, and return its properties and body."""
    method, properties, body = wait_until(lambda: (found := channel.basic_get(f"agency.{AGENCY}"))[0] and found, what="a message in the inbox")
    channel.basic_ack(method.delivery_tag)
    return properties, json.loads(body)


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_report_in_binary_or_structured_mode_is_answered_with_receipts_in_structured_mode(channel, mode):
    event_id = publish_report(channel, mode)

    answers = [receive(channel), receive(channel)]

    assert [body["type"] for _, body in answers] == ["receipt.accepted", "receipt.applied"]
    for properties, body in answers:
        assert properties.content_type == "application/cloudevents+json"
        assert properties.message_id == body["id"]
        assert body["specversion"] == "1.0"
        assert body["source"] == "/services/intake"
        assert body["causationid"] == event_id
        assert body["data"]["event"] == {"source": f"/agencies/{AGENCY}", "id": event_id}


def test_two_consumers_of_one_agency_share_the_inbox_queue(county, channel):
    received = {"first": [], "second": []}
    consumers = {}
    for name in received:
        consumers[name] = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][AGENCY]["amqp"])).channel()
        consumers[name].basic_qos(prefetch_count=1)

        def on_message(own, method, _properties, body, name=name):
            received[name].append(json.loads(body)["id"])
            own.basic_ack(method.delivery_tag)

        consumers[name].basic_consume(f"agency.{AGENCY}", on_message)

    for _ in range(20):
        publish_report(channel, "structured")

    def all_receipts_arrived():
        for consumer in consumers.values():
            consumer.connection.process_data_events(time_limit=0.05)
        return len(received["first"]) + len(received["second"]) >= 40

    wait_until(all_receipts_arrived, what="forty receipts")
    for consumer in consumers.values():
        consumer.connection.close()
    assert received["first"] and received["second"]
    assert not set(received["first"]) & set(received["second"])


def test_an_agency_may_not_read_another_agencys_inbox(channel):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refusal:
        channel.basic_get(f"agency.{code_of('court')}")

    assert refusal.value.reply_code == 403
