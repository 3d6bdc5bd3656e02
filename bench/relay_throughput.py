"""Relay benchmark: throughput of the relay compared with its floor, plain publishing of the same messages without a database.

Both use the same confirm window. The module is also the program of the child process that is measured:
`python -m bench.relay_throughput relay|floor <job.pickle>`
"""

import json
import pickle
import statistics
import subprocess
import sys
import threading
import time
from itertools import cycle

import psycopg2

from bench.agencies import BrokerConnection, IoLoop, Message
from bench.lab import Lab, Measurement, log_progress, read_json
from bench.resource_usage import cpu_seconds
from bench.service_throughput import WORK_DATABASE
from deploy.files import ROOT
from plumbing.bundles import count_events
from plumbing.relay import WINDOW_ROWS, Relay

PUBLISHING_SERVICE, LISTENERS = "mediation", ("intake", "metrics", "notify")
FILL_OUTBOX = """
with message as materialized (
        select nextval('mediation.message_ids') as id, m.*
          from unnest(%s::smallint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bytea[]) m (partition, exchange, routing_key, message_id, event_count, body)),
     recorded as (insert into mediation.published select * from message)
insert into mediation.outbox select id, partition, exchange, routing_key, message_id, event_count, null from message
"""


def measure(lab: Lab, published: dict[str, list[Message]], count: int, pair_count: int) -> dict:
    """Measure how fast the relay empties an outbox of at least `count` events, which repeat rows that mediation has published. Return the figures."""
    messages, event_count = [], 0
    for message in cycle(published[PUBLISHING_SERVICE]):
        if event_count >= count:
            break
        messages.append(message)
        event_count += count_events(message.body)
    with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
        cursor.execute("truncate mediation.outbox, mediation.published")
    relay_runs, floor_runs = [], []
    for pair in range(pair_count):
        for side in ("relay", "floor") if pair % 2 == 0 else ("floor", "relay"):
            (relay_runs if side == "relay" else floor_runs).append(_measure_side(lab, side, messages, event_count))
        log_progress(f"relay: {relay_runs[-1].rate:.0f}/s, floor {floor_runs[-1].rate:.0f}/s, ratio {relay_runs[-1].rate / floor_runs[-1].rate:.2f}")
    return {
        "events": event_count,
        "messages": len(messages),
        "rate": round(statistics.median(run.rate for run in relay_runs)),
        "floor": round(statistics.median(run.rate for run in floor_runs)),
        "ratio": round(statistics.median(relay_run.rate / floor.rate for relay_run, floor in zip(relay_runs, floor_runs, strict=True)), 3),
        "cpu_us": round(statistics.median(run.cpu_us for run in relay_runs), 1),
        "floor_cpu_us": round(statistics.median(run.cpu_us for run in floor_runs), 1),
    }


def _measure_side(lab, side, messages, event_count):
    if side == "relay":
        with lab.copies.admin_cursor(WORK_DATABASE) as cursor:
            columns = zip(
                *(
                    (number % 2, m.exchange, m.routing_key, f"{m.id}+{number}", count_events(m.body), psycopg2.Binary(m.body))
                    for number, m in enumerate(messages)
                ),
                strict=True,
            )
            cursor.execute(FILL_OUTBOX, [list(column) for column in columns])
            cursor.execute("analyze mediation.outbox, mediation.published")
    file = lab.folder / "job.pickle"
    file.write_bytes(
        pickle.dumps(
            {
                "database": lab.copies.database_url(WORK_DATABASE, PUBLISHING_SERVICE),
                "amqp": lab.servers.amqp(PUBLISHING_SERVICE),
                "messages": messages,
                "count": len(messages),
            }
        )
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.relay_throughput", side, str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "ready\n", "the relay did not start"
        cpu = cpu_seconds(child.pid, *lab.server_pids)
        child.stdin.write("go\n")
        child.stdin.flush()
        times = read_json(child.stdout.readline())
        cpu = cpu_seconds(child.pid, *lab.server_pids) - cpu
        child.stdin.close()
    arrived = {listener: lab.purge_queues(f"{listener}.{PUBLISHING_SERVICE}-events.{partition}" for partition in range(2)) for listener in LISTENERS}
    assert set(arrived.values()) == {len(messages)}, f"{side} published {len(messages)} messages, but the queues got {arrived}"
    return Measurement(event_count / (times["ended"] - times["began"]), 1e6 * cpu / event_count)


REPLY_STREAM = sys.stdout  # stream read by the parent process; the relay's log goes to stderr


class _TimedRelay(Relay):
    """Relay that starts publishing on a line from the parent process, stops when its outbox is empty, and records both times."""

    def _connect(self):
        super()._connect()
        print("ready", file=REPLY_STREAM, flush=True)
        sys.stdin.readline()
        self.began = time.time()

    def _wait_for_notify(self):
        self.ended = time.time()
        if self.partitions_held and not self._query("select 1 from outbox limit 1"):
            self.stop.set()


def _run_relay(job):
    relay = _TimedRelay(PUBLISHING_SERVICE, job["database"], job["amqp"], 2, threading.Event())
    relay.run()
    return {"began": relay.began, "ended": relay.ended}


def _publish_directly(job):
    loop = IoLoop()
    connection = BrokerConnection(loop, job["amqp"], window=WINDOW_ROWS)
    print("ready", file=REPLY_STREAM, flush=True)
    sys.stdin.readline()
    began = time.time()
    connection.publish(job["messages"])
    loop.run_until(lambda: not connection.unconfirmed_count, 120, "publishing")
    return {"began": began, "ended": time.time()}


def main(side: str, file: str) -> None:
    with open(file, "rb") as stored:
        job = pickle.load(stored)
    sys.stdout = sys.stderr
    print(json.dumps({"relay": _run_relay, "floor": _publish_directly}[side](job)), file=REPLY_STREAM, flush=True)
    sys.stdin.readline()  # wait until the parent process has read this process's CPU time


if __name__ == "__main__":
    main(*sys.argv[1:])
