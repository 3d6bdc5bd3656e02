"""Each hop by itself: the service, its floor, and the same code behind nameko's own handler, on the same messages and the same rows."""

import os
import pickle
import statistics
import subprocess
import sys
from dataclasses import dataclass

import orjson

from bench.agencies import Message, message_of
from bench.floor import Work
from bench.lab import Ground, Run, listen, read_json, say, watch
from bench.packing import pack, stock_queue
from bench.watching import cpu_seconds
from bench.workload import Letter
from contracts.channels import DEFAULT_PARTITIONS, HEARS, agency_queue, exchange_of, partition_of, queue_of
from deploy.files import ROOT
from plumbing.consumer import SIZE
from plumbing.events import CONTENT_TYPE

MAIN, BEFORE, TAKEN_IN, WORK = "fengqiao", "bench_before", "bench_taken_in", "bench_work"
UNPACED = {"FENGQIAO_AHEAD": str(10**9)}  # nobody decides meanwhile: intake must not wait for it


@dataclass(frozen=True)
class Hop:
    """A line of the table below. The SQL is asked by the administrator."""

    name: str
    service: str
    producers: tuple[str, ...]
    wakes: str
    done: str
    began: str
    starts_from: str = BEFORE


# fmt: off
HEARD = "select coalesce(sum(last_sequence), 0)::bigint from {}.heard"
SAID = "select extract(epoch from min(created_at))::float from {}.outbox"
HOPS = (
    #    name         process      hears                 every commit notifies  how far it is                          when it began
    Hop("intake",     "intake",    (),                   "outbox_intake",       "select count(*) from intake.log",     SAID.format("intake")),
    Hop("mediation",  "mediation", HEARS["mediation"],   "outbox_mediation",    HEARD.format("mediation"),             SAID.format("mediation")),
    Hop("notify",     "notify",    HEARS["notify"],      "outbox_notify",       HEARD.format("notify"),                SAID.format("notify")),
    Hop("metrics",    "metrics",   HEARS["metrics"],     "metrics_changes",     HEARD.format("metrics"),               "select extract(epoch from min(at))::float from metrics.changes"),
    # Intake once more: it hears what mediation decided, and tells the agencies.
    Hop("answers",    "intake",    HEARS["intake"],      "outbox_intake",       HEARD.format("intake"),                SAID.format("intake"), TAKEN_IN),
)
# fmt: on


@dataclass
class Prepared:
    """What a hop is measured with: the messages in the order heard, their queues, the floor's work."""

    messages: list[Message]
    queues: list[str]
    work: Work
    said: int  # rows that it puts into its outbox


def measure(ground: Ground, letters: list[Letter], pairs: int, stock_events: int, hops: int) -> tuple[dict, dict[str, list[Message]]]:
    """The first `hops` hops on one wave of agency events; each hears what the ones before said. Nothing of ours runs meanwhile.

    Returns the figures, and what each service said.
    """
    ground.copies.make(BEFORE, MAIN)
    said: dict[str, list[Message]] = {}
    figures = {}
    for hop in HOPS[:hops]:
        prepared = _prepare(ground, hop, letters, said)
        figures[hop.name] = _measure(ground, hop, prepared, pairs, stock_events)
    return figures, said


def forget(ground: Ground) -> None:
    for name in (WORK, TAKEN_IN, BEFORE):
        ground.copies.drop(name)


def _prepare(ground, hop, letters, said):
    messages = _heard_by(hop, letters, said)
    say(f"{hop.name}: {len(messages)} events; writing down the floor's work")
    services = _copy(ground, hop)
    ground.copies.capture(WORK, hop.service)
    file = ground.folder / "messages.pickle"
    file.write_bytes(pickle.dumps(messages))
    _child(ground, hop, services, "bench.capture", hop.name, str(file)).check()
    transactions, columns = ground.copies.captured(WORK)
    with ground.copies.connected(WORK) as cursor:
        if hop.name != "answers":
            cursor.execute(f"select routing_key, event_id, body from {hop.service}.outbox where exchange = %s order by id", (exchange_of(hop.service),))
            said[hop.service] = [Message(exchange_of(hop.service), key, bytes(body), event_id, CONTENT_TYPE) for key, event_id, body in cursor.fetchall()]
    if hop.name == "intake":
        ground.copies.make(TAKEN_IN, WORK)
    queues = sorted({agency_queue(letter.agency) for letter in letters} if hop.name == "intake" else {message.routing_key for message in messages})
    batches = [_statements(rows, columns) for rows in transactions]
    work = Work(ground.servers.amqp_admin, services[hop.service], queues, len(messages), SIZE, columns, batches)
    said_rows = sum(len(columns[0]) for batch in batches for table, _, columns in batch if table == f"{hop.service}.outbox")
    return Prepared(messages, queues, work, said_rows)


def _heard_by(hop, letters, said):
    if hop.name == "intake":
        return [message_of(letter) for letter in letters]
    queues: dict[str, list[Message]] = {}
    for producer in hop.producers:
        for message in said.get(producer, ()):  # nothing is said in the sealed lane here
            queue = queue_of(hop.service, producer, partition_of(message.id.rpartition("/")[0], DEFAULT_PARTITIONS))
            queues.setdefault(queue, []).append(Message("", queue, message.body, message.id, CONTENT_TYPE))
    return in_turn(list(queues.values()))


