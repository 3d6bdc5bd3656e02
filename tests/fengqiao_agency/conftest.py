"""The kit's own fixtures: a broker that may be killed, and an agency with a fresh outbox on it."""

import pika
import pytest

from fengqiao_agency import Agency

from .broker import Broker


@pytest.fixture(scope="session")
def broker(killable):
    return Broker(killable, "fengqiao_kit")


@pytest.fixture
def police(broker, tmp_path):
    _empty(broker)
    agency = Agency("police", broker.uri("police"), str(tmp_path / "outbox.db"))
    yield agency
    agency.stop()
    agency.outbox.close()


def _empty(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        for queue in ("intake.agency-events.police", "agency.police"):
            channel.queue_purge(queue)
