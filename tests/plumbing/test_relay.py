"""Does everything said reach the broker, in order, whatever fails on the way?"""

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
from plumbing import relay as relays
from plumbing.events import DomainEvent
from plumbing.relay import Relay
from tests.county import wait_until
from tests.plumbing.conftest import A, B

SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
QUEUES = [queue_of("metrics", "notify", partition) for partition in (0, 1)]
PUT = "insert into notify.outbox (partition, exchange, routing_key, event_id, body) values (0, %s, %s, %s, 'x')"


@pytest.fixture
def quiet(fresh):
    """Empty outboxes, empty queues."""
    fresh.purge(*QUEUES)
    return fresh


@pytest.fixture
def start(quiet):
    """start(…) runs a relay of notify's outbox on a thread of its own; it is stopped when the test ends."""
    running = []

    def start(database=None, amqp=None, **others):
        relay = Relay("notify", database or quiet.databases["notify"], amqp or quiet.amqp("notify"), 2, threading.Event(), **others)
        thread = threading.Thread(target=relay.run)
        thread.start()
        running.append((relay, thread))
        return relay

    yield start
    for relay, _ in running:
        relay.stop.set()
    for _, thread in running:
        thread.join(20)
        assert not thread.is_alive()


def says(apart, *subjects):
    with apart.pool("notify", 1).transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, SENT) for subject in subjects])


def is_empty(apart):
    return lambda: apart.rows("select count(*) from notify.outbox") == [(0,)]


def arrived(apart):
    """The ids that arrived, by dispute, in their order."""
    ids = [json.loads(body)["id"] for queue in QUEUES for _, _, body in apart.take_all(queue)]
    return {code: [int(event_id.rpartition("/")[2]) for event_id in ids if event_id.startswith(code)] for code in (A, B)}


def test_everything_said_arrives_in_order_and_leaves_the_outbox(quiet, start):
    start(window=7)
    for _ in range(10):
        says(quiet, A, B, A)
    wait_until(is_empty(quiet))

    assert arrived(quiet) == {A: list(range(1, 21)), B: list(range(1, 11))}


def test_it_is_woken_by_what_is_said(quiet, start, monkeypatch):
    """Not by its next look: here that would come after a minute."""
    monkeypatch.setattr(relays, "POLL_SECONDS", 60)
    relay = start()
    wait_until(lambda: relay.ready and relay.mine)
    says(quiet, A)
    wait_until(is_empty(quiet), seconds=5)
    relay.stop.set()
    says(quiet, A)  # … and out of the minute of waiting


def test_messages_survive_a_restart_of_the_broker_and_say_what_they_are(quiet, start):
    start()
    says(quiet, A)
    wait_until(is_empty(quiet))

    ((_, properties, _),) = [message for queue in QUEUES for message in quiet.take_all(queue)]
    assert (properties.delivery_mode, properties.content_type, properties.message_id) == (2, "application/cloudevents+json", f"{A}/1")
    assert properties.priority is None  # one that is given would let messages overtake each other on newer brokers


def test_what_no_queue_takes_stays_in_the_outbox_and_holds_up_nobody(quiet, start, monkeypatch):
    monkeypatch.setattr(relays, "SET_ASIDE_SECONDS", 0.3)
    quiet.rows(PUT, "notify.events", "7.notice.sent", "lost/1")
    says(quiet, A)
    start()
    wait_until(lambda: quiet.rows("select event_id from notify.outbox") == [("lost/1",)])

    channel = quiet.channel()
    channel.queue_bind(QUEUES[0], "notify.events", "7.#")
    try:
        wait_until(is_empty(quiet))
    finally:
        channel.queue_unbind(QUEUES[0], "notify.events", "7.#")
        channel.connection.close()
    assert "lost/1" in [properties.message_id for queue in QUEUES for _, properties, _ in quiet.take_all(queue)]


def test_a_letter_given_twice_that_no_inbox_takes_is_kept_twice(quiet, start):
    for _ in range(2):
        quiet.rows(PUT, "inboxes", "nobody", "n-1")
    says(quiet, A)
    start()

    wait_until(lambda: quiet.rows("select event_id from notify.outbox") == [("n-1",), ("n-1",)])


def test_what_a_full_queue_refuses_stays_in_the_outbox(quiet, start, monkeypatch):
    monkeypatch.setattr(relays, "SET_ASIDE_SECONDS", 0.3)
    channel = quiet.channel()
    channel.queue_declare("narrow", durable=True, arguments={"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"})
    channel.queue_bind("narrow", "notify.events", "8.#")
    try:
        for n in range(8):
            quiet.rows(PUT, "notify.events", "8.notice.sent", f"many/{n}")
        start(window=2)
        taken = []

        def all_taken():
            taken.extend(properties.message_id for _, properties, _ in quiet.take_all("narrow"))
            return set(taken) == {f"many/{n}" for n in range(8)}

        wait_until(all_taken)
        wait_until(is_empty(quiet))
    finally:
        channel.queue_delete("narrow")
        channel.connection.close()


