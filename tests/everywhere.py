"""Looks for words where they must not be: in every table of every schema, in every log, in every measure."""

import json
from pathlib import Path

import httpx

TABLES = """
select table_schema, table_name from information_schema.tables
 where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


def found_in_tables(rows, texts) -> list[tuple]:
    """(schema, table, text) wherever one is. `rows(sql)` asks as the superuser."""
    found = []
    for schema, table in rows(TABLES):
        held = " ".join(row for (row,) in rows(f'select t::text from "{schema}"."{table}" t'))
        # As it is, as PostgreSQL shows bytes, and as JSON may spell it.
        found += [(schema, table, text) for text in texts if text in held or text.encode().hex() in held or json.dumps(text)[1:-1] in held]
    return found


def found_in_logs(system, texts) -> list[tuple]:
    """(log, text) for every process, the servers' own logs included."""
    return [(log.name, text) for log in logs_of(system) for said in [log.read_text(errors="replace")] for text in texts if text in said]


def logs_of(system) -> list[Path]:
    """Of every process and of both servers; the broker's lies where all workers share it."""
    logs = {*system.servers.folder.rglob("*.log"), *([system.servers.broker.log] if system.servers.broker else [])}
    assert {"intake.log", "door.log", "relay.log"} <= {log.name for log in logs}
    return sorted(logs)


def found_in_measures(system, texts) -> list[tuple]:
    """(process, text) for what every process tells Prometheus."""
    measures = {name: httpx.get(url, trust_env=False).text for name, url in system.endpoints["metrics"].items()}
    assert "fengqiao_events_total" in measures["intake"]
    return [(name, text) for name, told in measures.items() for text in texts if text in told]
