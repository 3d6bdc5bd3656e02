"""Does a service hear everything once, whatever happens to it, the broker or the database? One real process, a real broker, a real database."""

import pika
import pytest

from contracts.channels import DEAD_LETTERS, partition_of, queue_of
from deploy import broker
from drills.tcp_proxies import tcp_proxy
from tests.apart import domain_event
from tests.county import wait_until
from tests.plumbing.conftest import A, B
from tests.plumbing.processes import Process
from tests.raw_properties import RawProperties, field, nested, raw_properties, timestamp_field

QUEUES = [queue_of("notify", "mediation", partition) for partition in (0, 1)]
assert partition_of(A) != partition_of(B)

TABLES = """
create table if not exists effects (serial bigint generated always as identity primary key, subject text, sequence bigint, batch int, deliveries int, discarded boolean);
create table if not exists begun (n bigint generated always as identity primary key, event_id text);
create table if not exists mended (what text primary key);
delete from effects; delete from begun; delete from mended;
"""


class Stage:
    """The listener process, what is told to it, and what it noted."""

    def __init__(self, apart, folder):
        self.apart, self.folder, self.crash_file = apart, folder, folder / "crash"
        self.running: list[tuple[Process, dict]] = []

    def listens(self, ready=True, copies=1, **environment) -> Process:
        """A process with these settings; one that runs already with the same, if there is one. Starting takes a second."""
        alike = [process for process, told in self.running if told == environment and process.popen.poll() is None]
        if len(alike) < copies:
            if copies == 1:
                self.stop()
            own = {"FENGQIAO_STOP_SECONDS": "5", "FENGQIAO_CRASH_FILE": str(self.crash_file), "EVENTLET_NO_GREENDNS": "yes"}
            told = self.apart.environment("notify") | own | environment
            alike.append(Process(self.folder / f"{len(self.running)}.log", "tests.plumbing.listener", **told))
            self.running.append((alike[-1], environment))
        alike[-1].mark()
        return alike[-1].wait_ready() if ready else alike[-1]

    def stop(self):
        for process, _ in self.running:
            process.__exit__()

    def tell(self, *events):
        self.apart.tell("mediation", *events)

    def applied(self, *subjects):
        """The sequences that took effect, by dispute, in the order of their effects."""
        found = self.apart.rows("select subject, sequence from notify.effects order by serial")
        return {subject: [sequence for code, sequence in found if code == subject] for subject in subjects}

    def kept(self, table):
        return self.apart.rows(f"select subject, sequence from notify.{table} order by id")

    def mend(self, what):
        self.apart.rows("insert into notify.mended values (%s)", what)

    def left(self):
        return sum(map(self.apart.count, QUEUES))


@pytest.fixture(scope="module")
def whole_stage(apart, tmp_path_factory):
    stage = Stage(apart, tmp_path_factory.mktemp("listeners"))
    yield stage
    stage.stop()


@pytest.fixture
def stage(whole_stage, fresh):
    fresh.purge(*QUEUES)
    with fresh.pool("notify", 1).transaction() as tx:
        tx.run(TABLES)
    return whole_stage


def event(sequence, subject=A, **data):
    return {"subject": subject, "sequence": sequence, **data}


def test_everything_told_takes_effect_once_and_is_acknowledged(stage):
    stage.tell(*(event(n, subject) for n in (3, 1, 2, 2, 4) for subject in (A, B)))
    process = stage.listens()
    wait_until(lambda: stage.applied(A, B) == {A: [1, 2, 3, 4], B: [1, 2, 3, 4]})

    process.ask_to_stop()
    assert process.ends() == 0
    assert stage.left() == 0


@pytest.mark.parametrize("moment", ["before_commit", "after_commit", "after_acknowledge"])
def test_killed_at_this_moment_nothing_is_lost_or_done_twice(stage, moment):
    process = stage.listens()
    stage.crash_file.write_text(moment)
    stage.tell(event(1), event(2), event(1, B))
    assert process.ends() == 137
    already = stage.applied(A, B) != {A: [], B: []}
    assert already == (moment != "before_commit")

    process = stage.listens()
    stage.tell(event(3))
    wait_until(lambda: stage.applied(A, B) == {A: [1, 2, 3], B: [1]})
    process.ask_to_stop()
    assert process.ends() == 0 and stage.left() == 0