def test_the_broker_goes_away_and_comes_back(quiet, start):
    with tcp_proxy(quiet.amqp("notify")) as proxy:
        relay = start(amqp=proxy.through(quiet.amqp("notify")))
        says(quiet, A)
        wait_until(is_empty(quiet))
        proxy.interrupt()
        says(quiet, A, B)
        wait_until(lambda: not relay.ready)
        assert not is_empty(quiet)()
        proxy.mend()
        wait_until(is_empty(quiet))

        assert {code: sorted(set(numbers)) for code, numbers in arrived(quiet).items()} == {A: [1, 2], B: [1]}


def test_the_database_fails_and_recovers(quiet, start):
    with tcp_proxy(quiet.databases["notify"]) as proxy:
        relay = start(database=proxy.through(quiet.databases["notify"]))
        wait_until(lambda: relay.ready)
        proxy.interrupt()
        says(quiet, A)
        wait_until(lambda: not relay.ready)
        proxy.mend()
        wait_until(is_empty(quiet))

        assert set(arrived(quiet)[A]) == {1}


def test_a_line_that_breaks_while_confirms_are_awaited_loses_nothing(quiet, start, monkeypatch):
    with tcp_proxy(quiet.amqp("notify")) as proxy:
        cuts = []

        def cut_once(name):
            if name == "relay_published" and not cuts:
                cuts.append(proxy.interrupt())
                proxy.mend()

        monkeypatch.setattr(relays, "failpoint", cut_once)
        start(amqp=proxy.through(quiet.amqp("notify")))
        says(quiet, A, A, A, B)
        wait_until(is_empty(quiet))

    assert cuts and {code: sorted(set(numbers)) for code, numbers in arrived(quiet).items()} == {A: [1, 2, 3], B: [1]}


def test_whatever_fails_in_it_it_starts_again(quiet, start, monkeypatch):
    publish, failures = relays.Publisher.publish, iter([RuntimeError("made up"), KeyError(7)])

    def sometimes(self, rows):
        for problem in failures:
            raise problem
        return publish(self, rows)

    monkeypatch.setattr(relays.Publisher, "publish", sometimes)
    start()
    says(quiet, A)
    wait_until(is_empty(quiet))

    assert next(failures, None) is None


def test_wrong_rights_are_said_clearly_and_not_tried_in_a_whirl(quiet, start):
    with tcp_proxy(quiet.amqp("police")) as proxy, structlog.testing.capture_logs() as lines:
        says(quiet, A)
        start(amqp=proxy.through(quiet.amqp("police")))
        wait_until(lambda: sum(line["log_level"] == "error" for line in lines) >= 3)

        assert all("403" in line["reason"] and "notify.events" in line["reason"] for line in lines if line["log_level"] == "error")
        # 0.1, 0.2, 0.4 … seconds between them, at most half as much: in two seconds not more than six.
        waits = proxy.connected
        threading.Event().wait(2)
        assert proxy.connected - waits <= 4
        assert quiet.rows("select event_id from notify.outbox") == [(f"{A}/1",)]


def test_a_wrong_password_is_said_clearly(quiet, start):
    with structlog.testing.capture_logs() as lines:
        start(amqp=quiet.amqp("notify").replace(quiet.servers.keys["broker"]["notify"], "wrong"))
        wait_until(lambda: any(line["log_level"] == "error" for line in lines))

    assert "wrong" not in json.dumps(lines)


def test_two_relays_share_and_one_takes_over(quiet, start):
    first, second = start(), start()
    wait_until(lambda: len(first.mine) == len(second.mine) == 1 and first.mine != second.mine)
    for _ in range(5):
        says(quiet, A, B)
    wait_until(is_empty(quiet))
    assert arrived(quiet) == {A: [1, 2, 3, 4, 5], B: [1, 2, 3, 4, 5]}

    first.stop.set()
    wait_until(lambda: second.mine == {0, 1})
    says(quiet, A, B)
    wait_until(is_empty(quiet))


def test_a_relay_that_is_killed_is_replaced_by_the_other(quiet, start, tmp_path):
    """Each as a process of its own, one of them killed with rows in its hands."""
    (tmp_path / "relay.json").write_text(json.dumps({"notify": {"database": quiet.databases["notify"], "amqp": quiet.amqp("notify")}}))
    (tmp_path / "crash").write_text("relay_confirmed")
    environment = {
        **os.environ,
        "FENGQIAO_RELAY": str(tmp_path / "relay.json"),
        "FENGQIAO_CRASH_FILE": str(tmp_path / "crash"),
    }
    with subprocess.Popen([sys.executable, "-m", "plumbing.relay", "notify"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: quiet.rows("select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"))
            says(quiet, A, A, B)
            assert process.wait(20) == 137
        finally:
            process.kill()
    assert not is_empty(quiet)()

    start()
    wait_until(is_empty(quiet))
    assert {code: sorted(set(numbers)) for code, numbers in arrived(quiet).items()} == {A: [1, 2], B: [1]}


def test_it_stops_at_once_when_asked(tmp_path, quiet):
    (tmp_path / "relay.json").write_text(json.dumps({"notify": {"database": quiet.databases["notify"], "amqp": quiet.amqp("notify")}}))
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
