"""Tests of publishing to a full queue: the client library waits, loses no event and keeps the order of the events of each dispute."""

import time

import pika

from fengqiao_agency import Agency

from .fake_hub import FakeHub


def test_events_wait_in_the_outbox_while_the_hubs_queue_is_full_and_none_is_lost(broker, tmp_path):
    agency = Agency("court", broker.uri("court"), str(tmp_path / "outbox.db"))
    reports = [("test.happened", f"d-{d}", {"step": s}, None, f"{d}/{s}") for s in range(2) for d in range(500)]
    agency.report_many(reports)
    agency.start()
    assert agency.outbox.wait_until(lambda: agency._publisher.connection.problem == "full", 10)
    time.sleep(0.5)
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        assert connection.channel().queue_declare("intake.agency-events.court", passive=True).method.message_count < 1000

    with FakeHub(broker.uri(), ["court"]) as hub:
        assert agency.settle(30), agency.outbox.count_by_state()
        for d in range(500):
            assert [e for _, s, e in hub.received_without_repeats() if s == f"d-{d}"] == [f"{d}/{s}" for s in range(2)]
    assert agency.problems() == []
    agency.stop()
    agency.outbox.close()
