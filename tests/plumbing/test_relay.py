"""Tests of the relay: every outbox row is published in order, whatever fails in the broker, the database or the relay."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
import structlog

import contracts
from contracts.channels import queue_of
from deploy.files import ROOT
from drills.tcp_proxies import tcp_proxy
from plumbing import bundles
from plumbing import relay as relay_module
from plumbing.events import DomainEvent
from plumbing.relay import Relay
from tests.county import wait_until
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B

NOTICE_SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
QUEUES = [queue_of("metrics", "notify", partition) for partition in (0, 1)]
INSERT_OUTBOX_ROW = "insert into notify.outbox (partition, exchange, routing_key, message_id, event_count, body) values (0, %s, %s, %s, 1, 'x')"


@pytest.fixture
def relay_sandbox(empty_sandbox):
    """The sandbox with empty outbox tables and empty queues of published notices."""
    empty_sandbox.purge(*QUEUES)
    return empty_sandbox


@pytest.fixture
def start_relay(relay_sandbox):
    """Function that runs a relay of notify's outbox in a thread until the end of the test, and returns the relay."""
    running = []

    def start_relay(database=None, amqp=None, **others):
        relay = Relay("notify", database or relay_sandbox.databases["notify"], amqp or relay_sandbox.amqp("notify"), 2, threading.Event(), **others)
        thread = threading.Thread(target=relay.run)
        thread.start()
        running.append((relay, thread))
        return relay

    yield start_relay
    for relay, _ in running:
        relay.stop.set()
        relay.wake()
    for _, thread in running:
        thread.join(20)
        assert not thread.is_alive()


def say_notice_events(sandbox, *subjects):
    with sandbox.pool("notify", 1).transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, NOTICE_SENT) for subject in subjects])


def outbox_is_empty(sandbox):
    return lambda: sandbox.rows("select count(*) from notify.outbox") == [(0,)]


def published_sequences(sandbox):
    """Return {dispute: sequence numbers of its events in the queues, in order}."""
    ids = [json.loads(event)["id"] for queue in QUEUES for _, _, body in sandbox.take_all(queue) for event in bundles.split_body(body)]
    return {code: [int(event_id.rpartition("/")[2]) for event_id in ids if event_id.startswith(code)] for code in (DISPUTE_A, DISPUTE_B)}


def test_outbox_rows_are_published_in_order_and_then_deleted(relay_sandbox, start_relay):
    start_relay(window=7)
    for _ in range(10):
        say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_B, DISPUTE_A)
    wait_until(outbox_is_empty(relay_sandbox))

    assert published_sequences(relay_sandbox) == {DISPUTE_A: list(range(1, 21)), DISPUTE_B: list(range(1, 11))}


def test_the_relay_publishes_a_row_as_soon_as_its_transaction_commits(relay_sandbox, start_relay, monkeypatch):
    """The commit wakes the relay by NOTIFY; the polling interval is set to a minute, so polling would be too late."""
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 60)
    relay = start_relay()
    wait_until(lambda: relay.is_ready and relay.partitions_held)
    say_notice_events(relay_sandbox, DISPUTE_A)
    wait_until(outbox_is_empty(relay_sandbox), seconds=5)


def test_published_messages_are_persistent_and_contain_content_type_and_message_id(relay_sandbox, start_relay):
    start_relay()
    say_notice_events(relay_sandbox, DISPUTE_A)
    wait_until(outbox_is_empty(relay_sandbox))

    say_notice_events(relay_sandbox, DISPUTE_B, DISPUTE_B, DISPUTE_B)
    wait_until(outbox_is_empty(relay_sandbox))

    published = [properties for queue in QUEUES for _, properties, _ in relay_sandbox.take_all(queue)]
    assert sorted((properties.delivery_mode, properties.content_type, properties.message_id) for properties in published) == [
        (2, "application/cloudevents+json", f"{DISPUTE_A}/1"),
        (2, "application/cloudevents-batch+json", f"{DISPUTE_B}/1+2"),
    ]
    assert [properties.priority for properties in published] == [None, None]  # newer broker versions may reorder messages with a priority


def test_an_unroutable_outbox_row_stays_in_the_outbox_and_does_not_block_other_rows(relay_sandbox, start_relay, monkeypatch):
    monkeypatch.setattr(relay_module, "POSTPONE_SECONDS", 0.3)
    relay_sandbox.rows(INSERT_OUTBOX_ROW, "notify.events", "7.notice.sent", "lost/1")
    say_notice_events(relay_sandbox, DISPUTE_A)
    start_relay()
    wait_until(lambda: relay_sandbox.rows("select message_id from notify.outbox") == [("lost/1",)])

    channel = relay_sandbox.channel()
    channel.queue_bind(QUEUES[0], "notify.events", "7.#")
    try:
        wait_until(outbox_is_empty(relay_sandbox))
    finally:
        channel.queue_unbind(QUEUES[0], "notify.events", "7.#")
        channel.connection.close()
    assert "lost/1" in [properties.message_id for queue in QUEUES for _, properties, _ in relay_sandbox.take_all(queue)]


