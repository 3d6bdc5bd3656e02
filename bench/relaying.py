"""The relay against raw publishing: the same messages, the same window, without a database. Also the child that does either.

`python -m bench.relaying relay|floor <told.pickle>`
"""

import json
import pickle
import statistics
import subprocess
import sys
import threading
import time

import psycopg2

from bench.agencies import Line, Loop, Message
from bench.lab import Ground, Run, read_json, say
from bench.service_throughput import WORK
from bench.watching import cpu_seconds
from deploy.files import ROOT
from plumbing.relay import WINDOW, Relay

SPEAKER, LISTENERS = "mediation", ("intake", "metrics", "notify")
PUT = (
    "insert into mediation.outbox (partition, exchange, routing_key, event_id, body)"
    " select * from unnest(%s::smallint[], %s::text[], %s::text[], %s::text[], %s::bytea[])"
)


def measure(ground: Ground, said: dict[str, list[Message]], count: int, pairs: int) -> dict:
    """What mediation really said, `count` rows of it, out of a full outbox."""
    messages = (said[SPEAKER] * (count // len(said[SPEAKER]) + 1))[:count]
    with ground.copies.connected(WORK) as cursor:
        cursor.execute("truncate mediation.outbox")
    ours, floors = [], []
    for pair in range(pairs):
        for side in ("relay", "floor") if pair % 2 == 0 else ("floor", "relay"):
            (ours if side == "relay" else floors).append(_run(ground, side, messages))
        say(f"relay: {ours[-1].rate:.0f}/s, floor {floors[-1].rate:.0f}/s, ratio {ours[-1].rate / floors[-1].rate:.2f}")
    return {
        "events": count,
        "rate": round(statistics.median(run.rate for run in ours)),
        "floor": round(statistics.median(run.rate for run in floors)),
        "ratio": round(statistics.median(mine.rate / floor.rate for mine, floor in zip(ours, floors, strict=True)), 3),
        "cpu_us": round(statistics.median(run.cpu_us for run in ours), 1),
        "floor_cpu_us": round(statistics.median(run.cpu_us for run in floors), 1),
    }


def _run(ground, side, messages):
    if side == "relay":
        with ground.copies.connected(WORK) as cursor:
            columns = zip(
                *((number % 2, m.exchange, m.routing_key, f"{m.id}+{number}", psycopg2.Binary(m.body)) for number, m in enumerate(messages)), strict=True
            )
            cursor.execute(PUT, [list(column) for column in columns])
            cursor.execute("analyze mediation.outbox")
    file = ground.folder / "told.pickle"
    file.write_bytes(
        pickle.dumps({"database": ground.copies.url(WORK, SPEAKER), "amqp": ground.servers.amqp(SPEAKER), "messages": messages, "count": len(messages)})
    )
    child = subprocess.Popen([sys.executable, "-m", "bench.relaying", side, str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout.readline() == "ready\n", "the relay did not start"
        cpu = cpu_seconds(child.pid, *ground.server_pids)
        child.stdin.write("go\n")
        child.stdin.flush()
        times = read_json(child.stdout.readline())
        cpu = cpu_seconds(child.pid, *ground.server_pids) - cpu
        child.stdin.close()
    arrived = {listener: ground.purge(f"{listener}.{SPEAKER}-events.{partition}" for partition in range(2)) for listener in LISTENERS}
    assert set(arrived.values()) == {len(messages)}, f"{side} was given {len(messages)} messages, and there arrived {arrived}"
    return Run(len(messages) / (times["ended"] - times["began"]), 1e6 * cpu / len(messages))


TELL = sys.stdout  # to the bench; what the relay logs goes to stderr


class _Timed(Relay):
    """The relay itself; it notes when it has its connections and when its outbox is empty, and ends then."""

    def _connect(self):
        super()._connect()
        print("ready", file=TELL, flush=True)
        sys.stdin.readline()
        self.began = time.time()

    def _sleep_until_woken(self):
        self.ended = time.time()
        if self.mine and not self._query("select 1 from outbox limit 1"):
            self.stop.set()


def _relay(told):
    relay = _Timed(SPEAKER, told["database"], told["amqp"], 2, threading.Event())
    relay.run()
    return {"began": relay.began, "ended": relay.ended}


def _floor(told):
    loop = Loop()
    line = Line(loop, told["amqp"], window=WINDOW)
    print("ready", file=TELL, flush=True)
    sys.stdin.readline()
    began = time.time()
    line.publish(told["messages"])
    loop.until(lambda: not line.unconfirmed, 120, "publishing")
    return {"began": began, "ended": time.time()}


def main(side: str, file: str) -> None:
    with open(file, "rb") as stored:
        told = pickle.load(stored)
    sys.stdout = sys.stderr
    print(json.dumps({"relay": _relay, "floor": _floor}[side](told)), file=TELL, flush=True)
    sys.stdin.readline()  # its CPU time is read before it goes


if __name__ == "__main__":
    main(*sys.argv[1:])
