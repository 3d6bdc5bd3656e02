"""Counters of the broker, the database and the services. The difference of two readings, divided by a number of events, is the work per event."""

import urllib.request
from collections import defaultdict
from collections.abc import Iterator

from bench.lab import Lab
from contracts.channels import SERVICES

# A PostgreSQL backend adds its counts to the statistics at most once a second, and at the latest after it has been idle for ten seconds.
STATISTICS_DELAY_SECONDS = 11.0

BROKER_COUNTERS = {  # name in the figures → counter of RabbitMQ, summed over protocols and queue types
    "messages_published": "rabbitmq_global_messages_received_total",
    "messages_routed": "rabbitmq_global_messages_routed_total",
    "messages_delivered": "rabbitmq_global_messages_delivered_total",
    "messages_acknowledged": "rabbitmq_global_messages_acknowledged_total",
}
SELECT_COUNTERS = """
select wal_bytes::bigint, wal_sync, xact_commit from pg_stat_wal, pg_stat_database where datname = current_database()
"""
SELECT_ROWS_BY_SERVICE = """
select schemaname, sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_hot_upd), sum(n_tup_del) from pg_stat_user_tables where schemaname = any(%s) group by schemaname
"""
# Without track_utility, BEGIN and COMMIT are not counted. Left out are also the queries by which the server checks deferred foreign keys at a commit.
SELECT_STATEMENT_COUNTS = """
select rolname, sum(calls)::bigint from pg_stat_statements s join pg_roles r on r.oid = s.userid where rolname = any(%s)
   and query not like '%% FROM ONLY %% FOR KEY SHARE OF x' group by rolname
"""


def read_counters(lab: Lab, observer) -> dict[str, float]:
    """Return {counter: value since the start of the server}. Read them STATISTICS_DELAY_SECONDS after the last work.

    `rows_written` is the sum of the inserted, updated and deleted rows, also by service (`rows_written/intake`); `batches/intake` and `batch_events/intake`
    are the number of batches of a service and of the events in them.
    """
    counters: dict[str, float] = defaultdict(float)
    broker = list(read_metrics(lab.servers.ports["broker_metrics"]))
    for name, metric in BROKER_COUNTERS.items():
        counters[name] = sum(value for found, value in broker if found == metric)
    observer.cursor.execute(SELECT_COUNTERS)
    counters["wal_bytes"], counters["wal_syncs"], counters["commits"] = observer.cursor.fetchone()
    observer.cursor.execute(SELECT_ROWS_BY_SERVICE, (list(SERVICES),))
    for service, inserted, updated, hot_updated, deleted in observer.cursor.fetchall():
        counters["rows_inserted"] += int(inserted)
        counters["rows_updated"] += int(updated)
        counters["rows_updated_hot"] += int(hot_updated)
        counters["rows_deleted"] += int(deleted)
        counters[f"rows_written/{service}"] = int(inserted + updated + deleted)
        counters["rows_written"] += int(inserted + updated + deleted)
    for service in SERVICES:
        metrics = dict(read_metrics(lab.servers.ports[service]))
        counters[f"batches/{service}"], counters[f"batch_events/{service}"] = metrics["fengqiao_batch_events_count"], metrics["fengqiao_batch_events_sum"]
    return dict(counters)


def per_event(before: dict[str, float], after: dict[str, float], events: int) -> dict:
    """Return the figures per agency event, and by service the rows per event, the batches per event, and the mean number of events in a batch."""
    spent = {name: value - before.get(name, 0) for name, value in after.items()}
    by_service = {}
    for service in SERVICES:
        batches, delivered = spent.pop(f"batches/{service}"), spent.pop(f"batch_events/{service}")
        by_service[service] = {
            "mean_batch": round(delivered / batches, 1) if batches else 0.0,
            "batches_per_event": round(batches / events, 4),
            "rows_written": round(spent.pop(f"rows_written/{service}", 0) / events, 2),
        }
    return {name: round(value / events, 3) for name, value in spent.items()} | {"by_service": by_service}


def read_metrics(port: int) -> Iterator[tuple[str, float]]:
    """Yield (name, value) of each sample at /metrics on this port of the machine. Names occur several times, with different labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        for line in response.read().decode().splitlines():
            if line and not line.startswith("#"):
                sample, _, value = line.rpartition(" ")
                yield sample.partition("{")[0], float(value)


class StatementCounts:
    """Context manager that counts the statements of each service inside the block, by the module pg_stat_statements, which is off outside.

    `by_service` is {service: number of statements} after the block, or None if the server does not have the module.
    """

    def __init__(self, lab: Lab):
        self.lab, self.by_service = lab, None

    def __enter__(self):
        if self.lab.has_statement_statistics:
            self.lab.set_statement_statistics(True)
            self._query("select pg_stat_statements_reset()")
        return self

    def __exit__(self, *_):
        if self.lab.has_statement_statistics:
            self.by_service = dict(self._query(SELECT_STATEMENT_COUNTS, (list(SERVICES),)))
            self.lab.set_statement_statistics(False)

    def _query(self, sql, parameters=()):
        with self.lab.copies.admin_cursor("postgres") as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()
