"""Per-service benchmark: each service, its floor, and the same service code behind nameko's own event handler, on the same messages and the same rows."""

import os
import pickle
import statistics
import subprocess
import sys
from dataclasses import dataclass

import orjson

from bench.agencies import Message, message_of
from bench.floor import FloorWork
from bench.lab import Lab, Run, listen, log_progress, read_json, watch_commits
from bench.resource_usage import cpu_seconds
from bench.service_handlers import pack, stock_queue
from bench.workload import AgencyEvent
from contracts.channels import DEFAULT_PARTITIONS, SUBSCRIPTIONS, agency_queue, exchange_of, partition_of, queue_of
from deploy.files import ROOT
from plumbing.consumer import BATCH_SIZE
from plumbing.events import CONTENT_TYPE

MAIN_DATABASE, BEFORE_MEASUREMENTS, AFTER_INTAKE, WORK_DATABASE = "fengqiao", "bench_before", "bench_after_intake", "bench_work"
NO_BACKPRESSURE = {"FENGQIAO_AHEAD": str(10**9)}  # only one service runs at a time: intake must not wait for mediation's decisions


@dataclass(frozen=True)
class Hop:
    """One service's part of an event's path. `count_done` and `first_commit` are SQL: events processed so far, and the time of the first commit."""

    name: str
    service: str
    producers: tuple[str, ...]
    channel: str  # notified by every commit
    count_done: str
    first_commit: str
    original: str = BEFORE_MEASUREMENTS


# fmt: off
COUNT_PROCESSED = "select coalesce(sum(last_sequence), 0)::bigint from {}.heard"
FIRST_OUTBOX_ROW = "select extract(epoch from min(created_at))::float from {}.outbox"
HOPS = (
    #    name         service      listens to            channel                count_done                             first_commit
    Hop("intake",     "intake",    (),                   "outbox_intake",       "select count(*) from intake.log",     FIRST_OUTBOX_ROW.format("intake")),
    Hop("mediation",  "mediation", SUBSCRIPTIONS["mediation"],   "outbox_mediation",    COUNT_PROCESSED.format("mediation"),   FIRST_OUTBOX_ROW.format("mediation")),
    Hop("notify",     "notify",    SUBSCRIPTIONS["notify"],      "outbox_notify",       COUNT_PROCESSED.format("notify"),      FIRST_OUTBOX_ROW.format("notify")),
    Hop("metrics",    "metrics",   SUBSCRIPTIONS["metrics"],     "metrics_changes",     COUNT_PROCESSED.format("metrics"),     "select extract(epoch from min(at))::float from metrics.changes"),
    # Intake again, as the consumer of mediation's decisions: it sends the outcome receipts.
    Hop("answers",    "intake",    SUBSCRIPTIONS["intake"],      "outbox_intake",       COUNT_PROCESSED.format("intake"),      FIRST_OUTBOX_ROW.format("intake"), AFTER_INTAKE),
)
# fmt: on


@dataclass
class HopInput:
    """Input of the measurements of one hop: the messages in the order of processing, their queues, and the floor's work."""

    messages: list[Message]
    queues: list[str]
    work: FloorWork
    published: int  # rows that the service adds to its outbox


def measure(lab: Lab, agency_events: list[AgencyEvent], pairs: int, stock_events: int, hops: int) -> tuple[dict, dict[str, list[Message]]]:
    """Measure the first `hops` hops on one round of agency events; each processes what the hops before it have published. No other service runs.

    Returns the figures, and the messages that each service published.
    """
    lab.copies.make(BEFORE_MEASUREMENTS, MAIN_DATABASE)
    published: dict[str, list[Message]] = {}
    figures = {}
    for hop in HOPS[:hops]:
        hop_input = _prepare(lab, hop, agency_events, published)
        figures[hop.name] = _measure(lab, hop, hop_input, pairs, stock_events)
    return figures, published


def drop_copies(lab: Lab) -> None:
    for name in (WORK_DATABASE, AFTER_INTAKE, BEFORE_MEASUREMENTS):
        lab.copies.drop(name)


