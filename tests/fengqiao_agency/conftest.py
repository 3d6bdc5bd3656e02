"""Fixtures of the client library's tests: a broker that a test may kill, and agency `police` with an empty outbox and empty queues."""

import pika
import pytest

from fengqiao_agency import Agency

from .broker import BrokerVhost


@pytest.fixture(scope="session")
def broker(killable_servers):
    return BrokerVhost(killable_servers, "fengqiao_kit")


@pytest.fixture
def police(broker, tmp_path):
    _purge_queues(broker)
    agency = Agency("police", broker.uri("police"), str(tmp_path / "outbox.db"))
    yield agency
    agency.stop()
    agency.outbox.close()


def _purge_queues(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        for queue in ("intake.agency-events.police", "agency.police"):
            channel.queue_purge(queue)
