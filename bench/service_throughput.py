"""Per-service benchmark: throughput of each service alone, compared with its floor and with the same service code behind nameko's own event handler."""

import os
import pickle
import statistics
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice, zip_longest

import orjson

from bench.agencies import Message, message_of_event
from bench.bodies import batches_by_events, split_bundle, subject_of
from bench.floor import FloorWork
from bench.lab import Lab, Measurement, listen_to_channel, log_progress, read_json, wait_for_commits
from bench.resource_usage import cpu_seconds
from bench.service_handlers import pack_message, stock_queue
from bench.workload import AgencyEvent
from contracts.channels import DEFAULT_PARTITIONS, SUBSCRIPTIONS, agency_queue, exchange_of, partition_of, queue_of
from deploy.files import ROOT
from plumbing.bundles import content_type, count_events
from plumbing.consumer import BATCH_SIZE

MAIN_DATABASE, BEFORE_MEASUREMENTS, AFTER_INTAKE, WORK_DATABASE = "fengqiao", "bench_before", "bench_after_intake", "bench_work"
NO_BACKPRESSURE = {"FENGQIAO_AHEAD": str(10**9)}  # intake must not wait for mediation's decisions, because only one service runs at a time


@dataclass(frozen=True)
class MeasuredService:
    """A service that is measured alone.

    `producers`: streams that it consumes; empty for intake, which consumes agency events. `channel`: notification channel that each of its commits notifies.
    `count_done`: SQL that counts the events processed so far. `first_commit`: SQL that returns the time of the first commit.
    `original_database`: name of the database that is copied for each measurement.
    """

    name: str
    service: str
    producers: tuple[str, ...]
    channel: str
    count_done: str
    first_commit: str
    original_database: str = BEFORE_MEASUREMENTS


COUNT_PROCESSED = "select coalesce(sum(last_sequence), 0)::bigint from {}.heard"
FIRST_OUTBOX_ROW = "select extract(epoch from min(created_at))::float from {}.outbox"
# The measured services in the order in which an event passes them: each processes the events that the services before it have published.
# fmt: off
MEASURED_SERVICES = (
    #    name         service      producers             channel                count_done                             first_commit
    MeasuredService("intake",     "intake",    (),                   "outbox_intake",       "select count(*) from intake.log",     FIRST_OUTBOX_ROW.format("intake")),
    MeasuredService("mediation",  "mediation", SUBSCRIPTIONS["mediation"],   "outbox_mediation",    COUNT_PROCESSED.format("mediation"),   FIRST_OUTBOX_ROW.format("mediation")),
    MeasuredService("notify",     "notify",    SUBSCRIPTIONS["notify"],      "outbox_notify",       COUNT_PROCESSED.format("notify"),      FIRST_OUTBOX_ROW.format("notify")),
    MeasuredService("metrics",    "metrics",   SUBSCRIPTIONS["metrics"],     "metrics_changes",     COUNT_PROCESSED.format("metrics"),     "select extract(epoch from min(at))::float from metrics.changes"),
    # "answers" is intake as the consumer of mediation's decisions, for which it sends the outcome receipts.
    MeasuredService("answers",    "intake",    SUBSCRIPTIONS["intake"],      "outbox_intake",       COUNT_PROCESSED.format("intake"),      FIRST_OUTBOX_ROW.format("intake"), AFTER_INTAKE),
)
# fmt: on


@dataclass
class MeasurementInput:
    """Input of the measurements of one service: the messages in the order of processing, their queues, and the floor's work."""

    messages: list[Message]
    events: int  # number of events in the messages
    queues: list[str]
    work: FloorWork
    published: int  # number of events in the rows that the service inserts into its outbox


def measure(lab: Lab, agency_events: list[AgencyEvent], pair_count: int, stock_events: int, service_count: int) -> tuple[dict, dict[str, list[Message]]]:
    """Measure the first `service_count` entries of MEASURED_SERVICES on one round of agency events. Only one service runs at a time.

    Returns {measured service: figures} and {service: messages that it published}.
    """
    lab.copies.create_copy(BEFORE_MEASUREMENTS, MAIN_DATABASE)
    published: dict[str, list[Message]] = {}
    figures = {}
    for measured_service in MEASURED_SERVICES[:service_count]:
        measurement_input = _prepare_input(lab, measured_service, agency_events, published)
        figures[measured_service.name] = _measure_service(lab, measured_service, measurement_input, pair_count, stock_events)
    return figures, published


