"""Tests of the client library: reported events reach the hub in order, and each is answered, also after a crash of the agency's process or the broker."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pika
import pytest

from fengqiao_agency import Agency, IdAlreadyUsed
from tests.county import SETTLE_SECONDS

from .broker import BrokerVhost
from .fake_hub import FakeHub

ROOT = Path(__file__).parents[2]
EVENT_TYPE = "test.happened"  # an event type that is not in the contract, so that its data are not validated


def test_dispute_code_in_the_receipt_of_a_report_is_stored(broker, police):
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        event = police.report(EVENT_TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)

    code = police.code_of("110-0001")
    row = police.outbox.find_event(event)
    assert (row.state, row.dispute) == ("applied", code)
    assert code.startswith("620702-2026-")


def test_after_a_recovery_of_the_hub_events_it_may_have_lost_are_sent_again_in_order(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        old = police.report(EVENT_TYPE, "110-0000", {"n": 0})
        assert police.settle(SETTLE_SECONDS)
        police.outbox._query("update outbox set answered_at = '2026-01-01T00:00:00.000+00:00'")
        lost = [police.report(EVENT_TYPE, "110-0001", {"n": n}) for n in range(3)] + [police.report(EVENT_TYPE, "110-0002", {"n": 3})]
        assert police.settle(SETTLE_SECONDS)
        hub.received.clear()
        hub.send("police", "notice.recovered", {"epoch": 2, "since": datetime.now(UTC).isoformat()}, "recovery/2/police")
        assert police.outbox.wait_until(lambda: len(hub.received_without_repeats()) == 4, SETTLE_SECONDS)
        assert police.settle(SETTLE_SECONDS)

    sent_again = [event for _, _, event in hub.received_without_repeats()]
    assert sorted(sent_again) == sorted(lost) and [event for event in sent_again if event in lost[:3]] == lost[:3]
    assert {police.outbox.find_event(event).state for event in (old, *lost)} == {"applied"}


def test_after_a_recovery_without_lost_events_only_events_without_a_receipt_are_sent_again(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        police.report(EVENT_TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)
        hub.send("police", "notice.recovered", {"epoch": 2}, "recovery/2/police")
        assert police.outbox.wait_until(lambda: police.outbox.notices(), SETTLE_SECONDS)
        assert police.settle(SETTLE_SECONDS)

    assert len(hub.received) == 1


def test_receipt_with_a_changed_dispute_code_replaces_the_stored_code(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        event = police.report(EVENT_TYPE, "110-0001", {"n": 1})
        assert police.settle(SETTLE_SECONDS)
        first_code, new_code = police.code_of("110-0001"), "620702-2026-000077-0"
        hub.send("police", "receipt.moved", {"event": {"source": "/agencies/police", "id": event}, "dispute": new_code, "was": first_code}, "moved-1")
        police.outbox.wait_until(lambda: police.code_of("110-0001") == new_code, 20)

    row = police.outbox.find_event(event)
    assert (row.state, row.dispute, police.code_of("110-0001")) == ("applied", new_code, new_code)


def test_message_body_is_deleted_some_days_after_its_event_was_answered_unless_it_was_refused(broker, police):
    with FakeHub(broker.uri(), ["police"], refuse=lambda e: e.get_subject() == "bad", reject=lambda e: e.get_subject() == "early"):
        police.start()
        accepted, refused, rejected = (police.report(EVENT_TYPE, subject, {"text": subject}) for subject in ("good", "bad", "early"))
        assert police.settle(SETTLE_SECONDS)

    assert [police.outbox.find_event(e).state for e in (accepted, refused, rejected)] == ["applied", "refused", "rejected"]
    assert police.outbox.find_event(refused).reason["zh"] == "不行"
    bodies = dict(police.outbox._query("select id, body from outbox"))
    assert b"good" in bodies[accepted] and b"early" in bodies[rejected]  # the hub may ask for them again
    police.outbox._query("update outbox set answered_at = '2026-01-01T00:00:00.000+00:00'")
    police.outbox._next_deletion_at = 0.0
    police.outbox.store_messages([])
    bodies = dict(police.outbox._query("select id, body from outbox"))
    assert bodies[accepted] is None and bodies[rejected] is None and b"bad" in bodies[refused]


def test_callback_is_called_once_for_a_receipt_or_notice_that_is_delivered_repeatedly(broker, police):
    received_events = []
    police.on_receipt(received_events.append)
    police.on_notice(received_events.append)
    with FakeHub(broker.uri(), ["police"], copies=3) as hub:
        police.start()
        police.report(EVENT_TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        for _ in range(2):
            hub.send("police", "notice.deadline", {"dispute": "620702-2026-000001-0", "clock": "referral_answer"}, "n-1")
        notices = list(police.notices(wait=1))

    assert [n.type for n in notices] == ["notice.deadline"]
    assert [e.type for e in received_events] == ["receipt.accepted", "receipt.applied", "notice.deadline"]
    assert len(list(police.receipts())) == 2


def test_unreadable_inbox_message_is_stored_and_does_not_block_later_messages(broker, police):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        connection.channel().basic_publish("inboxes", "police", b"\xff{", pika.BasicProperties(content_type="application/cloudevents+json"))
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        police.report(EVENT_TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)

    assert police.outbox._query("select body from unreadable") == [(b"\xff{",)]


def test_every_receipt_and_notice_of_a_batch_is_stored_once_and_an_unreadable_one_is_stored_alone(broker, police):
    def notice(number):
        data = {"dispute": "620702-2026-000001-0", "clock": "referral_answer"}
        return {"specversion": "1.0", "id": f"n-{number}", "source": "/services/notify", "type": "notice.deadline", "subject": "x", "data": data}

    batch = json.dumps([notice(1), {"id": "虚构"}, notice(2), notice(1)], ensure_ascii=False).encode()
    cut_off = b"[{}, "
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        for body in (batch, cut_off, batch):
            connection.channel().basic_publish("inboxes", "police", body, pika.BasicProperties(content_type="application/cloudevents-batch+json"))
    police.start()
    police.outbox.wait_until(lambda: len(police.outbox._query("select 1 from unreadable")) == 3, 20)

    assert [stored.id for stored in police.notices(wait=1)] == ["n-1", "n-2"]
    bodies = [body for (body,) in police.outbox._query("select body from unreadable order by rowid")]
    assert [json.loads(body) if body != cut_off else body for body in bodies] == [{"id": "虚构"}, cut_off, {"id": "虚构"}]


def test_report_with_a_used_id_is_ignored_if_its_content_is_equal_and_refused_if_not(police):
    police.report(EVENT_TYPE, "110-0001", {"n": 1}, id="a")
    police.report(EVENT_TYPE, "110-0001", {"n": 1}, id="a")

    with pytest.raises(IdAlreadyUsed):
        police.report_many([(EVENT_TYPE, "110-0002", {}), (EVENT_TYPE, "110-0001", {"n": 2}, None, "a")])
    assert police.outbox.count_by_state() == {"waiting": 1}


def test_event_reported_before_the_agency_process_is_killed_is_published_after_its_restart(broker, police):
    script = (
        "import os, signal, sys; from fengqiao_agency import Agency\n"
        "agency = Agency('police', 'amqp://127.0.0.1:1/none', sys.argv[1]); agency.report('test.happened', 's', {}, id='kept')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    completed = subprocess.run([sys.executable, "-c", script, police.outbox.path], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert completed.returncode == -signal.SIGKILL

    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.received] == ["kept"]


def test_receipt_redelivered_after_a_lost_acknowledgement_is_stored_once(broker, police, monkeypatch):
    original_store, calls = police.outbox.store_messages, []

    def store_then_lose_the_connection(events, unreadable=()):
        new_messages = original_store(events, unreadable)
        calls.append(new_messages)
        if len(calls) == 1:
            raise ConnectionError("stored, but not acknowledged")
        return new_messages

    monkeypatch.setattr(police.outbox, "store_messages", store_then_lose_the_connection)
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        police.report(EVENT_TYPE, "110-0001", {})
        assert police.settle(SETTLE_SECONDS)
        assert police.outbox.wait_until(lambda: len(calls) > 1, 10)

    assert sum(map(len, calls)) == len(list(police.receipts())) == 2


@pytest.fixture
def unbound(killable_servers, tmp_path):
    """A virtual host that no other test uses, and its agency `police`, because the test removes a binding."""
    broker = BrokerVhost(killable_servers, "fengqiao_kit_unbound")
    agency = Agency("police", broker.uri("police"), str(tmp_path / "outbox of unbound.db"))
    yield broker, agency
    agency.stop()
    agency.outbox.close()


def test_unroutable_event_and_later_events_of_its_dispute_wait_until_resend_is_called(unbound):
    broker, police = unbound
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.queue_unbind("intake.agency-events.police", "agencies", "police.#")  # in this virtual host, the alternate exchange has no queue
        police.start()
        first, second = police.report_many([(EVENT_TYPE, "110-0001", {}), (EVENT_TYPE, "110-0001", {"then": 1})])
        assert police.outbox.wait_until(lambda: police.outbox.find_event(first).state == "returned", 10)
        time.sleep(0.5)
        assert police.outbox.find_event(second).state == "held"
        channel.queue_bind("intake.agency-events.police", "agencies", "police.#")

    with FakeHub(broker.uri(), ["police"]) as hub:
        assert police.resend() == 1
        assert police.settle(SETTLE_SECONDS)
        assert [event for _, _, event in hub.received_without_repeats()] == [first, second]


@contextlib.contextmanager
def _confirming_channel(broker):
    with pika.BlockingConnection(pika.URLParameters(broker.uri())) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def test_no_event_is_lost_or_reordered_if_the_broker_is_killed_during_publishing(broker, police):
    disputes, steps = 100, 15
    reports = [(EVENT_TYPE, f"d-{d}", {"step": s}, None, f"{d}/{s}") for s in range(steps) for d in range(disputes)]

    with _confirming_channel(broker) as channel:
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
            assert [e for _, s, e in hub.received_without_repeats() if s == f"d-{d}"] == [f"{d}/{s}" for s in range(steps)]
    with _confirming_channel(broker) as channel:
        assert channel.basic_get("agency.court", auto_ack=True)[2] == b"kept"  # a message that was in a queue before the kill is still in it


def test_event_that_another_agency_object_adds_to_the_same_outbox_file_is_published(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.start()
        other_agency = Agency("police", broker.uri("police"), police.outbox.path)
        other_agency.report(EVENT_TYPE, "110-0001", {}, id="from-elsewhere")
        other_agency.outbox.close()
        assert police.outbox.wait_until(lambda: hub.received != [], 10)

        assert police.settle(10)
