"""Searches all database tables, logs and Prometheus metrics for texts that must not occur there, such as personal data."""

import json
from pathlib import Path

import httpx

TABLES_SQL = """
select table_schema, table_name from information_schema.tables
 where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


def find_in_tables(rows, texts) -> list[tuple]:
    """Return (schema, table, text) for each table that contains one of the texts. `rows(sql)` runs a query as the database administrator."""
    found = []
    for schema, table in rows(TABLES_SQL):
        content = " ".join(row for (row,) in rows(f'select t::text from "{schema}"."{table}" t'))
        # Each text is searched unchanged, in the hexadecimal form of bytea, and with JSON escapes.
        found += [(schema, table, text) for text in texts if text in content or text.encode().hex() in content or json.dumps(text)[1:-1] in content]
    return found


def find_in_logs(system, texts) -> list[tuple]:
    """Return (file name, text) for each log that contains one of the texts, including the logs of the servers."""
    return [(log.name, text) for log in log_files(system) for content in [log.read_text(errors="replace")] for text in texts if text in content]


def log_files(system) -> list[Path]:
    """Return the log files of every process, of PostgreSQL and of RabbitMQ. RabbitMQ's log is in a folder shared by all test workers."""
    logs = {*system.servers.folder.rglob("*.log"), *([system.servers.broker.log] if system.servers.broker else [])}
    assert {"intake.log", "door.log", "relay.log"} <= {log.name for log in logs}
    return sorted(logs)


def find_in_metrics(system, texts) -> list[tuple]:
    """Return (process, text) for each process whose Prometheus metrics contain one of the texts."""
    metrics = {name: httpx.get(url, trust_env=False).text for name, url in system.endpoints["metrics"].items()}
    assert "fengqiao_events_total" in metrics["intake"]
    return [(name, text) for name, content in metrics.items() for text in texts if text in content]