def drop_copies(lab: Lab) -> None:
    for name in (WORK_DATABASE, AFTER_INTAKE, BEFORE_MEASUREMENTS):
        lab.copies.drop_copy(name)


def _prepare_input(lab, measured_service, agency_events, published):
    messages = _messages_for(measured_service, agency_events, published)
    batches_of_messages = list(batches_by_events(messages, BATCH_SIZE))
    events = sum(count_events(message.body) for message in messages)
    log_progress(f"{measured_service.name}: {events} events; recording the floor's work")
    services = _copy_database(lab, measured_service)
    lab.copies.start_capture(WORK_DATABASE, measured_service.service)
    file = lab.folder / "batches.pickle"
    file.write_bytes(pickle.dumps([[event for message in batch for event in split_bundle(message)] for batch in batches_of_messages]))
    _ChildProcess(lab, measured_service, services, "bench.capture", measured_service.name, str(file)).wait_for_success()
    transactions, columns = lab.copies.end_capture(WORK_DATABASE)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
        if measured_service.name != "answers":
            cursor.execute(
                f"select routing_key, message_id, event_count, p.body from {measured_service.service}.outbox join {measured_service.service}.published p"
                " using (id, routing_key, message_id, event_count) where p.exchange = %s order by id",
                (exchange_of(measured_service.service),),
            )
            published[measured_service.service] = [
                Message(exchange_of(measured_service.service), key, bytes(body), message_id, content_type(event_count))
                for key, message_id, event_count, body in cursor.fetchall()
            ]
    if measured_service.name == "intake":
        lab.copies.create_copy(AFTER_INTAKE, WORK_DATABASE)
    queues = sorted(
        {agency_queue(event.agency) for event in agency_events} if measured_service.name == "intake" else {message.routing_key for message in messages}
    )
    batches = [_final_rows(rows, columns) for rows in transactions]
    work = FloorWork(lab.servers.amqp_admin, services[measured_service.service], queues, [len(batch) for batch in batches_of_messages], columns, batches)
    return MeasurementInput(messages, events, queues, work, _count_published_events(measured_service, batches, columns))


def _count_published_events(measured_service, batches, columns):
    outbox = f"{measured_service.service}.outbox"
    column = [name for name, _, _ in columns[outbox]].index("event_count") if outbox in columns else None
    return sum(sum(values[column]) for batch in batches for table, _, values in batch if table == outbox)


def _messages_for(measured_service, agency_events, published):
    if measured_service.name == "intake":
        return [message_of_event(event) for event in agency_events]
    queues: dict[str, list[Message]] = {}
    for producer in measured_service.producers:
        for message in published.get(producer, ()):  # sealed streams are missing in `published`, because the workload has no events on them
            # All events of a message belong to the same partition.
            queue = queue_of(measured_service.service, producer, partition_of(subject_of(message.body), DEFAULT_PARTITIONS))
            queues.setdefault(queue, []).append(Message("", queue, message.body, message.id, message.content_type))
    return merge_queues_in_turn(list(queues.values()))


