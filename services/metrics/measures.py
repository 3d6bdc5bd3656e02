"""Business figures for Prometheus. Knows the sums; labels are closed lists, and never a township beside a kind: no cell is small."""

import threading
import time

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from plumbing.pool import DatabaseUnavailable, Pool
from services.metrics import reading

CACHED_SECONDS = 10.0

# fmt: off
MEASURES = (    # name                                    by            what it counts
    (GaugeMetricFamily,   "fengqiao_open",                "state",      "Disputes that are not closed, by state."),
    (GaugeMetricFamily,   "fengqiao_overdue",             "kind",       "Open disputes with a passed deadline; only kind=LAW is legally overdue, kind=OTHER are agreed or policy terms."),
    (GaugeMetricFamily,   "fengqiao_open_waits",          "agency",     "Open disputes by agency that must act next; one that waits for two counts for both."),
    (CounterMetricFamily, "fengqiao_registered",          "agency",     "Disputes given a code, by who reported first."),
    (CounterMetricFamily, "fengqiao_closed",              "outcome",    "Disputes closed, by outcome."),
    (CounterMetricFamily, "fengqiao_steps_refused",       "reason",     "Steps that the life of a dispute refused, by reason."),
    (CounterMetricFamily, "fengqiao_notices",             "outcome",    "Notices about disputes: sent, undeliverable."),
    (GaugeMetricFamily,   "fengqiao_heard_timestamp_seconds", "source", "When each speaker was last heard."),
)
# fmt: on


class BusinessCollector:
    """Reads the sums when scraped, at most every ten seconds."""

    def __init__(self, pool):
        self.pool = pool
        self._lock = threading.Lock()
        self._read_at, self._figures = float("-inf"), {}

    def describe(self):
        return [family(name, means, labels=[label]) for family, name, label, means in MEASURES]

    def collect(self):
        figures = self._fresh()
        for family, name, label, means in MEASURES:
            measure = family(name, means, labels=[label])
            for value, count in figures.get(name, ()):
                measure.add_metric([value or "unknown"], count)
            yield measure

    def _fresh(self):
        with self._lock:
            if time.monotonic() - self._read_at > CACHED_SECONDS:
                try:
                    with self.pool.transaction() as tx:
                        self._figures = reading.measures(tx)
                except DatabaseUnavailable:
                    self._figures = {}  # no value is better than an old one that looks new
                self._read_at = time.monotonic()
            return self._figures


def register(settings) -> BusinessCollector:
    collector = BusinessCollector(Pool(settings, size=1, patience=1.0))
    REGISTRY.register(collector)
    return collector


def unregister(collector: BusinessCollector) -> None:
    REGISTRY.unregister(collector)
    collector.pool.close()
