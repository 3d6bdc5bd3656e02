"""Tests of dead letters: messages of agencies cannot disturb the broker's dead-lettering, which all queues of the node share."""

import pika
import pytest

from contracts import AGENCIES
from contracts.channels import DEAD_LETTERS, UNROUTED, agency_queue, inbox_of, queue_of
from deploy import broker
from tests.county import wait_until

POLICE_QUEUE, COURT_QUEUE, SERVICE_QUEUE = agency_queue("police"), agency_queue("court"), queue_of("notify", "mediation", 0)
MALFORMED_DEATH_HEADERS = {
    "a text": "x",
    "a list of numbers": [1, 2],
    "a list of an empty table": [{}],
    "a table of the wrong types": [{"queue": 7, "reason": 7, "count": "many", "exchange": [], "routing-keys": 7, "time": "never"}],
}


def test_queues_to_which_agencies_publish_have_no_dead_letters():
    arguments = {queue["name"]: queue["arguments"] for queue in broker.definitions(dict.fromkeys(["admin", *broker.SERVICES, *AGENCIES], "x"), 2)["queues"]}
    agency_queues = [name(code) for code in AGENCIES for name in (agency_queue, inbox_of)] + [UNROUTED]

    assert [name for name in agency_queues if any("dead-letter" in argument for argument in arguments[name])] == []
    # The delivery limit must not be reached by a message that is requeued at a hundred deaths of the consuming process.
    assert min(arguments[agency_queue(code)]["x-delivery-limit"] for code in AGENCIES) > 1000
    assert arguments[SERVICE_QUEUE]["x-dead-letter-strategy"] == "at-least-once"  # a queue to which only services publish has dead letters


@pytest.mark.parametrize("death_header", MALFORMED_DEATH_HEADERS.values(), ids=MALFORMED_DEATH_HEADERS)
def test_expired_agency_message_with_a_malformed_x_death_header_does_not_stop_dead_lettering(sandbox, death_header):
    """If the agency's queue had dead letters with strategy at-least-once, RabbitMQ 3.10 would stop dead-lettering for the whole node."""
    sandbox.purge(POLICE_QUEUE, SERVICE_QUEUE, DEAD_LETTERS)
    police = sandbox.channel("police")
    for _ in range(10):
        properties = pika.BasicProperties(delivery_mode=2, user_id="police", expiration="100", headers={"x-death": death_header})
        police.basic_publish("agencies", "police.dispute.reported", b"{}", properties)
    police.connection.close()
    wait_until(lambda: sandbox.count(POLICE_QUEUE) == 0, what="the messages expired")

    channel = sandbox.channel()
    channel.basic_publish("", SERVICE_QUEUE, b"{}", pika.BasicProperties(delivery_mode=2))
    method, _, _ = next(channel.consume(SERVICE_QUEUE, inactivity_timeout=10))
    channel.basic_reject(method.delivery_tag, requeue=False)
    channel.connection.close()

    wait_until(lambda: sandbox.count(DEAD_LETTERS) == 1, what="the rejected message is in the dead letters")
    sandbox.purge(DEAD_LETTERS)


def test_agency_message_requeued_more_often_than_the_limit_of_service_queues_stays_in_its_queue(sandbox):
    """If a service process dies at each delivery of one agency's message, the broker also requeues messages of other agencies."""
    sandbox.purge(COURT_QUEUE)
    court = sandbox.channel("court")
    court.basic_publish("agencies", "court.dispute.reported", b"{}", pika.BasicProperties(delivery_mode=2, user_id="court"))
    court.connection.close()

    channel = sandbox.channel()
    for _ in range(broker.SERVICE_QUEUE_ARGUMENTS["x-delivery-limit"] + 5):
        method, _, _ = next(channel.consume(COURT_QUEUE, inactivity_timeout=10))
        channel.basic_reject(method.delivery_tag, requeue=True)
    channel.connection.close()

    wait_until(lambda: sandbox.count(COURT_QUEUE) == 1, what="the message is still there")
    sandbox.purge(COURT_QUEUE)