def merge_queues_in_turn(queues: list[list[Message]]) -> list[Message]:
    """Return all messages of the queues in one list that takes some messages of each queue in turn, as a service consumes them."""
    shares = [batches_by_events(queue, max(1, BATCH_SIZE // len(queues))) for queue in queues]
    return [message for turn in zip_longest(*shares, fillvalue=()) for share in turn for message in share]


def _copy_database(lab, measured_service):
    """Create a copy of the database for one measurement, with an empty outbox and an empty table metrics.changes. Return {service: URL}."""
    services = lab.copies.create_copy(WORK_DATABASE, measured_service.original_database)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
        cursor.execute(f"truncate {measured_service.service}.outbox, metrics.changes")
    return services


def _final_rows(rows, columns):
    """Return one transaction's rows as a list of (table, operation, one list of values per column). Each row occurs once, with its final values."""
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


def _measure_service(lab, measured_service, measurement_input, pair_count, stock_events):
    service_runs, floor_runs = [], []
    for pair in range(pair_count):
        for side in (_run_service, _run_floor) if pair % 2 == 0 else (_run_floor, _run_service):
            (service_runs if side is _run_service else floor_runs).append(side(lab, measured_service, measurement_input))
        log_progress(
            f"{measured_service.name}: {service_runs[-1].rate:.0f}/s, floor {floor_runs[-1].rate:.0f}/s, ratio {service_runs[-1].rate / floor_runs[-1].rate:.2f}"
        )
    events = list(islice((event for message in measurement_input.messages for event in split_bundle(message)), stock_events))
    stock_run = _run_stock_handler(lab, measured_service, events)
    rate = statistics.median(run.rate for run in service_runs)
    return {
        "events": measurement_input.events,
        "messages": len(measurement_input.messages),
        "published": measurement_input.published,
        "rate": round(rate),
        "floor": round(statistics.median(run.rate for run in floor_runs)),
        "ratio": round(statistics.median(service_run.rate / floor.rate for service_run, floor in zip(service_runs, floor_runs, strict=True)), 3),
        "vs_stock": round(rate / stock_run.rate, 2),
        "stock": round(stock_run.rate),
        "stock_cpu_us": round(stock_run.cpu_us, 1),
        "cpu_us": round(statistics.median(run.cpu_us for run in service_runs), 1),
        "floor_cpu_us": round(statistics.median(run.cpu_us for run in floor_runs), 1),
    }


def _run_service(lab, measured_service, measurement_input):
    services = _copy_database(lab, measured_service)
    lab.fill_queues(measurement_input.messages)
    system = lab.system
    system.environment[measured_service.service] = {"DATABASE_URL": services[measured_service.service], "FENGQIAO_EPOCH_FILE": ""} | NO_BACKPRESSURE
    try:
        return _measure_run(
            lab, measured_service, measurement_input.events, lambda: system.start(measured_service.service), lambda: system.pid(measured_service.service)
        )
    finally:
        system.stop(measured_service.service)
        system.environment[measured_service.service] = {}


def _run_floor(lab, measured_service, measurement_input):
    _copy_database(lab, measured_service)
    lab.fill_queues(measurement_input.messages)
    file = lab.folder / "work.pickle"
    file.write_bytes(pickle.dumps(measurement_input.work))
    child = subprocess.Popen([sys.executable, "-m", "bench.floor", str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout.readline() == "ready\n", "the floor did not start"
        cpu = cpu_seconds(child.pid, *lab.server_pids)
        times = read_json(child.stdout.readline())
        cpu = cpu_seconds(child.pid, *lab.server_pids) - cpu
        child.stdin.close()
    count = measurement_input.events
    return Measurement(count / (times["ended"] - times["began"]), 1e6 * cpu / count)


def _run_stock_handler(lab, measured_service, messages):
    services = _copy_database(lab, measured_service)
    exchange, queue, routing_key = stock_queue(measured_service.name)
    lab.declare_queue(exchange, queue, routing_key)
    lab.fill_queues(Message(exchange, routing_key, pack_message(message), message.id) for message in messages)
    children = []
    try:
        return _measure_run(
            lab, measured_service, len(messages), lambda: children.append(_ChildProcess(lab, measured_service, services, "bench.stock_handler", measured_service.name, lab.servers.amqp_admin)),
            lambda: children[0].process.pid,
        )  # fmt: skip
    finally:
        for child in children:
            child.kill()


def _measure_run(lab, measured_service, count, start, pid):
    """Start the process and measure it from the start of its first transaction to its last commit. Return the measurement."""
    url = lab.copies.database_url(WORK_DATABASE)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:

        def query_value(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        listening, done_before = listen_to_channel(url, measured_service.channel), query_value(measured_service.count_done)
        try:
            start()
            ended, cpu, samples = wait_for_commits(
                listening, lambda: query_value(measured_service.count_done), done_before + count, lambda: (pid(), *lab.server_pids)
            )
            assert query_value(measured_service.count_done) == done_before + count, f"{measured_service.name} processed more events than it was given"
            assert not query_value(
                f"select (select count(*) from {measured_service.service}.parked) + (select count(*) from {measured_service.service}.waiting)"
            ), f"{measured_service.name} parked an event or holds one back"
            first_commit = query_value(measured_service.first_commit)
            # CPU time of the start-up is not counted: the CPU time in the last sample before the first transaction is subtracted.
            spent = cpu - max((seconds for instant, seconds in samples if instant <= first_commit), default=0.0)
            return Measurement(count / (ended - first_commit), 1e6 * spent / count)
        finally:
            listening.close()


class _ChildProcess:
    """A child process of the benchmark, with the environment variables of the service whose code it runs."""

    def __init__(self, lab, measured_service, services, module, *arguments):
        environment = {**os.environ, **lab.process_environment(measured_service.service, services[measured_service.service])}
        self.log = lab.folder / f"{module.rpartition('.')[2]}-{measured_service.name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_for_success(self):
        if self.process.wait():
            raise RuntimeError(self.log.read_text()[-3000:])

    def kill(self):
        self.process.kill()
        self.process.wait()