def in_turn(queues: list[list[Message]]) -> list[Message]:
    """One line out of several: a share of each in turn, as a service takes them."""
    share, merged, rest = max(1, SIZE // len(queues)), [], [queue[::-1] for queue in queues]
    while any(rest):
        for queue in rest:
            merged += [queue.pop() for _ in range(min(share, len(queue)))]
    return merged


def _copy(ground, hop):
    """A copy to work on, with nothing in it that an earlier run said."""
    services = ground.copies.make(WORK, hop.starts_from)
    with ground.copies.connected(WORK) as cursor:
        cursor.execute(f"truncate {hop.service}.outbox, metrics.changes")
    return services


def _statements(rows, columns):
    """The rows of one transaction as (table, operation, one list per column): what each came to in the end, once."""
    final: dict[tuple, tuple[str, dict]] = {}
    for number, (table, op, row) in enumerate(rows):
        key = (table, *(row[name] for name, _, in_key in columns[table] if in_key)) if any(c[2] for c in columns[table]) else (table, number)
        before = final.pop(key, None)
        if before is not None and before[0] == "INSERT":
            if op == "DELETE":
                continue
            op = "INSERT"
        final[key] = (op, row)
    grouped: dict[tuple[str, str], list[dict]] = {}
    for (table, *_), (op, row) in final.items():
        grouped.setdefault((table, op), []).append(row)
    return [
        (table, op, [[_value(row[name], kind) for row in group] for name, kind, key in columns[table] if key or op != "DELETE"])
        for (table, op), group in grouped.items()
    ]


def _value(value, kind):
    if value is None:
        return None
    if kind == "bytea":
        return bytes.fromhex(value[2:])
    if kind in ("json", "jsonb"):
        return orjson.dumps(value).decode()
    if kind.endswith("[]"):
        return "{" + ",".join('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value) + "}"
    return value


# ── the three sides ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _measure(ground, hop, prepared, pairs, stock_events):
    ours, floors = [], []
    for pair in range(pairs):
        for side in (_service, _floor) if pair % 2 == 0 else (_floor, _service):
            (ours if side is _service else floors).append(side(ground, hop, prepared))
        say(f"{hop.name}: {ours[-1].rate:.0f}/s, floor {floors[-1].rate:.0f}/s, ratio {ours[-1].rate / floors[-1].rate:.2f}")
    plain = _stock(ground, hop, prepared.messages[:stock_events])
    rate = statistics.median(run.rate for run in ours)
    return {
        "events": len(prepared.messages),
        "said": prepared.said,
        "rate": round(rate),
        "floor": round(statistics.median(run.rate for run in floors)),
        "ratio": round(statistics.median(mine.rate / floor.rate for mine, floor in zip(ours, floors, strict=True)), 3),
        "vs_stock": round(rate / plain.rate, 2),
        "stock": round(plain.rate),
        "stock_cpu_us": round(plain.cpu_us, 1),
        "cpu_us": round(statistics.median(run.cpu_us for run in ours), 1),
        "floor_cpu_us": round(statistics.median(run.cpu_us for run in floors), 1),
    }


def _service(ground, hop, prepared):
    services = _copy(ground, hop)
    ground.fill(prepared.messages)
    system = ground.system
    system.environment[hop.service] = {"DATABASE_URL": services[hop.service]} | UNPACED
    try:
        return _watched(ground, hop, len(prepared.messages), lambda: system.start(hop.service), lambda: system.pid(hop.service))
    finally:
        system.stop(hop.service)
        system.environment[hop.service] = {}


def _floor(ground, hop, prepared):
    _copy(ground, hop)
    ground.fill(prepared.messages)
    file = ground.folder / "work.pickle"
    file.write_bytes(pickle.dumps(prepared.work))
    child = subprocess.Popen([sys.executable, "-m", "bench.floor", str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout.readline() == "ready\n", "the floor did not start"
        cpu = cpu_seconds(child.pid, *ground.server_pids)
        times = read_json(child.stdout.readline())
        cpu = cpu_seconds(child.pid, *ground.server_pids) - cpu
        child.stdin.close()
    count = len(prepared.messages)
    return Run(count / (times["ended"] - times["began"]), 1e6 * cpu / count)


def _stock(ground, hop, messages):
    services = _copy(ground, hop)
    exchange, queue, routing_key = stock_queue(hop.name)
    ground.declare(exchange, queue, routing_key)
    ground.fill(Message(exchange, routing_key, pack(message), message.id) for message in messages)
    children = []
    try:
        return _watched(
            ground, hop, len(messages), lambda: children.append(_child(ground, hop, services, "bench.stock_handler", hop.name, ground.servers.amqp_admin)),
            lambda: children[0].process.pid,
        )  # fmt: skip
    finally:
        for child in children:
            child.end()


def _watched(ground, hop, count, start, pid):
    """From the begin of the first transaction to the last commit."""
    url = ground.copies.url(WORK)
    with ground.copies.connected(WORK) as cursor:

        def ask(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        listening, at_first = listen(url, hop.wakes), ask(hop.done)
        try:
            start()
            ended, cpu, before = watch(listening, lambda: ask(hop.done), at_first + count, lambda: (pid(), *ground.server_pids))
            assert ask(hop.done) == at_first + count, f"{hop.name} heard more than it was told"
            assert not ask(f"select (select count(*) from {hop.service}.parked) + (select count(*) from {hop.service}.waiting)"), f"{hop.name} parked something"
            began = ask(hop.began)
            # What starting costs is not counted: from the last look before the first transaction on.
            spent = cpu - max((seconds for instant, seconds in before if instant <= began), default=0.0)
            return Run(count / (ended - began), 1e6 * spent / count)
        finally:
            listening.close()


class _child:
    """A process of the bench, with the settings of the service whose work it does."""

    def __init__(self, ground, hop, services, module, *arguments):
        environment = {**os.environ, **ground.environment(hop.service, services[hop.service])}
        self.log = ground.folder / f"{module.rpartition('.')[2]}-{hop.name}.log"
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
