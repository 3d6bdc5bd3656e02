"""Tests of the consumer: every event is processed once, whatever happens to the consumer's process, the broker or the database.

The tests start the recording service (tests/plumbing/recording_service.py) as a process with a real broker and a real database."""

import pika
import pytest
from eventlet.semaphore import Semaphore

from contracts.channels import DEAD_LETTERS, partition_of, queue_of
from deploy import broker
from drills.tcp_proxies import tcp_proxy
from plumbing import broker_connection
from plumbing.consumer import BATCH_SIZE
from plumbing.events import Delivery
from tests.county import wait_until
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B
from tests.plumbing.processes import Process
from tests.raw_properties import RawProperties, header_field, nested_value, raw_properties, timestamp_field
from tests.sandbox import domain_event

QUEUES = [queue_of("notify", "mediation", partition) for partition in (0, 1)]
assert partition_of(DISPUTE_A) != partition_of(DISPUTE_B)

TABLES_SQL = """
create table if not exists effects (serial bigint generated always as identity primary key, subject text, sequence bigint, batch int,
                                    deliveries int, discarded boolean);
create table if not exists begun (n bigint generated always as identity primary key, event_id text);
create table if not exists repaired (what text primary key);
delete from effects; delete from begun; delete from repaired;
"""


class Harness:
    """Starts the recording service, publishes events to it, and reads the events that it recorded."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder, self.crash_file = sandbox, folder, folder / "crash"
        self.running: list[tuple[Process, dict]] = []

    def start_service(self, wait=True, copies=1, **environment) -> Process:
        """Return a process with these settings: a running process if `copies` of them run already, else a new one, because a start takes a second."""
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

    def publish_bundle(self, *events):
        self.sandbox.publish_bundle("mediation", *events)

    def applied_sequences(self, *subjects):
        """Return {dispute: sequence numbers of its processed events, in the order of processing}."""
        rows = self.sandbox.rows("select subject, sequence from notify.effects order by serial")
        return {subject: [sequence for code, sequence in rows if code == subject] for subject in subjects}

    def stored_events(self, table):
        return self.sandbox.rows(f"select subject, sequence from notify.{table} order by id")

    def allow_success(self, what):
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
        tx.run(TABLES_SQL)
    return module_harness


def event_arguments(sequence, subject=DISPUTE_A, **data):
    return {"subject": subject, "sequence": sequence, **data}


def test_every_delivered_event_is_processed_once_and_acknowledged(harness):
    harness.publish(*(event_arguments(n, subject) for n in (3, 1, 2, 2, 4) for subject in (DISPUTE_A, DISPUTE_B)))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1, 2, 3, 4], DISPUTE_B: [1, 2, 3, 4]})

    process.send_stop_signal()
    assert process.wait_for_exit() == 0
    assert harness.count_queued() == 0


@pytest.mark.parametrize("failpoint", ["before_commit", "after_commit", "after_acknowledge"])
def test_no_event_is_lost_or_processed_twice_if_the_process_is_killed_at_a_failpoint(harness, failpoint):
    process = harness.start_service()
    harness.crash_file.write_text(failpoint)
    harness.publish(event_arguments(1), event_arguments(2), event_arguments(1, DISPUTE_B))
    assert process.wait_for_exit() == 137
    is_committed = harness.applied_sequences(DISPUTE_A, DISPUTE_B) != {DISPUTE_A: [], DISPUTE_B: []}
    assert is_committed == (failpoint != "before_commit")

    process = harness.start_service()
    harness.publish(event_arguments(3))
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1, 2, 3], DISPUTE_B: [1]})
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_a_failing_event_blocks_only_its_own_dispute(harness):
    harness.publish(
        event_arguments(1),
        event_arguments(2, do="fail_until_repaired", what="x"),
        event_arguments(3),
        event_arguments(1, DISPUTE_B),
        event_arguments(2, DISPUTE_B),
    )
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1], DISPUTE_B: [1, 2]})
    wait_until(lambda: harness.stored_events("parked") == [(DISPUTE_A, 2)])
    assert harness.stored_events("waiting") == [(DISPUTE_A, 3)]

    harness.publish(event_arguments(3, DISPUTE_B))
    wait_until(lambda: harness.applied_sequences(DISPUTE_B) == {DISPUTE_B: [1, 2, 3]})
    harness.allow_success("x")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2, 3]})

    assert harness.stored_events("parked") == harness.stored_events("waiting") == []
    assert process.sum_metric("fengqiao_events_total") >= 6
    (failed,) = [line for line in process.log_lines() if "An event failed" in line["event"]][:1]
    assert (failed["dispute"], failed["event_id"], failed["reason"].split(" at ")[0]) == (DISPUTE_A, f"{DISPUTE_A}/2", "NotRepaired")


def test_a_failing_waiting_event_is_parked_instead_of_the_event_that_released_it(harness):
    """Event 1 arrives after events 2 and 3. One batch processes event 1 and the waiting event 2, and event 2 fails."""
    harness.publish(event_arguments(2, do="fail_until_repaired", what="x"), event_arguments(3))
    harness.start_service()
    wait_until(lambda: harness.stored_events("waiting") == [(DISPUTE_A, 2), (DISPUTE_A, 3)])
    harness.publish(event_arguments(1))

    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1]})
    wait_until(lambda: harness.stored_events("parked") == [(DISPUTE_A, 2)])
    harness.allow_success("x")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2, 3]})


def test_an_eventlet_timeout_raised_by_the_service_method_is_handled_like_any_exception(harness):
    harness.publish(event_arguments(1, do="leak_a_timeout"), event_arguments(1, DISPUTE_B))
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_B) == {DISPUTE_B: [1]} and harness.stored_events("parked") == [(DISPUTE_A, 1)])
    harness.allow_success("timeout")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1]})

    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_an_unreadable_message_is_parked_without_blocking_any_dispute(harness):
    harness.publish(
        event_arguments(1, body=b"\xff not json"), event_arguments(1), event_arguments(1, DISPUTE_B, body=b'{"type": "t"}'), event_arguments(1, DISPUTE_B)
    )
    process = harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1], DISPUTE_B: [1]})

    assert [source for (source,) in harness.sandbox.rows("select source from notify.parked")] == ["unreadable", "unreadable"]
    assert harness.count_queued() == 0
    harness.sandbox.rows("update notify.parked set status = 'retry', next_attempt_at = now()")  # a replay of unreadable messages parks them again
    wait_until(lambda: harness.sandbox.rows("select status, attempts from notify.parked") == [("parked", 2), ("parked", 2)])
    assert process.is_ready()


# ── bundles: several events in one message ────────────────────────────────────────────────────────────────────────────


def test_an_unreadable_event_in_a_bundle_is_parked_alone_with_its_bytes(harness):
    broken = b'{"specversion": "1.0", "id": "\xff'
    other = next(code for code in (f"620702-2026-{n:06d}-0" for n in range(3, 99)) if partition_of(code) == partition_of(DISPUTE_A))
    harness.publish_bundle(event_arguments(1), event_arguments(1, body=broken), event_arguments(1, other), event_arguments(2))
    harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, other) == {DISPUTE_A: [1, 2], other: [1]} and harness.stored_events("parked"))

    ((encrypted, source),) = harness.sandbox.rows("select delivery, source from notify.parked")
    delivery = Delivery.unpack(harness.sandbox.pool("notify", 1).secret_box.decrypt(bytes(encrypted)))
    assert (source, delivery.body, delivery.routing_key) == ("unreadable", broken, f"{partition_of(DISPUTE_A)}.bundle")
    assert harness.count_queued() == 0 and harness.stored_events("waiting") == []


def test_a_failing_event_in_a_bundle_is_stored_alone_and_only_its_own_dispute_waits(harness):
    other = next(code for code in (f"620702-2026-{n:06d}-0" for n in range(3, 99)) if partition_of(code) == partition_of(DISPUTE_A))
    harness.publish_bundle(
        event_arguments(1), event_arguments(1, other), event_arguments(2, do="fail_until_repaired", what="x"), event_arguments(3), event_arguments(2, other)
    )
    harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, other) == {DISPUTE_A: [1], other: [1, 2]})
    wait_until(lambda: harness.stored_events("parked") == [(DISPUTE_A, 2)])
    assert harness.stored_events("waiting") == [(DISPUTE_A, 3)]

    harness.allow_success("x")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2, 3]})


@pytest.mark.parametrize("failpoint", ["before_commit", "after_commit", "after_acknowledge"])
def test_every_event_of_a_bundle_is_processed_once_if_the_process_is_killed_at_a_failpoint(harness, failpoint):
    process = harness.start_service()
    harness.crash_file.write_text(failpoint)
    harness.publish_bundle(*(event_arguments(n) for n in range(1, 30)))
    assert process.wait_for_exit() == 137

    harness.start_service()
    harness.publish_bundle(event_arguments(30), event_arguments(31))
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: list(range(1, 32))})


def test_events_of_bundles_that_overlap_and_arrive_in_the_wrong_order_are_processed_once_and_in_sequence(harness):
    harness.publish_bundle(*(event_arguments(n) for n in (5, 6, 7)))
    harness.publish(event_arguments(4))
    harness.publish_bundle(*(event_arguments(n) for n in (3, 2, 6)))
    harness.start_service()
    wait_until(lambda: len(harness.stored_events("waiting")) == 6)
    harness.publish_bundle(*(event_arguments(n) for n in (1, 2, 1)))

    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2, 3, 4, 5, 6, 7]})
    assert harness.stored_events("waiting") == []


def test_a_batch_of_large_bundles_is_limited_to_about_the_batch_size(harness):
    """A bundle is not divided, so a batch ends with the bundle at which it has reached its size."""
    for first in range(1, 1401, 140):
        harness.publish_bundle(*(event_arguments(n) for n in range(first, first + 140)))
    harness.start_service()
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: list(range(1, 1401))})

    sizes = [size for (size,) in harness.sandbox.rows("select distinct deliveries from notify.effects")]
    assert max(sizes) < BATCH_SIZE + 140


def test_deliveries_are_read_from_the_broker_only_up_to_a_limit_in_bytes(empty_sandbox, monkeypatch):
    """The prefetch limit allows all 40 messages of 200 kB, which together are twice as long as the limit."""
    monkeypatch.setattr(broker_connection, "MAX_BUFFERED_BYTES", 4 * 2**20)
    channel = empty_sandbox.channel()
    channel.queue_declare("large", durable=True, arguments={"x-queue-type": "quorum"})
    for _ in range(40):
        channel.basic_publish("", "large", b"x" * 200_000, pika.BasicProperties(delivery_mode=2))
    connection = broker_connection.BrokerConnection(empty_sandbox.amqp(broker.ADMIN), ["large"], 100, lambda: None, Semaphore())
    try:
        wait_until(lambda: connection.receive() or connection.buffered_bytes > 4 * 2**20)
        for _ in range(20):  # each call would read up to 64 kB more
            connection.receive()
        assert connection.buffered_bytes < 4 * 2**20 + 2 * 200_000 and connection.buffered_events < 25

        taken = 0
        while taken < 40:
            deliveries, last_tags = connection.take_deliveries(7)
            taken += len(deliveries)
            connection.acknowledge(last_tags)
            connection.receive()
        assert (connection.buffered_bytes, connection.buffered_events) == (0, 0)
    finally:
        connection.close()
    wait_until(lambda: empty_sandbox.count("large") == 0)
    channel.queue_delete("large")
    channel.connection.close()


def test_the_log_about_a_failed_event_names_the_error_and_no_data_of_the_event(harness):
    harness.publish(event_arguments(1, do="always_fail", note="李四 62070219800101001X"))
    process = harness.start_service()
    wait_until(lambda: any("An event failed" in line["event"] for line in process.log_lines()))

    text = process.log_text()
    assert "ValueError at recording_service.py:" in text
    for secret in ("张三", "13900000000", "李四", "62070219800101001X"):
        assert secret not in text
    assert {line["level"] for line in process.log_lines()} <= {"info", "warning", "error"}
    (failed,) = [line for line in process.log_lines() if "An event failed" in line["event"]][:1]
    assert failed["trace_id"] == "a" * 32  # the trace id allows to follow an event through all services


def test_a_stopping_consumer_finishes_the_current_batch_and_requeues_the_other_deliveries(harness):
    process = harness.start_service()
    harness.publish(event_arguments(1, do="take_long", seconds=1.5))
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
    harness.publish(*(event_arguments(n, DISPUTE_B) for n in range(1, 6)))
    process.send_stop_signal()

    assert process.wait_for_exit() == 0
    assert harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1], DISPUTE_B: []}
    assert harness.count_queued() == 5


def test_a_process_that_takes_too_long_to_stop_is_ended_forcibly(harness):
    process = harness.start_service(FENGQIAO_STOP_SECONDS="0.5")
    harness.publish(event_arguments(1, do="take_long", seconds=60))
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
    process.send_stop_signal()

    assert process.wait_for_exit(15) == 1
    wait_until(lambda: harness.count_queued() == 1)
    assert harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: []}


@pytest.mark.parametrize(
    ("invalid_settings", "code"),
    [
        ({"AMQP_URI": "police"}, 403),  # this user has no permission to read the queues
        ({"FENGQIAO_PARTITIONS": "3"}, 404),  # with three partitions the service needs a third queue, which does not exist
    ],
)
def test_a_consumer_that_the_broker_refuses_logs_the_reply_code_and_ends(harness, invalid_settings, code):
    settings = {name: harness.sandbox.amqp(value) if name == "AMQP_URI" else value for name, value in invalid_settings.items()}
    process = harness.start_service(wait=False, **settings)

    assert process.wait_for_exit() != 0
    assert [line["code"] for line in process.log_lines() if line.get("level") == "error" and "refuses" in line["event"]] == [code]


def test_the_consumer_resumes_after_an_outage_of_the_broker(harness):
    with tcp_proxy(harness.sandbox.amqp("notify")) as proxy:
        process = harness.start_service(AMQP_URI=proxy.url_through_proxy(harness.sandbox.amqp("notify")))
        harness.publish(event_arguments(1))
        wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1]})
        proxy.interrupt_connections()
        harness.publish(event_arguments(2))
        wait_until(lambda: process.readiness() == {"broker": False, "database": True})
        proxy.undo_changes()

        wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2]})
        wait_until(process.is_ready)


def test_deliveries_are_requeued_only_once_during_an_outage_of_the_database(harness):
    """The database fails while the buffers are full. The broker requeues the deliveries once; they are processed when the database answers again."""
    with tcp_proxy(harness.sandbox.databases["notify"]) as proxy:
        process = harness.start_service(DATABASE_URL=proxy.url_through_proxy(harness.sandbox.databases["notify"]))
        proxy.interrupt_connections()
        harness.publish(*(event_arguments(n) for n in range(1, 501)))
        wait_until(lambda: process.readiness() is not None and not any(process.readiness().values()))
        proxy.undo_changes()
        wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: list(range(1, 501))})

    deliveries = [count for (count,) in harness.sandbox.rows("select deliveries from notify.effects")]
    assert max(deliveries) <= 2
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_a_database_that_refuses_writes_does_not_use_up_the_delivery_limit_of_events(harness):
    """The database answers queries but refuses writes, as with a full disk. Events that are requeued too often would become dead letters."""
    harness.publish(event_arguments(1, do="raise_sqlstate_until_repaired", sqlstate="53100"), *(event_arguments(n) for n in range(2, 301)))
    process = harness.start_service()
    wait_until(lambda: sum("does not answer" in line["event"] for line in process.log_lines()) > 5)
    harness.allow_success("53100")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: list(range(1, 301))})

    assert harness.sandbox.rows("select max(deliveries) from notify.effects") <= [(2,)]
    assert harness.stored_events("parked") == [] and harness.sandbox.count(DEAD_LETTERS) == 0


def test_a_batch_is_retried_without_parking_events_after_a_lock_timeout(harness):
    harness.publish(event_arguments(1, do="raise_sqlstate_until_repaired", sqlstate="55P03"), event_arguments(2), event_arguments(1, DISPUTE_B))
    process = harness.start_service()
    wait_until(lambda: sum("Another transaction holds the rows" in line["event"] for line in process.log_lines()) > 2)
    assert harness.stored_events("parked") == []

    harness.allow_success("55P03")
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1, 2], DISPUTE_B: [1]})
    process.send_stop_signal()
    assert process.wait_for_exit() == 0 and harness.count_queued() == 0


def test_the_consumer_recovers_from_broken_database_connections_while_its_buffers_are_full(harness):
    """The database answers again before the reader thread has closed the broker connection; the worker thread must give it time to do so."""
    with tcp_proxy(harness.sandbox.databases["notify"]) as proxy:
        process = harness.start_service(DATABASE_URL=proxy.url_through_proxy(harness.sandbox.databases["notify"]))
        harness.publish(event_arguments(1, do="take_long", seconds=2), *(event_arguments(n) for n in range(2, 801)))
        wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"))
        proxy.interrupt_connections()
        proxy.undo_changes()

        wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: list(range(1, 801))})
        wait_until(process.is_ready)


def test_the_process_ends_if_one_of_its_queues_is_deleted(harness):
    process = harness.start_service()
    channel = harness.sandbox.channel()
    try:
        channel.queue_delete(QUEUES[1])
        assert process.wait_for_exit() != 0
    finally:
        channel.queue_declare(QUEUES[1], durable=True, arguments=broker.SERVICE_QUEUE_ARGUMENTS | broker.SINGLE_ACTIVE_CONSUMER)
        channel.queue_bind(QUEUES[1], "mediation.events", "1.#")
        channel.connection.close()


def test_a_second_copy_of_the_service_takes_over_when_the_first_is_killed(harness):
    first = harness.start_service()
    second = harness.start_service(copies=2)
    harness.publish(*(event_arguments(n, subject) for n in range(1, 21) for subject in (DISPUTE_A, DISPUTE_B)))
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: list(range(1, 21)), DISPUTE_B: list(range(1, 21))})

    first.popen.kill()
    harness.publish(event_arguments(21), event_arguments(21, DISPUTE_B))
    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: list(range(1, 22)), DISPUTE_B: list(range(1, 22))})
    assert second.is_ready()


@pytest.mark.parametrize("location", ["message_id", "header", "header_name", "routing_key"])
def test_message_properties_in_gbk_encoding_do_not_stop_the_consumer(harness, location):
    """Some agencies' systems encode text in GBK, and the broker forwards any bytes in properties, headers and routing keys."""
    gbk = _GbkText(f"{partition_of(DISPUTE_A)}.大满镇")
    properties = pika.BasicProperties(delivery_mode=2, message_id=gbk if location == "message_id" else None)
    if location.startswith("header"):
        properties.headers = {"ce-subject" if location == "header" else gbk: gbk}
    process = harness.start_service()
    channel = harness.sandbox.channel()
    key = gbk if location == "routing_key" else f"{partition_of(DISPUTE_A)}.x"
    channel.basic_publish("mediation.events", key, domain_event("mediation", DISPUTE_A, 1), properties)
    channel.connection.close()

    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    harness.publish(event_arguments(2))
    wait_until(lambda: harness.applied_sequences(DISPUTE_A) == {DISPUTE_A: [1, 2]})