def test_an_event_that_fails_harms_only_its_own_dispute(stage):
    stage.tell(event(1), event(2, do="fail_until_mended", what="x"), event(3), event(1, B), event(2, B))
    process = stage.listens()
    wait_until(lambda: stage.applied(A, B) == {A: [1], B: [1, 2]})
    wait_until(lambda: stage.kept("parked") == [(A, 2)])
    assert stage.kept("waiting") == [(A, 3)]

    stage.tell(event(3, B))
    wait_until(lambda: stage.applied(B) == {B: [1, 2, 3]})
    stage.mend("x")
    wait_until(lambda: stage.applied(A) == {A: [1, 2, 3]})

    assert stage.kept("parked") == stage.kept("waiting") == []
    assert process.measure("fengqiao_events_total") >= 6
    (failed,) = [line for line in process.lines() if "An event failed" in line["event"]][:1]
    assert (failed["dispute"], failed["event_id"], failed["reason"].split(" at ")[0]) == (A, f"{A}/2", "NotMended")


def test_when_what_waited_is_what_fails_it_is_parked_and_not_the_one_before(stage):
    """The gap closes, and behind it stands an event that fails: the one that closed the gap is not to blame."""
    stage.tell(event(2, do="fail_until_mended", what="x"), event(3))
    stage.listens()
    wait_until(lambda: stage.kept("waiting") == [(A, 2), (A, 3)])
    stage.tell(event(1))

    wait_until(lambda: stage.applied(A) == {A: [1]})
    wait_until(lambda: stage.kept("parked") == [(A, 2)])
    stage.mend("x")
    wait_until(lambda: stage.applied(A) == {A: [1, 2, 3]})


def test_a_timeout_that_leaks_from_the_method_is_like_any_failure(stage):
    stage.tell(event(1, do="leak_a_timeout"), event(1, B))
    process = stage.listens()
    wait_until(lambda: stage.applied(B) == {B: [1]} and stage.kept("parked") == [(A, 1)])
    stage.mend("timeout")
    wait_until(lambda: stage.applied(A) == {A: [1]})

    process.ask_to_stop()
    assert process.ends() == 0 and stage.left() == 0


def test_bytes_that_are_no_event_are_kept_and_hold_up_nobody(stage):
    stage.tell(event(1, body=b"\xff not json"), event(1), event(1, B, body=b'{"type": "t"}'), event(1, B))
    process = stage.listens()
    wait_until(lambda: stage.applied(A, B) == {A: [1], B: [1]})

    assert [source for (source,) in stage.apart.rows("select source from notify.parked")] == ["unreadable", "unreadable"]
    assert stage.left() == 0
    stage.apart.rows("update notify.parked set status = 'retry', next_attempt_at = now()")  # replayed: they are still no events
    wait_until(lambda: stage.apart.rows("select status, attempts from notify.parked") == [("parked", 2), ("parked", 2)])
    assert process.is_ready()


def test_the_log_says_what_failed_and_nothing_of_what_it_was_about(stage):
    stage.tell(event(1, do="fail", note="李四 62070219800101001X"))
    process = stage.listens()
    wait_until(lambda: any("An event failed" in line["event"] for line in process.lines()))

    text = process.text()
    assert "ValueError at listener.py:" in text
    for secret in ("张三", "13900000000", "李四", "62070219800101001X"):
        assert secret not in text
    assert {line["level"] for line in process.lines()} <= {"info", "warning", "error"}
    (failed,) = [line for line in process.lines() if "An event failed" in line["event"]][:1]
    assert failed["trace_id"] == "a" * 32  # the thread that an operator follows through all services


def test_a_stop_finishes_what_is_in_hand_and_gives_back_the_rest(stage):
    process = stage.listens()
    stage.tell(event(1, do="take_long", seconds=1.5))
    wait_until(lambda: stage.apart.rows("select 1 from notify.begun"))
    stage.tell(*(event(n, B) for n in range(1, 6)))
    process.ask_to_stop()

    assert process.ends() == 0
    assert stage.applied(A, B) == {A: [1], B: []}
    assert stage.left() == 5


