"""Prometheus metric of the events that were published and not yet processed, per producer and listener, from the tables `spoken` and `heard`.

The relay exports it, because the relay has access to the tables of all services.
"""

import threading
import time
from contextlib import closing

import psycopg2
from prometheus_client.core import GaugeMetricFamily

from contracts.channels import SUBSCRIPTIONS, is_sealed, service_of
from plumbing import pool

MIN_INTERVAL_SECONDS = 15.0
MAX_TIME_SHARE = 0.05  # the sums read both tables completely; they are computed so seldom that they take at most this share of the time
SUMS_SQL = "select source, sum(last_sequence)::bigint from {} group by source"


class LagCollector:
    """Collector for Prometheus. `databases`: {service: URL with the service's role}. The sealed streams are left out: their events are not counted."""

    def __init__(self, databases: dict[str, str]):
        self._databases = databases
        self._lock = threading.Lock()
        self._next_read_at, self._lags = 0.0, {}

    def describe(self):
        return [self._family()]

    def collect(self):
        metric = self._family()
        for (stream, listener), lag in self._load().items():
            metric.add_metric([stream, listener], lag)
        yield metric

    def _family(self):
        return GaugeMetricFamily(
            "fengqiao_lag_events", "Events published and not yet processed, by producer and listening service.", labels=["source", "service"]
        )

    def _load(self):
        with self._lock:
            began = time.monotonic()
            if began >= self._next_read_at:
                try:
                    self._lags = self._read_lags()
                except psycopg2.Error:
                    self._lags = {}  # no value is exported: an outdated one would look current
                now = time.monotonic()
                self._next_read_at = now + max(MIN_INTERVAL_SECONDS, (now - began) / MAX_TIME_SHARE)
            return self._lags

    def _read_lags(self):
        """Return {(stream, listener): number of events}. Positions are read before the numbers published, so that no lag is negative for long."""
        heard = {service: self._read_sums(service, "heard") for service in self._databases}
        spoken = {stream: count for service in self._databases for stream, count in self._read_sums(service, "spoken").items()}
        return {
            (stream, listener): max(0, spoken.get(stream, 0) - heard[listener].get(stream, 0))
            for listener, streams in SUBSCRIPTIONS.items()
            for stream in streams
            if listener in heard and service_of(stream) in self._databases and not is_sealed(stream)
        }

    def _read_sums(self, service, table):
        with closing(pool.connect(self._databases[service])) as connection, connection, connection.cursor() as cursor:
            cursor.execute(SUMS_SQL.format(table))
            return dict(cursor.fetchall())