UNDECODABLE_HEADERS = {
    "a timestamp in milliseconds instead of seconds": lambda: timestamp_field("sent-at", 1764162000000),
    "the largest timestamp": lambda: timestamp_field("sent-at", 2**64 - 1),
    "a header table nested 1,500 levels deep": lambda: header_field("deep", "F", nested_value(1500)),
    "a header list nested 1,500 levels deep": lambda: header_field("deep", "A", nested_value(1500, "A")),
}


@pytest.mark.parametrize("header", UNDECODABLE_HEADERS.values(), ids=UNDECODABLE_HEADERS)
def test_an_undecodable_header_causes_no_redelivery_of_other_messages(harness, header):
    """py-amqp raises on these headers in the function that reads the connection, so every prefetched delivery would be redelivered."""
    process = harness.start_service()
    harness.publish(event_arguments(1, DISPUTE_B))
    channel = harness.sandbox.channel()
    channel.basic_publish("mediation.events", f"{partition_of(DISPUTE_A)}.x", domain_event("mediation", DISPUTE_A, 1), RawProperties(raw_properties(header())))
    channel.connection.close()
    harness.publish(event_arguments(2), event_arguments(2, DISPUTE_B))

    wait_until(lambda: harness.applied_sequences(DISPUTE_A, DISPUTE_B) == {DISPUTE_A: [1, 2], DISPUTE_B: [1, 2]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    assert harness.sandbox.rows("select max(deliveries) from notify.effects") == [(0,)]


def test_new_events_are_processed_while_many_retries_are_due(harness):
    """Thirty slow events are due for a retry at the same time. A new event waits only for the retry in progress, not for all thirty."""
    subjects = [f"620702-2026-{n:06}-0" for n in range(30)]
    harness.start_service()
    harness.publish(*(event_arguments(1, subject, do="fail_slowly_until_repaired", seconds=0.1, what="x") for subject in subjects))
    wait_until(lambda: len(harness.stored_events("parked")) == 30)
    harness.sandbox.rows("delete from notify.begun; update notify.parked set status = 'retry', next_attempt_at = now()")
    wait_until(lambda: harness.sandbox.rows("select 1 from notify.begun"), what="the first retry began")
    harness.publish(event_arguments(1, DISPUTE_B))

    wait_until(lambda: harness.applied_sequences(DISPUTE_B) == {DISPUTE_B: [1]})
    assert len(harness.sandbox.rows("select 1 from notify.begun")) < 20
    harness.allow_success("x")
    harness.sandbox.rows("update notify.parked set next_attempt_at = now()")
    wait_until(lambda: harness.applied_sequences(*subjects) == {subject: [1] for subject in subjects})


class _GbkText(str):
    """String that pika encodes in GBK instead of UTF-8."""

    def encode(self, *_):
        return super().encode("gbk")
