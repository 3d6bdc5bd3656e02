"""Can what an agency sends reach the broker's dead-lettering, which all queues of the node share?"""

import pika
import pytest

from contracts import AGENCIES
from contracts.channels import DEAD_LETTERS, UNROUTED, agency_queue, inbox_of, queue_of
from deploy import broker
from tests.county import wait_until

POLICE_QUEUE, COURT_QUEUE, INTERNAL = agency_queue("police"), agency_queue("court"), queue_of("notify", "mediation", 0)
MALFORMED = {
    "a text": "x",
    "a list of numbers": [1, 2],
    "a list of an empty table": [{}],
    "a table of the wrong types": [{"queue": 7, "reason": 7, "count": "many", "exchange": [], "routing-keys": 7, "time": "never"}],
}


def test_no_queue_that_agencies_write_to_has_dead_letters():
    arguments = {queue["name"]: queue["arguments"] for queue in broker.definitions(dict.fromkeys(["admin", *broker.SERVICES, *AGENCIES], "x"), 2)["queues"]}
    outside = [name(code) for code in AGENCIES for name in (agency_queue, inbox_of)] + [UNROUTED]

    assert [name for name in outside if any("dead-letter" in argument for argument in arguments[name])] == []
    # 100 deaths of a process, with everything prefetched, use up nobody's attempts.
    assert min(arguments[agency_queue(code)]["x-delivery-limit"] for code in AGENCIES) > 1000
    assert arguments[INTERNAL]["x-dead-letter-strategy"] == "at-least-once"  # what only services write to keeps them


@pytest.mark.parametrize("death", MALFORMED.values(), ids=MALFORMED)
def test_an_expired_message_with_a_malformed_death_header_stops_nobody_elses_dead_letters(apart, death):
    """On RabbitMQ 3.10 it ends the dead-letter supervisor of the whole node, where its queue has at-least-once dead letters."""
    apart.purge(POLICE_QUEUE, INTERNAL, DEAD_LETTERS)
    police = apart.channel("police")
    for _ in range(10):
        properties = pika.BasicProperties(delivery_mode=2, user_id="police", expiration="100", headers={"x-death": death})
        police.basic_publish("agencies", "police.dispute.reported", b"{}", properties)
    police.connection.close()
    wait_until(lambda: apart.count(POLICE_QUEUE) == 0, what="the messages expired")

    channel = apart.channel()
    channel.basic_publish("", INTERNAL, b"{}", pika.BasicProperties(delivery_mode=2))
    method, _, _ = next(channel.consume(INTERNAL, inactivity_timeout=10))
    channel.basic_reject(method.delivery_tag, requeue=False)
    channel.connection.close()

    wait_until(lambda: apart.count(DEAD_LETTERS) == 1, what="the rejected message lies among the dead letters")
    apart.purge(DEAD_LETTERS)


def test_deliveries_given_back_more_often_than_any_limit_of_ours_stay_in_an_agencys_queue(apart):
    """A process that dies at each delivery of one agency's message gives back those of the others too."""
    apart.purge(COURT_QUEUE)
    court = apart.channel("court")
    court.basic_publish("agencies", "court.dispute.reported", b"{}", pika.BasicProperties(delivery_mode=2, user_id="court"))
    court.connection.close()

    channel = apart.channel()
    for _ in range(broker.SAFE["x-delivery-limit"] + 5):
        method, _, _ = next(channel.consume(COURT_QUEUE, inactivity_timeout=10))
        channel.basic_reject(method.delivery_tag, requeue=True)
    channel.connection.close()

    wait_until(lambda: apart.count(COURT_QUEUE) == 1, what="the message is still there")
    apart.purge(COURT_QUEUE)