def test_a_bundle_that_no_queue_accepts_stays_in_the_outbox_complete_and_is_published_later(relay_sandbox, start_relay, monkeypatch):
    monkeypatch.setattr(relay_module, "POSTPONE_SECONDS", 0.3)
    say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_A, DISPUTE_A)
    relay_sandbox.rows("update notify.outbox set routing_key = '7.bundle'")
    say_notice_events(relay_sandbox, DISPUTE_B)
    start_relay()
    wait_until(lambda: relay_sandbox.rows("select message_id, event_count from notify.outbox") == [(f"{DISPUTE_A}/1+2", 3)])

    relay_sandbox.rows("update notify.outbox set routing_key = '0.bundle'")
    wait_until(outbox_is_empty(relay_sandbox))
    assert published_sequences(relay_sandbox) == {DISPUTE_A: [1, 2, 3], DISPUTE_B: [1]}


def test_a_window_of_large_rows_is_limited_by_their_bytes(relay_sandbox, start_relay, monkeypatch):
    """Each window contains the rows until the limit is reached, but at least one row, however large."""
    monkeypatch.setattr(relay_module, "WINDOW_BYTES", 1000)
    windows, original_publish = [], relay_module.Publisher.publish
    monkeypatch.setattr(relay_module.Publisher, "publish", lambda self, rows: (windows.append([len(row[5]) for row in rows]), original_publish(self, rows)))
    sql = INSERT_OUTBOX_ROW.replace("'x'", "convert_to(repeat('x', %s), 'UTF8')")
    relay_sandbox.rows("; ".join([sql] * 5), *(value for n, size in enumerate((600, 300, 300, 5000, 10)) for value in ("notify.events", "0.x", f"n-{n}", size)))
    start_relay()
    wait_until(outbox_is_empty(relay_sandbox))

    assert windows == [[600, 300, 300], [5000], [10]]


def test_two_unroutable_outbox_rows_with_the_same_event_id_both_stay_in_the_outbox(relay_sandbox, start_relay):
    for _ in range(2):
        relay_sandbox.rows(INSERT_OUTBOX_ROW, "inboxes", "nobody", "n-1")
    say_notice_events(relay_sandbox, DISPUTE_A)
    start_relay()

    wait_until(lambda: relay_sandbox.rows("select message_id from notify.outbox") == [("n-1",), ("n-1",)])


def test_outbox_rows_that_a_full_queue_refuses_stay_in_the_outbox_and_are_published_later(relay_sandbox, start_relay, monkeypatch):
    monkeypatch.setattr(relay_module, "POSTPONE_SECONDS", 0.3)
    channel = relay_sandbox.channel()
    channel.queue_declare("narrow", durable=True, arguments={"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"})
    channel.queue_bind("narrow", "notify.events", "8.#")
    try:
        for n in range(8):
            relay_sandbox.rows(INSERT_OUTBOX_ROW, "notify.events", "8.notice.sent", f"many/{n}")
        start_relay(window=2)
        received = []

        def has_received_all():
            received.extend(properties.message_id for _, properties, _ in relay_sandbox.take_all("narrow"))
            return set(received) == {f"many/{n}" for n in range(8)}

        wait_until(has_received_all)
        wait_until(outbox_is_empty(relay_sandbox))
    finally:
        channel.queue_delete("narrow")
        channel.connection.close()


def test_the_relay_resumes_publishing_after_an_outage_of_the_broker(relay_sandbox, start_relay):
    with tcp_proxy(relay_sandbox.amqp("notify")) as proxy:
        relay = start_relay(amqp=proxy.url_through_proxy(relay_sandbox.amqp("notify")))
        say_notice_events(relay_sandbox, DISPUTE_A)
        wait_until(outbox_is_empty(relay_sandbox))
        proxy.interrupt_connections()
        say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_B)
        wait_until(lambda: not relay.is_ready)
        assert not outbox_is_empty(relay_sandbox)()
        proxy.undo_changes()
        wait_until(outbox_is_empty(relay_sandbox))

        assert {code: sorted(set(numbers)) for code, numbers in published_sequences(relay_sandbox).items()} == {DISPUTE_A: [1, 2], DISPUTE_B: [1]}


def test_the_relay_resumes_publishing_after_an_outage_of_the_database(relay_sandbox, start_relay):
    with tcp_proxy(relay_sandbox.databases["notify"]) as proxy:
        relay = start_relay(database=proxy.url_through_proxy(relay_sandbox.databases["notify"]))
        wait_until(lambda: relay.is_ready)
        proxy.interrupt_connections()
        say_notice_events(relay_sandbox, DISPUTE_A)
        wait_until(lambda: not relay.is_ready)
        proxy.undo_changes()
        wait_until(outbox_is_empty(relay_sandbox))

        assert set(published_sequences(relay_sandbox)[DISPUTE_A]) == {1}


