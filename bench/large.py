"""Large-database benchmark: CPU time per event and response times of the dashboard, with few disputes and with a million. `python -m bench large`.

The services process about a thousand disputes. SQL then copies their rows in every table that grows with the number of disputes.
Sequence numbers of a log or an inbox are negative in the copies, so that the services continue to count from the originals' last numbers.
"""

import contextlib
import statistics
import time
import urllib.error
import urllib.request

from bench.agencies import SimulatedAgencies
from bench.components import cpu_by_component, cpu_difference
from bench.end_to_end import WARM_UP_ROUNDS, start_system, stop_system, wait_until_processed
from bench.lab import Lab, log_progress, wait_for_maintenance
from bench.workload import EVENTS_PER_DISPUTE, VILLAGE_OF_TOWNSHIP, Caseload

REQUESTS_PER_PAGE = 15
COPIES_PER_STATEMENT = 20

# Tables to copy: table → (column with the dispute's code, SQL expressions of other columns that must differ in each copy; {n} is the number of the copy).
# fmt: off
COPIED_TABLES = {
    "intake.disputes":       ("code",     {}),
    "intake.log":            ("dispute",  {"seq": "-(seq + {n} * 100000)", "event_id": "event_id || '~' || {n}"}),
    "intake.reports":        ("code",     {"report_no": "report_no || '~' || {n}", "seq": "-(seq + {n} * 100000)"}),
    "intake.parties":        ("code",     {"seq": "-(seq + {n} * 100000)"}),
    "intake.party_tokens":   (None,       {"seq": "-(seq + {n} * 100000)"} | {token: f"sha256({token} || int4send({{n}}))" for token in ("number", "mobile", "village")}),
    "intake.receipts":       (None,       {"id": "id || '~' || {n}", "position": "-(position + {n} * 100000)"}),
    "intake.heard":          ("subject",  {}),
    "intake.spoken":         ("subject",  {}),
    "mediation.disputes":    ("code",     {}),
    "mediation.transitions": ("code",     {"cause": "cause || '~' || {n}"}),
    "mediation.deadlines":   ("code",     {}),
    "mediation.heard":       ("subject",  {}),
    "mediation.spoken":      ("subject",  {}),
    "notify.notices":        ("dispute",  {"id": "id || '~' || {n}"}),
    "notify.heard":          ("subject",  {}),
    "notify.spoken":         ("subject",  {}),
    "metrics.disputes":      ("code",     {}),
    "metrics.deadlines":     ("code",     {}),
    "metrics.timeline":      ("code",     {"event": "event || '~' || {n}"}),
    "metrics.daily_disputes":         ("code",     {}),
    "metrics.heard":         ("subject",  {}),
}
# fmt: on
ORIGINAL_ROUNDS = 2  # number of rounds of the disputes that are only reported and routed, and then copied
# SQL condition that selects the rows to copy in each table that has no column with the dispute's code.
COPY_CONDITIONS = {
    "intake.party_tokens": "seq in (select seq from intake.log where dispute in (select code from public.copied))",
    "intake.receipts": "split_part(id, '/', 2)::bigint in (select seq from intake.log where dispute in (select code from public.copied))",
}
AGGREGATE_TABLES = ("metrics.open_cube", "metrics.open_waits", "metrics.daily_counts", "metrics.daily_totals", "metrics.totals")
SELECT_COLUMN_NAMES = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' order by attnum"