def test_a_stop_has_a_deadline(stage):
    process = stage.listens(FENGQIAO_STOP_SECONDS="0.5")
    stage.tell(event(1, do="take_long", seconds=60))
    wait_until(lambda: stage.apart.rows("select 1 from notify.begun"))
    process.ask_to_stop()

    assert process.ends(15) == 1
    wait_until(lambda: stage.left() == 1)
    assert stage.applied(A) == {A: []}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"AMQP_URI": "police"}, 403),  # may not read these queues
        ({"FENGQIAO_PARTITIONS": "3"}, 404),  # there is no third queue
    ],
)
def test_what_the_broker_refuses_ends_the_process_at_once_and_says_so(stage, wrong, code):
    wrong = {name: stage.apart.amqp(value) if name == "AMQP_URI" else value for name, value in wrong.items()}
    process = stage.listens(ready=False, **wrong)

    assert process.ends() != 0
    assert [line["code"] for line in process.lines() if line.get("level") == "error" and "refuses" in line["event"]] == [code]


def test_the_broker_goes_away_and_comes_back(stage):
    with tcp_proxy(stage.apart.amqp("notify")) as proxy:
        process = stage.listens(AMQP_URI=proxy.through(stage.apart.amqp("notify")))
        stage.tell(event(1))
        wait_until(lambda: stage.applied(A) == {A: [1]})
        proxy.interrupt()
        stage.tell(event(2))
        wait_until(lambda: process.parts() == {"broker": False, "database": True})
        proxy.mend()

        wait_until(lambda: stage.applied(A) == {A: [1, 2]})
        wait_until(process.is_ready)


def test_while_the_database_is_away_nothing_circles_at_the_broker(stage):
    """A full inbox at hand, and the database goes: it is given back once, not again and again, and taken up when the database answers."""
    with tcp_proxy(stage.apart.databases["notify"]) as proxy:
        process = stage.listens(DATABASE_URL=proxy.through(stage.apart.databases["notify"]))
        proxy.interrupt()
        stage.tell(*(event(n) for n in range(1, 501)))
        wait_until(lambda: process.parts() is not None and not any(process.parts().values()))
        proxy.mend()
        wait_until(lambda: stage.applied(A) == {A: list(range(1, 501))})

    deliveries = [count for (count,) in stage.apart.rows("select deliveries from notify.effects")]
    assert max(deliveries) <= 2
    process.ask_to_stop()
    assert process.ends() == 0 and stage.left() == 0


def test_a_database_that_answers_and_takes_no_work_costs_no_event_its_deliveries(stage):
    """Its disk is full, say. Given back again and again, events would end among the dead letters."""
    stage.tell(event(1, do="be_refused_until_mended", sqlstate="53100"), *(event(n) for n in range(2, 301)))
    process = stage.listens()
    wait_until(lambda: sum("does not answer" in line["event"] for line in process.lines()) > 5)
    stage.mend("53100")
    wait_until(lambda: stage.applied(A) == {A: list(range(1, 301))})

    assert stage.apart.rows("select max(deliveries) from notify.effects") <= [(2,)]
    assert stage.kept("parked") == [] and stage.apart.count(DEAD_LETTERS) == 0


def test_a_row_that_somebody_holds_for_long_is_no_events_fault(stage):
    stage.tell(event(1, do="be_refused_until_mended", sqlstate="55P03"), event(2), event(1, B))
    process = stage.listens()
    wait_until(lambda: sum("held by somebody else" in line["event"] for line in process.lines()) > 2)
    assert stage.kept("parked") == []

    stage.mend("55P03")
    wait_until(lambda: stage.applied(A, B) == {A: [1, 2], B: [1]})
    process.ask_to_stop()
    assert process.ends() == 0 and stage.left() == 0


def test_connections_that_break_under_a_full_inbox_are_made_again(stage):
    """The database answers again before the broker's line is down: the one who works must let the one who reads hang up."""
    with tcp_proxy(stage.apart.databases["notify"]) as proxy:
        process = stage.listens(DATABASE_URL=proxy.through(stage.apart.databases["notify"]))
        stage.tell(event(1, do="take_long", seconds=2), *(event(n) for n in range(2, 801)))
        wait_until(lambda: stage.apart.rows("select 1 from notify.begun"))
        proxy.interrupt()
        proxy.mend()

        wait_until(lambda: stage.applied(A) == {A: list(range(1, 801))})
        wait_until(process.is_ready)


