"""Business metrics for Prometheus, read from stored counts.

Label values come from fixed lists. Township and kind of dispute are never combined, so that no metric counts a group small enough to identify people.
"""

import threading
import time

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from plumbing.pool import DatabaseUnavailable, Pool
from services.metrics import queries

CACHE_SECONDS = 10.0

# fmt: off
METRIC_FAMILIES = (
    # type of metric      name                            label         help text
    (GaugeMetricFamily,   "fengqiao_open",                "state",      "Open disputes, by state."),
    (GaugeMetricFamily,   "fengqiao_overdue",             "kind",       "Open disputes with a passed deadline. kind=LAW: legally overdue; kind=OTHER: past a deadline set by a local rule, a policy or an agreement."),
    (GaugeMetricFamily,   "fengqiao_open_waits",          "agency",     "Open disputes, by agency that must act next. A dispute in which two agencies must act counts for both."),
    (CounterMetricFamily, "fengqiao_registered",          "agency",     "Disputes registered, by agency of the first report. Counts registrations: a dispute that was merged into another one later stays counted."),
    (CounterMetricFamily, "fengqiao_closed",              "outcome",    "Closings of disputes, by outcome. Counts every closing: one that was withdrawn later stays counted, and a dispute that is closed again counts again."),
    (CounterMetricFamily, "fengqiao_steps_refused",       "reason",     "Reported steps that mediation refused, by reason."),
    (CounterMetricFamily, "fengqiao_notices",             "outcome",    "Notices about disputes, by outcome: sent or undeliverable."),
    (GaugeMetricFamily,   "fengqiao_agency_watermark_timestamp_seconds", "agency", "Latest time about which each agency has reported, as a Unix timestamp."),
    (GaugeMetricFamily,   "fengqiao_heard_timestamp_seconds", "source", "Time of the last event processed from each producer, as a Unix timestamp."),
)
# fmt: on


class BusinessCollector:
    """Prometheus collector that reads the counts from the database, at most every ten seconds."""

    def __init__(self, pool):
        self.pool = pool
        self._lock = threading.Lock()
        self._read_at, self._values = float("-inf"), {}

    def describe(self):
        return [family(name, help_text, labels=[label]) for family, name, label, help_text in METRIC_FAMILIES]

    def collect(self):
        values = self._load_values()
        for family, name, label, help_text in METRIC_FAMILIES:
            metric = family(name, help_text, labels=[label])
            for label_value, count in values.get(name, ()):
                metric.add_metric([label_value or "unknown"], count)
            yield metric

    def _load_values(self):
        with self._lock:
            if time.monotonic() - self._read_at > CACHE_SECONDS:
                try:
                    with self.pool.transaction() as tx:
                        self._values = queries.load_metric_values(tx)
                except DatabaseUnavailable:
                    self._values = {}  # no value is exported: an outdated one would look current
                self._read_at = time.monotonic()
            return self._values


def register_collector(settings) -> BusinessCollector:
    """Register a new collector, which has its own database connection, in the Prometheus registry."""
    collector = BusinessCollector(Pool(settings, size=1, acquire_timeout=1.0))
    REGISTRY.register(collector)
    return collector


def unregister_collector(collector: BusinessCollector) -> None:
    REGISTRY.unregister(collector)
    collector.pool.close()