def _prepare(lab, hop, agency_events, published):
    messages = _messages_for(hop, agency_events, published)
    log_progress(f"{hop.name}: {len(messages)} events; recording the floor's work")
    services = _copy_database(lab, hop)
    lab.copies.start_capture(WORK_DATABASE, hop.service)
    file = lab.folder / "messages.pickle"
    file.write_bytes(pickle.dumps(messages))
    _ChildProcess(lab, hop, services, "bench.capture", hop.name, str(file)).check()
    transactions, columns = lab.copies.end_capture(WORK_DATABASE)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
        if hop.name != "answers":
            cursor.execute(f"select routing_key, event_id, body from {hop.service}.outbox where exchange = %s order by id", (exchange_of(hop.service),))
            published[hop.service] = [Message(exchange_of(hop.service), key, bytes(body), event_id, CONTENT_TYPE) for key, event_id, body in cursor.fetchall()]
    if hop.name == "intake":
        lab.copies.make(AFTER_INTAKE, WORK_DATABASE)
    queues = sorted({agency_queue(event.agency) for event in agency_events} if hop.name == "intake" else {message.routing_key for message in messages})
    batches = [_final_rows(rows, columns) for rows in transactions]
    work = FloorWork(lab.servers.amqp_admin, services[hop.service], queues, len(messages), BATCH_SIZE, columns, batches)
    said_rows = sum(len(columns[0]) for batch in batches for table, _, columns in batch if table == f"{hop.service}.outbox")
    return HopInput(messages, queues, work, said_rows)


def _messages_for(hop, agency_events, published):
    if hop.name == "intake":
        return [message_of(event) for event in agency_events]
    queues: dict[str, list[Message]] = {}
    for producer in hop.producers:
        for message in published.get(producer, ()):  # the workload has no events on the sealed streams
            queue = queue_of(hop.service, producer, partition_of(message.id.rpartition("/")[0], DEFAULT_PARTITIONS))
            queues.setdefault(queue, []).append(Message("", queue, message.body, message.id, CONTENT_TYPE))
    return merge_in_turn(list(queues.values()))


