"""Tests of the consumer: it processes every event once, whatever happens to its process, the broker or the database.

A real process of the recording service, with a real broker and a real database."""

import pika
import pytest

from contracts.channels import DEAD_LETTERS, partition_of, queue_of
from deploy import broker
from drills.tcp_proxies import tcp_proxy
from tests.county import wait_until
from tests.plumbing.conftest import A, B
from tests.plumbing.processes import Process
from tests.raw_properties import RawProperties, field, nested, raw_properties, timestamp_field
from tests.sandbox import domain_event

QUEUES = [queue_of("notify", "mediation", partition) for partition in (0, 1)]
assert partition_of(A) != partition_of(B)

TABLES = """
create table if not exists effects (serial bigint generated always as identity primary key, subject text, sequence bigint, batch int, deliveries int, discarded boolean);
create table if not exists begun (n bigint generated always as identity primary key, event_id text);
create table if not exists repaired (what text primary key);
delete from effects; delete from begun; delete from repaired;
"""


class Harness:
    """Starts the recording service, publishes events to it, and reads what it recorded."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder, self.crash_file = sandbox, folder, folder / "crash"
        self.running: list[tuple[Process, dict]] = []

    def start_service(self, wait=True, copies=1, **environment) -> Process:
        """Return a process with these settings: a running one if there are `copies` of them already, else a new one. Starting takes a second."""
        same = [process for process, settings in self.running if settings == environment and process.popen.poll() is None]
        if len(same) < copies:
            if copies == 1:
                self.stop()
            defaults = {"FENGQIAO_STOP_SECONDS": "5", "FENGQIAO_CRASH_FILE": str(self.crash_file), "EVENTLET_NO_GREENDNS": "yes"}
            settings = self.sandbox.environment("notify") | defaults | environment
            same.append(Process(self.folder / f"{len(self.running)}.log", "tests.plumbing.recording_service", **settings))
            self.running.append((same[-1], environment))
        same[-1].skip_log()
        return same[-1].wait_ready() if wait else same[-1]

    def stop(self):
        for process, _ in self.running:
            process.__exit__()

    def publish(self, *events):
        self.sandbox.publish("mediation", *events)

    def applied_sequences(self, *subjects):
        """Return {dispute: sequences of the processed events, in the order of processing}."""
        rows = self.sandbox.rows("select subject, sequence from notify.effects order by serial")
        return {subject: [sequence for code, sequence in rows if code == subject] for subject in subjects}

    def stored_events(self, table):
        return self.sandbox.rows(f"select subject, sequence from notify.{table} order by id")

    def repair(self, what):
        self.sandbox.rows("insert into notify.repaired values (%s)", what)

    def count_queued(self):
        return sum(map(self.sandbox.count, QUEUES))


@pytest.fixture(scope="module")
def module_harness(sandbox, tmp_path_factory):
    harness = Harness(sandbox, tmp_path_factory.mktemp("listeners"))
    yield harness
    harness.stop()


@pytest.fixture
def harness(module_harness, empty_sandbox):
    empty_sandbox.purge(*QUEUES)
    with empty_sandbox.pool("notify", 1).transaction() as tx:
        tx.run(TABLES)
    return module_harness


def event(sequence, subject=A, **data):
    return {"subject": subject, "sequence": sequence, **data}


def test_every_event_is_processed_once_and_acknowledged(harness):
    harness.publish(*(event(n, subject) for n in (3, 1, 2, 2, 4) for subject in (A, B)))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1, 2, 3, 4], B: [1, 2, 3, 4]})

    process.send_stop_signal()
    assert process.wait_for_exit() == 0
    assert harness.count_queued() == 0


@pytest.mark.parametrize("failpoint", ["before_commit", "after_commit", "after_acknowledge"])
def test_a_kill_at_a_failpoint_loses_no_event_and_repeats_none(harness, failpoint):
    process = harness.start_service()
    harness.crash_file.write_text(failpoint)
    harness.publish(event(1), event(2), event(1, B))
    assert process.wait_for_exit() == 137
    is_committed = harness.applied_sequences(A, B) != {A: [], B: []}
    assert is_committed == (failpoint != "before_commit")

    process = harness.start_service()
    harness.publish(event(3))
    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1, 2, 3], B: [1]})
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_a_failing_event_blocks_only_its_own_dispute(harness):
    harness.publish(event(1), event(2, do="fail_until_repaired", what="x"), event(3), event(1, B), event(2, B))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1], B: [1, 2]})
    wait_until(lambda: harness.stored_events("parked") == [(A, 2)])
    assert harness.stored_events("waiting") == [(A, 3)]

    harness.publish(event(3, B))
    wait_until(lambda: harness.applied_sequences(B) == {B: [1, 2, 3]})
    harness.repair("x")
    wait_until(lambda: harness.applied_sequences(A) == {A: [1, 2, 3]})

    assert harness.stored_events("parked") == harness.stored_events("waiting") == []
    assert process.sum_metric("fengqiao_events_total") >= 6
    (failed,) = [line for line in process.log_lines() if "An event failed" in line["event"]][:1]
    assert (failed["dispute"], failed["event_id"], failed["reason"].split(" at ")[0]) == (A, f"{A}/2", "NotRepaired")


def test_a_waiting_event_that_fails_is_parked_and_not_the_event_that_released_it(harness):
    """One batch processes the event that closes the gap together with the waiting event, and the latter fails."""
    harness.publish(event(2, do="fail_until_repaired", what="x"), event(3))
    harness.start_service()
    wait_until(lambda: harness.stored_events("waiting") == [(A, 2), (A, 3)])
    harness.publish(event(1))

    wait_until(lambda: harness.applied_sequences(A) == {A: [1]})
    wait_until(lambda: harness.stored_events("parked") == [(A, 2)])
    harness.repair("x")
    wait_until(lambda: harness.applied_sequences(A) == {A: [1, 2, 3]})


def test_an_eventlet_timeout_raised_by_the_method_is_handled_like_any_failure(harness):
    harness.publish(event(1, do="leak_a_timeout"), event(1, B))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(B) == {B: [1]} and harness.stored_events("parked") == [(A, 1)])
    harness.repair("timeout")
    wait_until(lambda: harness.applied_sequences(A) == {A: [1]})

    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_an_unreadable_message_is_parked_and_blocks_no_dispute(harness):
    harness.publish(event(1, body=b"\xff not json"), event(1), event(1, B, body=b'{"type": "t"}'), event(1, B))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1], B: [1]})

    assert [source for (source,) in harness.sandbox.rows("select source from notify.parked")] == ["unreadable", "unreadable"]
    assert harness.count_queued() == 0
    harness.sandbox.rows("update notify.parked set status = 'retry', next_attempt_at = now()")  # a replay finds them unreadable again
    wait_until(lambda: harness.sandbox.rows("select status, attempts from notify.parked") == [("parked", 2), ("parked", 2)])
    assert process.is_ready()


def test_the_log_names_the_error_and_contains_no_data_of_the_event(harness):
    harness.publish(event(1, do="fail", note="李四 62070219800101001X"))
    process = harness.start_service()
    wait_until(lambda: any("An event failed" in line["event"] for line in process.log_lines()))

    text = process.log_text()
    assert "ValueError at recording_service.py:" in text
    for secret in ("张三", "13900000000", "李四", "62070219800101001X"):
        assert secret not in text
    assert {line["level"] for line in process.log_lines()} <= {"info", "warning", "error"}
    (failed,) = [line for line in process.log_lines() if "An event failed" in line["event"]][:1]
    assert failed["trace_id"] == "a" * 32  # for following an event through all services


def test_a_stop_finishes_the_current_batch_and_returns_the_rest_to_the_queue(harness):
    process = harness.start_service()
    harness.publish(event(1, do="take_long", seconds=1.5))
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
    harness.publish(*(event(n, B) for n in range(1, 6)))
    process.send_stop_signal()

    assert process.wait_for_exit() == 0
    assert harness.applied_sequences(A, B) == {A: [1], B: []}
    assert harness.count_queued() == 5


def test_a_stop_that_takes_too_long_is_forced(harness):
    process = harness.start_service(FENGQIAO_STOP_SECONDS="0.5")
    harness.publish(event(1, do="take_long", seconds=60))
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
    process.send_stop_signal()

    assert process.wait_for_exit(15) == 1
    wait_until(lambda: harness.count_queued() == 1)
    assert harness.applied_sequences(A) == {A: []}


@pytest.mark.parametrize(
    ("invalid_settings", "code"),
    [
        ({"AMQP_URI": "police"}, 403),  # may not read these queues
        ({"FENGQIAO_PARTITIONS": "3"}, 404),  # the third queue does not exist
    ],
)
def test_a_refusal_by_the_broker_is_logged_and_ends_the_process(harness, invalid_settings, code):
    settings = {name: harness.sandbox.amqp(value) if name == "AMQP_URI" else value for name, value in invalid_settings.items()}
    process = harness.start_service(wait=False, **settings)

    assert process.wait_for_exit() != 0
    assert [line["code"] for line in process.log_lines() if line.get("level") == "error" and "refuses" in line["event"]] == [code]


def test_consuming_resumes_after_an_outage_of_the_broker(harness):
    with tcp_proxy(harness.sandbox.amqp("notify")) as proxy:
        process = harness.start_service(AMQP_URI=proxy.through(harness.sandbox.amqp("notify")))
        harness.publish(event(1))
        wait_until(lambda: harness.applied_sequences(A) == {A: [1]})
        proxy.interrupt()
        harness.publish(event(2))
        wait_until(lambda: process.readiness() == {"broker": False, "database": True})
        proxy.mend()

        wait_until(lambda: harness.applied_sequences(A) == {A: [1, 2]})
        wait_until(process.is_ready)


def test_an_outage_of_the_database_returns_events_to_the_broker_only_once(harness):
    """The buffers are full when the database fails: the deliveries go back to the queue once, and are processed when it answers again."""
    with tcp_proxy(harness.sandbox.databases["notify"]) as proxy:
        process = harness.start_service(DATABASE_URL=proxy.through(harness.sandbox.databases["notify"]))
        proxy.interrupt()
        harness.publish(*(event(n) for n in range(1, 501)))
        wait_until(lambda: process.readiness() is not None and not any(process.readiness().values()))
        proxy.mend()
        wait_until(lambda: harness.applied_sequences(A) == {A: list(range(1, 501))})

    deliveries = [count for (count,) in harness.sandbox.rows("select deliveries from notify.effects")]
    assert max(deliveries) <= 2
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_a_database_that_refuses_writes_does_not_exhaust_the_delivery_limit(harness):
    """For example because its disk is full. Events returned to the queue again and again would become dead letters."""
    harness.publish(event(1, do="raise_sqlstate_until_repaired", sqlstate="53100"), *(event(n) for n in range(2, 301)))
    process = harness.start_service()
    wait_until(lambda: sum("does not answer" in line["event"] for line in process.log_lines()) > 5)
    harness.repair("53100")
    wait_until(lambda: harness.applied_sequences(A) == {A: list(range(1, 301))})

    assert harness.sandbox.rows("select max(deliveries) from notify.effects") <= [(2,)]
    assert harness.stored_events("parked") == [] and harness.sandbox.count(DEAD_LETTERS) == 0


def test_a_lock_timeout_is_retried_and_parks_no_event(harness):
    harness.publish(event(1, do="raise_sqlstate_until_repaired", sqlstate="55P03"), event(2), event(1, B))
    process = harness.start_service()
    wait_until(lambda: sum("Another transaction holds the rows" in line["event"] for line in process.log_lines()) > 2)
    assert harness.stored_events("parked") == []

    harness.repair("55P03")
    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1, 2], B: [1]})
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_broken_database_connections_are_reopened_while_buffers_are_full(harness):
    """The database answers again before the broker connection is closed: the worker thread must leave the reader thread time to close it."""
    with tcp_proxy(harness.sandbox.databases["notify"]) as proxy:
        process = harness.start_service(DATABASE_URL=proxy.through(harness.sandbox.databases["notify"]))
        harness.publish(event(1, do="take_long", seconds=2), *(event(n) for n in range(2, 801)))
        wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
        proxy.interrupt()
        proxy.mend()

        wait_until(lambda: harness.applied_sequences(A) == {A: list(range(1, 801))})
        wait_until(process.is_ready)


def test_the_deletion_of_a_queue_ends_the_process(harness):
    process = harness.start_service()
    channel = harness.sandbox.channel()
    try:
        channel.queue_delete(QUEUES[1])
        assert process.wait_for_exit() != 0
    finally:
        channel.queue_declare(QUEUES[1], durable=True, arguments=broker.SERVICE_QUEUE_ARGUMENTS | broker.SINGLE_ACTIVE_CONSUMER)
        channel.queue_bind(QUEUES[1], "mediation.events", "1.#")
        channel.connection.close()


def test_a_second_copy_takes_over_when_the_first_is_killed(harness):
    first = harness.start_service()
    second = harness.start_service(copies=2)
    harness.publish(*(event(n, subject) for n in range(1, 21) for subject in (A, B)))
    wait_until(lambda: harness.applied_sequences(A, B) == {A: list(range(1, 21)), B: list(range(1, 21))})

    first.popen.kill()
    harness.publish(event(21), event(21, B))
    wait_until(lambda: harness.applied_sequences(A, B) == {A: list(range(1, 22)), B: list(range(1, 22))})
    assert second.is_ready()


@pytest.mark.parametrize("location", ["message_id", "header", "header_name", "routing_key"])
def test_text_in_gbk_does_not_stop_the_consumer(harness, location):
    """Some agencies' systems use GBK, and the broker forwards any bytes."""
    gbk = _GbkText(f"{partition_of(A)}.大满镇")
    properties = pika.BasicProperties(delivery_mode=2, message_id=gbk if location == "message_id" else None)
    if location.startswith("header"):
        properties.headers = {"ce-subject" if location == "header" else gbk: gbk}
    process = harness.start_service()
    channel = harness.sandbox.channel()
    key = gbk if location == "routing_key" else f"{partition_of(A)}.x"
    channel.basic_publish("mediation.events", key, domain_event("mediation", A, 1), properties)
    channel.connection.close()

    wait_until(lambda: harness.applied_sequences(A) == {A: [1]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    harness.publish(event(2))
    wait_until(lambda: harness.applied_sequences(A) == {A: [1, 2]})


UNDECODABLE = {
    "a timestamp in milliseconds": lambda: timestamp_field("sent-at", 1764162000000),
    "the largest timestamp": lambda: timestamp_field("sent-at", 2**64 - 1),
    "a table nested 1,500 deep": lambda: field("deep", "F", nested(1500)),
    "a list nested 1,500 deep": lambda: field("deep", "A", nested(1500, "A")),
}


@pytest.mark.parametrize("header", UNDECODABLE.values(), ids=UNDECODABLE)
def test_a_header_that_py_amqp_cannot_decode_costs_no_other_delivery_an_attempt(harness, header):
    """py-amqp raises on these in the function that reads the connection, which would leave every prefetched delivery unacknowledged."""
    process = harness.start_service()
    harness.publish(event(1, B))
    channel = harness.sandbox.channel()
    channel.basic_publish("mediation.events", f"{partition_of(A)}.x", domain_event("mediation", A, 1), RawProperties(raw_properties(header())))
    channel.connection.close()
    harness.publish(event(2), event(2, B))

    wait_until(lambda: harness.applied_sequences(A, B) == {A: [1, 2], B: [1, 2]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    assert harness.sandbox.rows("select max(deliveries) from notify.effects") == [(0,)]


def test_retries_do_not_delay_new_events(harness):
    """Thirty slow events are due for a retry at the same time. A new event waits for the retry in progress, not for all thirty."""
    subjects = [f"620702-2026-{n:06}-0" for n in range(30)]
    harness.start_service()
    harness.publish(*(event(1, subject, do="fail_slowly_until_repaired", seconds=0.1, what="x") for subject in subjects))
    wait_until(lambda: len(harness.stored_events("parked")) == 30)
    harness.sandbox.rows("delete from notify.begun; update notify.parked set status = 'retry', next_attempt_at = now()")
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"), what="the first retry began")
    harness.publish(event(1, B))

    wait_until(lambda: harness.applied_sequences(B) == {B: [1]})
    assert len(harness.sandbox.rows("select 1 from notify.begun")) < 20
    harness.repair("x")
    harness.sandbox.rows("update notify.parked set next_attempt_at = now()")
    wait_until(lambda: harness.applied_sequences(*subjects) == {subject: [1] for subject in subjects})


class _GbkText(str):
    """Text that pika encodes in GBK."""

    def encode(self, *_):
        return super().encode("gbk")
