"""One agency reports thousands of disputes at once; another goes on as usual. Who waits, for how long, and what it costs in memory."""

import threading
import time

from bench.agencies import Agencies, percentile
from bench.lab import Ground, say
from bench.watching import memory_mb
from bench.whole import settle
from bench.workload import BURST, USUAL, County, Letter, letters_of, mingled

EVERY_SECONDS = 0.2
SAMPLE_SECONDS = 0.5


def measure(ground: Ground, agencies: Agencies, county: County, disputes: int, quiet: float) -> dict:
    """First the second agency alone, then beside the burst."""
    lives = [county.newborn(BURST, BURST) for _ in range(disputes)]
    say(f"burst: {disputes} disputes come to {BURST}")
    for stage in (0, 1):
        _all_at_once(agencies, lives, stage, county)
    settle(ground, agencies)

    usual = _Usual(agencies, county)
    alone = usual.report_until(lambda: len(usual.letters) >= quiet / EVERY_SECONDS)
    agencies.await_outcomes(alone)

    letters = mingled([letters_of(life, 2) for life in lives], county.random)
    say(f"burst: {len(letters)} events at once")
    with _Memory(ground) as memory:
        began = time.monotonic()
        agencies.offer(letters)
        ids = {letter.event.id for letter in letters}
        beside = usual.report_until(lambda: ids <= agencies.answered.keys())
        drained = time.monotonic() - began
        agencies.await_outcomes(beside)
        settle(ground, agencies)
    waits, idle = agencies.waits(beside), agencies.waits(alone)
    return {
        "disputes": disputes,
        "events": len(letters),
        "applied": sum(agencies.outcomes[letter.event.id] == "receipt.applied" for letter in letters),
        "drain_seconds": round(drained, 1),
        "rate": round(len(letters) / drained),
        "second_agency_idle_ms": _spread(idle),
        "second_agency_ms": _spread(waits),
        "its_idle_events": len(alone),
        "its_events": len(beside),
        "memory_mb": memory.figures(),
    }


def _all_at_once(agencies, lives, stage, county):
    letters = mingled([letters_of(life, stage) for life in lives], county.random)
    agencies.publish(letters)
    agencies.await_outcomes(letters)


def _spread(waits):
    return {name: round(1000 * value, 1) for name, value in (("p50", percentile(waits, 0.5)), ("p99", percentile(waits, 0.99)), ("max", max(waits)))}


class _Usual:
    """The second agency: one report every so often."""

    def __init__(self, agencies: Agencies, county: County):
        self.agencies, self.county = agencies, county

    def report_until(self, done) -> list[Letter]:
        self.letters: list[Letter] = []
        following = time.monotonic()
        while not done():
            if time.monotonic() >= following:
                following += EVERY_SECONDS
                letters = letters_of(self.county.newborn(USUAL))
                self.letters += letters
                self.agencies.offer(letters)
            self.agencies.loop.turn(0.01)
        return self.letters


class _Memory:
    """Looks at each process twice a second."""

    def __init__(self, ground: Ground):
        self.ground = ground
        self.before, self.peak, self.after = {}, {}, {}

    def __enter__(self):
        self.before = self.peak = self._look()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._go_on)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.after = self._look()

    def _go_on(self):
        while not self.over.wait(SAMPLE_SECONDS):
            now = self._look()
            self.peak = {name: max(now[name], self.peak[name]) for name in now}

    def _look(self):
        database, broker = self.ground.server_pids
        pids = {name: self.ground.system.pid(name) for name in self.ground.system.names}
        return {name: memory_mb(pid) for name, pid in (pids | {"postgresql": database, "rabbitmq": broker}).items()}

    def figures(self) -> dict:
        return {name: {"before": self.before[name], "peak": self.peak[name], "after": self.after[name]} for name in self.before}
