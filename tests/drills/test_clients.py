"""Tests of the clients through which the drill's producers send events: an event counts as acknowledged only after the broker's confirm."""

import pytest

from contracts.channels import agency_queue
from drills.clients import PikaClient, SentEvent
from drills.tcp_proxies import tcp_proxy

EVENTS = [SentEvent("police", f"clients-{number}", "dispute.reported", f"R-{number}", "2026-03-02T10:00:00+08:00", {}) for number in range(40)]


@pytest.fixture
def broker_proxy(sandbox):
    sandbox.purge(agency_queue("police"))
    with tcp_proxy(sandbox.amqp("police")) as proxy:
        yield proxy
    sandbox.purge(agency_queue("police"))


def test_a_client_sends_many_events_before_it_waits_and_all_of_them_arrive_once(sandbox, broker_proxy):
    client = PikaClient({"police": broker_proxy.url_through_proxy(sandbox.amqp("police"))})
    try:
        assert client.send(EVENTS) == {}
    finally:
        client.close()

    assert [properties.message_id for _, properties, _ in sandbox.take_all(agency_queue("police"))] == [event.id for event in EVENTS]


def test_events_are_not_acknowledged_if_the_connection_breaks_and_are_acknowledged_after_it_is_restored(sandbox, broker_proxy):
    client = PikaClient({"police": broker_proxy.url_through_proxy(sandbox.amqp("police"))})
    try:
        assert client.send(EVENTS[:1]) == {}
        broker_proxy.interrupt_connections()
        assert client.send(EVENTS).keys() == {event.id for event in EVENTS}

        broker_proxy.undo_changes()
        assert client.send(EVENTS) == {}
    finally:
        client.close()