def test_a_queue_taken_away_ends_the_process(stage):
    process = stage.listens()
    channel = stage.apart.channel()
    try:
        channel.queue_delete(QUEUES[1])
        assert process.ends() != 0
    finally:
        channel.queue_declare(QUEUES[1], durable=True, arguments=broker.SAFE | broker.IN_ORDER)
        channel.queue_bind(QUEUES[1], "mediation.events", "1.#")
        channel.connection.close()


def test_two_copies_share_the_work_and_one_takes_over(stage):
    first = stage.listens()
    second = stage.listens(copies=2)
    stage.tell(*(event(n, subject) for n in range(1, 21) for subject in (A, B)))
    wait_until(lambda: stage.applied(A, B) == {A: list(range(1, 21)), B: list(range(1, 21))})

    first.popen.kill()
    stage.tell(event(21), event(21, B))
    wait_until(lambda: stage.applied(A, B) == {A: list(range(1, 22)), B: list(range(1, 22))})
    assert second.is_ready()


@pytest.mark.parametrize("where", ["message_id", "header", "header_name", "routing_key"])
def test_words_in_another_encoding_stop_nobody(stage, where):
    """Many a system in an office speaks GBK. The broker passes on any bytes; the one who hears must not fall over them."""
    gbk = _Gbk(f"{partition_of(A)}.大满镇")
    properties = pika.BasicProperties(delivery_mode=2, message_id=gbk if where == "message_id" else None)
    if where.startswith("header"):
        properties.headers = {"ce-subject" if where == "header" else gbk: gbk}
    process = stage.listens()
    channel = stage.apart.channel()
    key = gbk if where == "routing_key" else f"{partition_of(A)}.x"
    channel.basic_publish("mediation.events", key, domain_event("mediation", A, 1), properties)
    channel.connection.close()

    wait_until(lambda: stage.applied(A) == {A: [1]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    stage.tell(event(2))
    wait_until(lambda: stage.applied(A) == {A: [1, 2]})


UNDECODABLE = {
    "a timestamp in milliseconds": lambda: timestamp_field("sent-at", 1764162000000),
    "the largest timestamp": lambda: timestamp_field("sent-at", 2**64 - 1),
    "a table nested 1,500 deep": lambda: field("deep", "F", nested(1500)),
    "a list nested 1,500 deep": lambda: field("deep", "A", nested(1500, "A")),
}


@pytest.mark.parametrize("header", UNDECODABLE.values(), ids=UNDECODABLE)
def test_a_header_that_the_client_library_cannot_decode_ends_no_process_and_costs_no_other_delivery_an_attempt(stage, header):
    """py-amqp raises on these out of the function that reads the connection, with every prefetched delivery unacknowledged."""
    process = stage.listens()
    stage.tell(event(1, B))
    channel = stage.apart.channel()
    channel.basic_publish("mediation.events", f"{partition_of(A)}.x", domain_event("mediation", A, 1), RawProperties(raw_properties(header())))
    channel.connection.close()
    stage.tell(event(2), event(2, B))

    wait_until(lambda: stage.applied(A, B) == {A: [1, 2], B: [1, 2]} or process.popen.poll() is not None)
    assert process.popen.poll() is None
    assert stage.apart.rows("select max(deliveries) from notify.effects") == [(0,)]


def test_events_that_are_tried_again_do_not_go_before_new_ones(stage):
    """Thirty events fail, each after a while, and are due again all at once. A new event waits for the one in hand, not for thirty."""
    subjects = [f"620702-2026-{n:06}-0" for n in range(30)]
    stage.listens()
    stage.tell(*(event(1, subject, do="fail_slowly_until_mended", seconds=0.1, what="x") for subject in subjects))
    wait_until(lambda: len(stage.kept("parked")) == 30)
    stage.apart.rows("delete from notify.begun; update notify.parked set status = 'retry', next_attempt_at = now()")
    wait_until(lambda: stage.apart.rows("select 1 from notify.begun"), what="the first was tried again")
    stage.tell(event(1, B))

    wait_until(lambda: stage.applied(B) == {B: [1]})
    assert len(stage.apart.rows("select 1 from notify.begun")) < 20
    stage.mend("x")
    stage.apart.rows("update notify.parked set next_attempt_at = now()")
    wait_until(lambda: stage.applied(*subjects) == {subject: [1] for subject in subjects})


class _Gbk(str):
    """A text that pika sends as another system would."""

    def encode(self, *_):
        return super().encode("gbk")