def merge_in_turn(queues: list[list[Message]]) -> list[Message]:
    """Merge the queues into one list, a share of each queue in turn, as a service reads them."""
    share, merged, remaining = max(1, BATCH_SIZE // len(queues)), [], [queue[::-1] for queue in queues]
    while any(remaining):
        for queue in remaining:
            merged += [queue.pop() for _ in range(min(share, len(queue)))]
    return merged


def _copy_database(lab, hop):
    """Create a copy of the database to work on, with empty outbox and changes."""
    services = lab.copies.make(WORK_DATABASE, hop.original)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
        cursor.execute(f"truncate {hop.service}.outbox, metrics.changes")
    return services


def _final_rows(rows, columns):
    """Return one transaction's rows as (table, operation, one list per column), each row once, with its final values."""
    final: dict[tuple, tuple[str, dict]] = {}
    for number, (table, op, row) in enumerate(rows):
        key = (table, *(row[name] for name, _, in_key in columns[table] if in_key)) if any(c[2] for c in columns[table]) else (table, number)
        previous = final.pop(key, None)
        if previous is not None and previous[0] == "INSERT":
            if op == "DELETE":
                continue
            op = "INSERT"
        final[key] = (op, row)
    grouped: dict[tuple[str, str], list[dict]] = {}
    for (table, *_), (op, row) in final.items():
        grouped.setdefault((table, op), []).append(row)
    return [
        (table, op, [[_sql_value(row[name], kind) for row in group] for name, kind, key in columns[table] if key or op != "DELETE"])
        for (table, op), group in grouped.items()
    ]


def _sql_value(value, kind):
    if value is None:
        return None
    if kind == "bytea":
        return bytes.fromhex(value[2:])
    if kind in ("json", "jsonb"):
        return orjson.dumps(value).decode()
    if kind.endswith("[]"):
        return "{" + ",".join('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value) + "}"
    return value


# ── the three measurements ────────────────────────────────────────────────────────────────────────────────────────────


def _measure(lab, hop, hop_input, pairs, stock_events):
    service_runs, floor_runs = [], []
    for pair in range(pairs):
        for side in (_run_service, _run_floor) if pair % 2 == 0 else (_run_floor, _run_service):
            (service_runs if side is _run_service else floor_runs).append(side(lab, hop, hop_input))
        log_progress(f"{hop.name}: {service_runs[-1].rate:.0f}/s, floor {floor_runs[-1].rate:.0f}/s, ratio {service_runs[-1].rate / floor_runs[-1].rate:.2f}")
    stock_run = _run_stock_handler(lab, hop, hop_input.messages[:stock_events])
    rate = statistics.median(run.rate for run in service_runs)
    return {
        "events": len(hop_input.messages),
        "published": hop_input.published,
        "rate": round(rate),
        "floor": round(statistics.median(run.rate for run in floor_runs)),
        "ratio": round(statistics.median(service_run.rate / floor.rate for service_run, floor in zip(service_runs, floor_runs, strict=True)), 3),
        "vs_stock": round(rate / stock_run.rate, 2),
        "stock": round(stock_run.rate),
        "stock_cpu_us": round(stock_run.cpu_us, 1),
        "cpu_us": round(statistics.median(run.cpu_us for run in service_runs), 1),
        "floor_cpu_us": round(statistics.median(run.cpu_us for run in floor_runs), 1),
    }


def _run_service(lab, hop, hop_input):
    services = _copy_database(lab, hop)
    lab.fill_queues(hop_input.messages)
    system = lab.system
    system.environment[hop.service] = {"DATABASE_URL": services[hop.service]} | NO_BACKPRESSURE
    try:
        return _measure_run(lab, hop, len(hop_input.messages), lambda: system.start(hop.service), lambda: system.pid(hop.service))
    finally:
        system.stop(hop.service)
        system.environment[hop.service] = {}


def _run_floor(lab, hop, hop_input):
    _copy_database(lab, hop)
    lab.fill_queues(hop_input.messages)
    file = lab.folder / "work.pickle"
    file.write_bytes(pickle.dumps(hop_input.work))
    child = subprocess.Popen([sys.executable, "-m", "bench.floor", str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout.readline() == "ready\n", "the floor did not start"
        cpu = cpu_seconds(child.pid, *lab.server_pids)
        times = read_json(child.stdout.readline())
        cpu = cpu_seconds(child.pid, *lab.server_pids) - cpu
        child.stdin.close()
    count = len(hop_input.messages)
    return Run(count / (times["ended"] - times["began"]), 1e6 * cpu / count)


def _run_stock_handler(lab, hop, messages):
    services = _copy_database(lab, hop)
    exchange, queue, routing_key = stock_queue(hop.name)
    lab.declare_queue(exchange, queue, routing_key)
    lab.fill_queues(Message(exchange, routing_key, pack(message), message.id) for message in messages)
    children = []
    try:
        return _measure_run(
            lab, hop, len(messages), lambda: children.append(_ChildProcess(lab, hop, services, "bench.stock_handler", hop.name, lab.servers.amqp_admin)),
            lambda: children[0].process.pid,
        )  # fmt: skip
    finally:
        for child in children:
            child.end()


def _measure_run(lab, hop, count, start, pid):
    """Measure from the begin of the first transaction to the last commit."""
    url = lab.copies.url(WORK_DATABASE)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:

        def query_value(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        listening, done_before = listen(url, hop.channel), query_value(hop.count_done)
        try:
            start()
            ended, cpu, samples = watch_commits(listening, lambda: query_value(hop.count_done), done_before + count, lambda: (pid(), *lab.server_pids))
            assert query_value(hop.count_done) == done_before + count, f"{hop.name} processed more events than were published"
            assert not query_value(f"select (select count(*) from {hop.service}.parked) + (select count(*) from {hop.service}.waiting)"), (
                f"{hop.name} parked something"
            )
            first_commit = query_value(hop.first_commit)
            # CPU time of the start-up is not counted: it is subtracted as of the last sample before the first transaction.
            spent = cpu - max((seconds for instant, seconds in samples if instant <= first_commit), default=0.0)
            return Run(count / (ended - first_commit), 1e6 * spent / count)
        finally:
            listening.close()


class _ChildProcess:
    """A child process of the benchmark, with the settings of the service whose code it runs."""

    def __init__(self, lab, hop, services, module, *arguments):
        environment = {**os.environ, **lab.environment(hop.service, services[hop.service])}
        self.log = lab.folder / f"{module.rpartition('.')[2]}-{hop.name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def check(self):
        if self.process.wait():
            raise RuntimeError(self.log.read_text()[-3000:])

    def end(self):
        self.process.kill()
        self.process.wait()
