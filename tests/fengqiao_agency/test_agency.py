"""Tests of the client library: every reported event is published once, in order, and answered, also after crashes of the agency or the broker."""

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

from fengqiao_agency import Agency, IdAlreadyUsed
from tests.county import SETTLE_SECONDS

from .fake_hub import FakeHub

ROOT = Path(__file__).parents[2]
TYPE = "test.happened"  # an event type without a schema: these tests concern the envelope and the order


def test_report_is_answered_and_the_dispute_code_is_stored(broker, police):
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        event = police.report(TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)

    code = police.code_of("110-0001")
    row = police.outbox.find(event)
    assert (row.state, row.dispute) == ("applied", code)
    assert code.startswith("620702-2026-")


def test_changed_dispute_code_replaces_the_stored_code(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        event = police.report(TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)
        first_code, new_code = police.code_of("110-0001"), "620702-2026-000077-0"
        hub.send("police", "receipt.moved", {"event": {"source": "/agencies/police", "id": event}, "dispute": new_code, "was": first_code}, "moved-1")
        police.outbox.wait_until(lambda: police.code_of("110-0001") == new_code, 20)

    row = police.outbox.find(event)
    assert (row.state, row.dispute, police.code_of("110-0001")) == ("applied", new_code, new_code)


def test_body_of_an_accepted_event_is_deleted_and_of_a_refused_event_is_kept(broker, police):
    with FakeHub(broker.uri(), ["police"], refuse=lambda e: e.get_subject() == "bad", reject=lambda e: e.get_subject() == "early"):
        police.start()
        accepted, refused, rejected = (police.report(TYPE, subject, {"text": subject}) for subject in ("good", "bad", "early"))
        assert police.settle(SETTLE_SECONDS)

    assert [police.outbox.find(e).state for e in (accepted, refused, rejected)] == ["applied", "refused", "rejected"]
    assert police.outbox.find(refused).reason["zh"] == "不行"
    bodies = dict(police.outbox._query("select id, body from outbox"))
    assert bodies[accepted] is None and bodies[rejected] is None and b"bad" in bodies[refused]


def test_callbacks_run_once_for_a_receipt_or_notice_delivered_repeatedly(broker, police):
    heard = []
    police.on_receipt(heard.append)
    police.on_notice(heard.append)
    with FakeHub(broker.uri(), ["police"], copies=3) as hub:
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        for _ in range(2):
            hub.send("police", "notice.deadline", {"dispute": "620702-2026-000001-0", "clock": "referral_answer"}, "n-1")
        notices = list(police.notices(wait=1))

    assert [n.type for n in notices] == ["notice.deadline"]
    assert [e.type for e in heard] == ["receipt.accepted", "receipt.applied", "notice.deadline"]
    assert len(list(police.receipts())) == 2


def test_unreadable_inbox_message_is_stored_and_later_messages_are_processed(broker, police):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        connection.channel().basic_publish("inboxes", "police", b"\xff{", pika.BasicProperties(content_type="application/cloudevents+json"))
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)

    assert police.outbox._query("select body from unreadable") == [(b"\xff{",)]


def test_repeated_report_is_stored_once_and_other_content_under_its_id_is_refused(police):
    police.report(TYPE, "110-0001", {"n": 1}, id="a")
    police.report(TYPE, "110-0001", {"n": 1}, id="a")

    with pytest.raises(IdAlreadyUsed):
        police.report_many([(TYPE, "110-0002", {}), (TYPE, "110-0001", {"n": 2}, None, "a")])
    assert police.outbox.count_by_state() == {"waiting": 1}


def test_event_reported_before_a_kill_is_published_after_the_restart(broker, police):
    script = (
        "import os, signal, sys; from fengqiao_agency import Agency\n"
        "agency = Agency('police', 'amqp://127.0.0.1:1/none', sys.argv[1]); agency.report('test.happened', 's', {}, id='kept')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", script, police.outbox.path], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -signal.SIGKILL

    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.received] == ["kept"]


def test_receipt_redelivered_after_a_lost_acknowledgement_is_stored_once(broker, police, monkeypatch):
    store, calls = police.outbox.store_messages, []

    def store_then_lose_the_connection(events, unreadable=()):
        new_messages = store(events, unreadable)
        calls.append(new_messages)
        if len(calls) == 1:
            raise ConnectionError("stored, but not acknowledged")
        return new_messages

    monkeypatch.setattr(police.outbox, "store_messages", store_then_lose_the_connection)
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        police.report(TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        assert police.outbox.wait_until(lambda: len(calls) > 1, 10)

    assert sum(map(len, calls)) == len(list(police.receipts())) == 2


def test_unroutable_event_and_its_dispute_wait_until_resend(broker, police):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.queue_unbind("intake.agency-events.police", "agencies", "police.#")  # the alternate exchange has no queue in this virtual host either
        police.start()
        first, second = police.report_many([(TYPE, "110-0001", {}), (TYPE, "110-0001", {"then": 1})])
        assert police.outbox.wait_until(lambda: police.outbox.find(first).state == "returned", 10)
        time.sleep(0.5)
        assert police.outbox.find(second).state == "held"
        channel.queue_bind("intake.agency-events.police", "agencies", "police.#")

    with FakeHub(broker.uri(), ["police"]) as hub:
        assert police.resend() == 1
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.received_once()] == [first, second]


@contextlib.contextmanager
def _channel(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def test_broker_kill_during_publishing_loses_and_reorders_no_event(broker, police):
    disputes, steps = 100, 15
    reports = [(TYPE, f"d-{d}", {"step": s}, None, f"{d}/{s}") for s in range(steps) for d in range(disputes)]

    with _channel(broker) as channel:
        channel.basic_publish("inboxes", "court", b"kept", pika.BasicProperties(delivery_mode=2), mandatory=True)
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        writer = threading.Thread(target=lambda: [police.report_many(reports[i : i + 50]) for i in range(0, len(reports), 25)])
        writer.start()
        while len(hub.received) < 300:
            time.sleep(0.005)
        broker.kill()
        writer.join()
        broker.start()
        assert police.settle(60), police.outbox.count_by_state()

        for d in range(disputes):
            assert [e for _, s, e in hub.received_once() if s == f"d-{d}"] == [f"{d}/{s}" for s in range(steps)]
    with _channel(broker) as channel:
        assert channel.basic_get("agency.court", auto_ack=True)[2] == b"kept"  # messages that were in a queue before the kill are still there


def test_event_added_by_another_process_to_the_same_outbox_is_published(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        other = Agency("police", broker.uri("police"), police.outbox.path)
        other.report(TYPE, "110-0001", {}, id="from-elsewhere")
        other.outbox.close()
        assert police.outbox.wait_until(lambda: hub.received != [], 10)

        assert police.settle(10)