def test_no_outbox_row_is_lost_if_the_broker_connection_breaks_before_the_confirms(relay_sandbox, start_relay, monkeypatch):
    with tcp_proxy(relay_sandbox.amqp("notify")) as proxy:
        cuts = []

        def cut_once(name):
            if name == "relay_published" and not cuts:
                cuts.append(proxy.interrupt_connections())
                proxy.undo_changes()

        monkeypatch.setattr(relay_module, "failpoint", cut_once)
        start_relay(amqp=proxy.url_through_proxy(relay_sandbox.amqp("notify")))
        say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_A, DISPUTE_A, DISPUTE_B)
        wait_until(outbox_is_empty(relay_sandbox))

    assert cuts and {code: sorted(set(numbers)) for code, numbers in published_sequences(relay_sandbox).items()} == {DISPUTE_A: [1, 2, 3], DISPUTE_B: [1]}


def test_the_relay_continues_to_publish_after_an_unexpected_exception(relay_sandbox, start_relay, monkeypatch):
    original_publish, failures = relay_module.Publisher.publish, iter([RuntimeError("made up"), KeyError(7)])

    def fail_twice(self, rows):
        for error in failures:
            raise error
        return original_publish(self, rows)

    monkeypatch.setattr(relay_module.Publisher, "publish", fail_twice)
    start_relay()
    say_notice_events(relay_sandbox, DISPUTE_A)
    wait_until(outbox_is_empty(relay_sandbox))

    assert next(failures, None) is None


def test_a_relay_without_permission_to_publish_logs_errors_and_retries_with_back_off(relay_sandbox, start_relay):
    with tcp_proxy(relay_sandbox.amqp("police")) as proxy, structlog.testing.capture_logs() as lines:
        say_notice_events(relay_sandbox, DISPUTE_A)
        start_relay(amqp=proxy.url_through_proxy(relay_sandbox.amqp("police")))
        wait_until(lambda: sum(line["log_level"] == "error" for line in lines) >= 3)

        assert all("403" in line["reason"] and "notify.events" in line["reason"] for line in lines if line["log_level"] == "error")
        # The back-off doubles: 0.1, 0.2, 0.4 … seconds, with jitter at least half of that. So two seconds allow at most four connections.
        connections = proxy.connection_count
        threading.Event().wait(2)
        assert proxy.connection_count - connections <= 4
        assert relay_sandbox.rows("select message_id from notify.outbox") == [(f"{DISPUTE_A}/1",)]


def test_the_log_about_a_wrong_broker_password_does_not_contain_the_password(relay_sandbox, start_relay):
    with structlog.testing.capture_logs() as lines:
        start_relay(amqp=relay_sandbox.amqp("notify").replace(relay_sandbox.servers.keys["broker"]["notify"], "wrong"))
        wait_until(lambda: any(line["log_level"] == "error" for line in lines))

    assert "wrong" not in json.dumps(lines)


def test_two_relays_divide_the_partitions_until_one_stops_and_the_other_takes_over(relay_sandbox, start_relay):
    first, second = start_relay(), start_relay()
    wait_until(lambda: len(first.partitions_held) == len(second.partitions_held) == 1 and first.partitions_held != second.partitions_held)
    for _ in range(5):
        say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_B)
    wait_until(outbox_is_empty(relay_sandbox))
    assert published_sequences(relay_sandbox) == {DISPUTE_A: [1, 2, 3, 4, 5], DISPUTE_B: [1, 2, 3, 4, 5]}

    first.stop.set()
    first.wake()
    wait_until(lambda: second.partitions_held == {0, 1})
    say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_B)
    wait_until(outbox_is_empty(relay_sandbox))


def test_a_new_relay_publishes_the_outbox_rows_of_a_killed_relay(relay_sandbox, start_relay, tmp_path):
    """The relay process is killed after the broker has confirmed the rows and before the relay deletes them."""
    (tmp_path / "relay.json").write_text(json.dumps({"notify": {"database": relay_sandbox.databases["notify"], "amqp": relay_sandbox.amqp("notify")}}))
    (tmp_path / "crash").write_text("relay_confirmed")
    environment = {
        **os.environ,
        "FENGQIAO_RELAY": str(tmp_path / "relay.json"),
        "FENGQIAO_CRASH_FILE": str(tmp_path / "crash"),
    }
    with subprocess.Popen([sys.executable, "-m", "plumbing.relay", "notify"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: relay_sandbox.rows("select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"))
            say_notice_events(relay_sandbox, DISPUTE_A, DISPUTE_A, DISPUTE_B)
            assert process.wait(20) == 137
        finally:
            process.kill()
    assert not outbox_is_empty(relay_sandbox)()

    start_relay()
    wait_until(outbox_is_empty(relay_sandbox))
    assert {code: sorted(set(numbers)) for code, numbers in published_sequences(relay_sandbox).items()} == {DISPUTE_A: [1, 2], DISPUTE_B: [1]}


def test_a_stop_signal_ends_the_relay_at_once(tmp_path, relay_sandbox):
    (tmp_path / "relay.json").write_text(json.dumps({"notify": {"database": relay_sandbox.databases["notify"], "amqp": relay_sandbox.amqp("notify")}}))
    with subprocess.Popen(
        [sys.executable, "-m", "plumbing.relay", "notify"],
        cwd=ROOT,
        env={**os.environ, "FENGQIAO_RELAY": str(tmp_path / "relay.json")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert "Relaying." in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
