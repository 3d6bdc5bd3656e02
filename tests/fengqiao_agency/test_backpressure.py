"""A full queue at the hub is no loss: the kit waits and keeps the order of each dispute."""

import time

import pika

from fengqiao_agency import Agency

from .hub import Hub


def test_a_full_queue_slows_the_agency_down_and_loses_nothing(broker, tmp_path):
    agency = Agency("court", broker.uri("court"), str(tmp_path / "outbox.db"))
    reports = [("test.happened", f"d-{d}", {"step": s}, None, f"{d}/{s}") for s in range(2) for d in range(500)]
    agency.report_many(reports)
    agency.start()
    assert agency.outbox.wait_until(lambda: agency._publisher.link.problem == "full", 10)
    time.sleep(0.5)
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        assert connection.channel().queue_declare("intake.agency-events.court", passive=True).method.message_count < 1000

    with Hub(broker.uri(), ["court"]) as hub:
        assert agency.settle(30), agency.outbox.counts()
        for d in range(500):
            assert [e for _, s, e in hub.first_heard() if s == f"d-{d}"] == [f"{d}/{s}" for s in range(2)]
    assert agency.problems() == []
    agency.stop()
    agency.outbox.close()
