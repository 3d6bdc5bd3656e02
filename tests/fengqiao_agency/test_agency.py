"""What an agency may rely on: what it reported is said once, in order, and answered, whatever breaks meanwhile."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pika
import pytest

from fengqiao_agency import Agency, AlreadySaidOtherwise
from tests.county import SETTLE_SECONDS

from .hub import Hub

ROOT = Path(__file__).parents[2]
TYPE = "test.happened"  # a type without a schema: the envelope is the subject here


def test_a_report_is_answered_and_the_code_is_remembered(broker, police):
    with Hub(broker.uri(), ["police"]):
        police.start()
        event = police.report(TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)

    code = police.code_of("110-0001")
    row = police.outbox.find(event)
    assert (row.state, row.dispute) == ("applied", code)
    assert code.startswith("620702-2026-")


def test_a_code_that_changed_is_remembered_in_place_of_the_first(broker, police):
    with Hub(broker.uri(), ["police"]) as hub:
        police.start()
        event = police.report(TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)
        was, now = police.code_of("110-0001"), "620702-2026-000077-0"
        hub.send("police", "receipt.moved", {"event": {"source": "/agencies/police", "id": event}, "dispute": now, "was": was}, "moved-1")
        police.outbox.wait_until(lambda: police.code_of("110-0001") == now, 20)

    row = police.outbox.find(event)
    assert (row.state, row.dispute, police.code_of("110-0001")) == ("applied", now, now)


def test_what_the_hub_took_is_no_longer_kept_here_and_what_it_refused_is(broker, police):
    with Hub(broker.uri(), ["police"], refuse=lambda e: e.get_subject() == "bad", reject=lambda e: e.get_subject() == "early"):
        police.start()
        taken, refused, rejected = (police.report(TYPE, subject, {"said": subject}) for subject in ("good", "bad", "early"))
        assert police.settle(SETTLE_SECONDS)

    assert [police.outbox.find(e).state for e in (taken, refused, rejected)] == ["applied", "refused", "rejected"]
    assert police.outbox.find(refused).reason["zh"] == "不行"
    bodies = dict(police.outbox._rows("select id, body from outbox"))
    assert bodies[taken] is None and bodies[rejected] is None and b"bad" in bodies[refused]


def test_each_receipt_and_notice_is_told_once_however_often_it_comes(broker, police):
    heard = []
    police.on_receipt(heard.append)
    police.on_notice(heard.append)
    with Hub(broker.uri(), ["police"], copies=3) as hub:
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        for _ in range(2):
            hub.send("police", "notice.deadline", {"dispute": "620702-2026-000001-0", "clock": "referral_answer"}, "n-1")
        notices = list(police.notices(wait=1))

    assert [n.type for n in notices] == ["notice.deadline"]
    assert [e.type for e in heard] == ["receipt.accepted", "receipt.applied", "notice.deadline"]
    assert len(list(police.receipts())) == 2


def test_a_message_that_nobody_can_read_is_put_aside_and_stops_nothing(broker, police):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        connection.channel().basic_publish("inboxes", "police", b"\xff{", pika.BasicProperties(content_type="application/cloudevents+json"))
    with Hub(broker.uri(), ["police"]):
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)

    assert police.outbox._rows("select body from unreadable") == [(b"\xff{",)]


def test_the_same_report_twice_is_one_and_another_under_its_id_is_not_taken(police):
    police.report(TYPE, "110-0001", {"n": 1}, id="a")
    police.report(TYPE, "110-0001", {"n": 1}, id="a")

    with pytest.raises(AlreadySaidOtherwise):
        police.report_many([(TYPE, "110-0002", {}), (TYPE, "110-0001", {"n": 2}, None, "a")])
    assert police.outbox.counts() == {"waiting": 1}


def test_killed_between_report_and_publish_the_event_goes_out_later(broker, police):
    script = (
        "import os, signal, sys; from fengqiao_agency import Agency\n"
        "agency = Agency('police', 'amqp://127.0.0.1:1/none', sys.argv[1]); agency.report('test.happened', 's', {}, id='kept')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", script, police.outbox.path], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -signal.SIGKILL

    with Hub(broker.uri(), ["police"]) as hub:
        police.start()
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.heard] == ["kept"]


def test_killed_before_a_receipt_is_acknowledged_it_is_heard_again_and_counted_once(broker, police, monkeypatch):
    hear, calls = police.outbox.hear, []

    def hear_then_lose_the_connection(events, unreadable=()):
        news = hear(events, unreadable)
        calls.append(news)
        if len(calls) == 1:
            raise ConnectionError("after the disk, before the acknowledgement")
        return news

    monkeypatch.setattr(police.outbox, "hear", hear_then_lose_the_connection)
    with Hub(broker.uri(), ["police"]):
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        assert police.outbox.wait_until(lambda: len(calls) > 1, 10)

    assert sum(map(len, calls)) == len(list(police.receipts())) == 2


def test_an_event_that_no_queue_takes_waits_for_a_person(broker, police):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.queue_unbind("intake.agency-events.police", "agencies", "police.#")  # nor does the alternate exchange have a queue here
        police.start()
        first, second = police.report_many([(TYPE, "110-0001", {}), (TYPE, "110-0001", {"then": 1})])
        assert police.outbox.wait_until(lambda: police.outbox.find(first).state == "returned", 10)
        time.sleep(0.5)
        assert police.outbox.find(second).state == "held"
        channel.queue_bind("intake.agency-events.police", "agencies", "police.#")

    with Hub(broker.uri(), ["police"]) as hub:
        assert police.resend() == 1
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.first_heard()] == [first, second]


@contextlib.contextmanager
def _channel(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def test_the_broker_is_killed_while_publishing_and_nothing_is_lost_or_swapped(broker, police):
    disputes, steps = 100, 15
    reports = [(TYPE, f"d-{d}", {"step": s}, None, f"{d}/{s}") for s in range(steps) for d in range(disputes)]

    with _channel(broker) as channel:
        channel.basic_publish("inboxes", "court", b"kept", pika.BasicProperties(delivery_mode=2), mandatory=True)
    with Hub(broker.uri(), ["police"]) as hub:
        police.start()
        writer = threading.Thread(target=lambda: [police.report_many(reports[i : i + 50]) for i in range(0, len(reports), 25)])
        writer.start()
        while len(hub.heard) < 300:
            time.sleep(0.005)
        broker.kill()
        writer.join()
        broker.start()
        assert police.settle(60), police.outbox.counts()

        for d in range(disputes):
            assert [e for _, s, e in hub.first_heard() if s == f"d-{d}"] == [f"{d}/{s}" for s in range(steps)]
    with _channel(broker) as channel:
        assert channel.basic_get("agency.court", auto_ack=True)[2] == b"kept"  # what lay in a queue is there as well


def test_another_process_on_the_same_outbox_has_its_event_sent_too(broker, police):
    with Hub(broker.uri(), ["police"]) as hub:
        police.start()
        other = Agency("police", broker.uri("police"), police.outbox.path)
        other.report(TYPE, "110-0001", {}, id="from-elsewhere")
        other.outbox.close()
        assert police.outbox.wait_until(lambda: hub.heard != [], 10)

        assert police.settle(10)