def measure(lab: Lab, agencies: SimulatedAgencies, new_per_round: int, disputes: int, rounds: int) -> dict:
    """Measure `rounds` rounds with few disputes, and as many after `disputes` disputes are stored. Return the figures.

    `ratio` compares the medians; near one, the cost of an event does not depend on the number of stored disputes. The benchmark's own queries are not
    counted, nor is the work that the copying leaves behind: it ends before the rounds begin.
    """
    originals, caseload = Caseload(new_per_round, number_offset=1_000_000), Caseload(new_per_round, number_offset=2_000_000)
    for _ in range(ORIGINAL_ROUNDS):
        _run_round(lab, agencies, originals)
    with lab.copies.admin_cursor("fengqiao") as cursor:
        cursor.execute("create table public.copied as select code from intake.disputes")
        copied = cursor.rowcount
    before, pages_before = _measure_rounds(lab, agencies, caseload, rounds), _page_response_seconds(lab)
    stop_system(lab, agencies)
    copies = -(-disputes // copied)
    with lab.copies.admin_cursor("fengqiao") as cursor:
        _copy_disputes(cursor, copies)
        log_progress("large: vacuum analyze")
        wait_for_maintenance(cursor)
    start_system(lab)
    after, pages_after = _measure_rounds(lab, agencies, caseload, rounds), _page_response_seconds(lab)
    medians = [statistics.median(sum(cpu.values()) for cpu in cpu_of_rounds) for cpu_of_rounds in (before, after)]
    log_progress(f"large: {medians[0]:.0f} µs an event before, {medians[1]:.0f} µs after")
    with lab.copies.admin_cursor("fengqiao") as cursor:
        cursor.execute("select (select count(*) from mediation.disputes), (select count(*) from metrics.timeline), pg_database_size('fengqiao')")
        dispute_count, timeline_rows, size = cursor.fetchone()
    return {
        "disputes": dispute_count,
        "timeline_rows": timeline_rows,
        "database_gb": round(size / 2**30, 1),
        "events": new_per_round * EVENTS_PER_DISPUTE,
        "rounds": rounds,
        "cpu_us_per_event": [round(median) for median in medians],
        "cpu_us_of_rounds": [[round(sum(cpu.values())) for cpu in cpu_of_rounds] for cpu_of_rounds in (before, after)],
        "cpu_us_by_component": {
            name: [round(statistics.median(cpu.get(name, 0.0) for cpu in cpu_of_rounds)) for cpu_of_rounds in (before, after)]
            for name in sorted({name for cpu in (*before, *after) for name in cpu})
        },
        "ratio": round(medians[1] / medians[0], 2),
        "pages": {page: {"ms": [round(1000 * pages_before[page], 1), round(1000 * pages_after[page], 1)]} for page in pages_before},
    }


def _measure_rounds(lab, agencies, caseload, rounds):
    """Run some rounds that fill the caches after a start, then the measured rounds. Return their CPU times as a list of {component: µs per event}."""
    for _ in range(WARM_UP_ROUNDS):
        _run_round(lab, agencies, caseload)
    return [_run_round(lab, agencies, caseload) for _ in range(rounds)]


def _run_round(lab, agencies, caseload):
    """Run one round of the caseload. Return its CPU time as {component: microseconds per agency event}."""
    events = caseload.advance_all_disputes()
    with lab.observe() as observer:
        before = cpu_by_component(lab, observer)
        agencies.publish(events)
        agencies.await_outcomes(events)
        wait_until_processed(lab, agencies, codes=list({event.dispute.code for event in events}), observer=observer)
        used = cpu_difference(before, cpu_by_component(lab, observer))
    return {name: 1e6 * seconds / len(events) for name, seconds in used.items()}


def _copy_disputes(cursor, copies):
    cursor.execute("set session_replication_role = replica")  # disables foreign keys and triggers; copies of valid rows need no check
    cursor.execute("set synchronous_commit = off")
    for table, (dispute_column, changed_columns) in COPIED_TABLES.items():
        cursor.execute(SELECT_COLUMN_NAMES, (table,))
        columns = [name for (name,) in cursor.fetchall()]
        values = {dispute_column: f"{dispute_column} || '~' || {{n}}"} | changed_columns if dispute_column else changed_columns
        expressions = ", ".join((values.get(name, f'"{name}"')).format(n="n") for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"create temporary table originals as select * from {table} where "
            + (f"{dispute_column} in (select code from public.copied)" if dispute_column else COPY_CONDITIONS[table])
        )
        began = time.monotonic()
        for first in range(1, copies, COPIES_PER_STATEMENT):
            last = min(first + COPIES_PER_STATEMENT, copies) - 1
            cursor.execute(f"insert into {table} ({names}) select {expressions} from originals, generate_series({first}, {last}) n")
        cursor.execute("drop table originals")
        log_progress(f"large: {table}, {time.monotonic() - began:.0f} s")
    for table in AGGREGATE_TABLES:
        cursor.execute(f"update {table} set count = count * {copies}")
    cursor.execute("reset session_replication_role")


def _page_response_seconds(lab):
    """Return {page: median response time in seconds} for several pages of the dashboard."""
    dashboard = f"http://127.0.0.1:{lab.servers.ports['dashboard']}"
    with lab.copies.admin_cursor("fengqiao") as cursor:
        cursor.execute("select code from metrics.disputes where state = 'registered' limit 1")
        code = cursor.fetchone()[0]
    pages = {
        "overview": "/",
        "list": "/disputes",
        "filtered list": f"/disputes?kind=labour&township={next(iter(VILLAGE_OF_TOWNSHIP))}",
        "one dispute": f"/disputes/{code}",
    }
    for path in pages.values():
        with contextlib.suppress(urllib.error.HTTPError):  # the first request may fail while the caches are empty
            _response_seconds(dashboard + path)
    return {name: statistics.median(_response_seconds(dashboard + path) for _ in range(REQUESTS_PER_PAGE)) for name, path in pages.items()}


def _response_seconds(url):
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as response:
        response.read()
    return time.perf_counter() - began
