"""Does anything cost more once a million disputes are there? The same waves before and after, and the dashboard's pages: `python -m bench large`.

The million are copies of a thousand that really came in by two waves, row by row, in every table that grows; only the numbers that order
a log or an inbox count backwards, so that what comes next goes on where it was.
"""

import contextlib
import statistics
import time
import urllib.error
import urllib.request

from bench.agencies import Agencies
from bench.lab import Ground, say
from bench.watching import cpu_seconds
from bench.whole import WARM_UP_WAVES, pids, settle, start, stop
from bench.workload import PLACES, County

SAMPLES = 15
AT_ONCE = 20  # copies of all of them in one statement

# Tables that hold something of every dispute: the column that says which, and what else must differ from copy to copy ({n} is its number).
# fmt: off
TABLES = {
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
    "metrics.moves":         ("code",     {}),
    "metrics.heard":         ("subject",  {}),
}
# fmt: on
# Which rows of those that name no dispute.
THEIRS = {
    "intake.party_tokens": "seq in (select seq from intake.log where dispute in (select code from public.copied))",
    "intake.receipts": "split_part(id, '/', 2)::bigint in (select seq from intake.log where dispute in (select code from public.copied))",
}
SUMS = ("metrics.open_cube", "metrics.open_waits", "metrics.flow", "metrics.days", "metrics.totals")
COLUMNS = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' order by attnum"


def measure(ground: Ground, agencies: Agencies, births: int, disputes: int) -> dict:
    """`births` a wave, before and after `disputes` are there. Ratios near one: nothing grows but the disk."""
    stock = County(births, first=1_000_000)
    for _ in range(2):
        _wave(ground, agencies, stock)
    with ground.copies.connected("fengqiao") as cursor:
        cursor.execute("create table public.copied as select code from intake.disputes")
        copied = cursor.rowcount
    county = County(births)
    for _ in range(WARM_UP_WAVES):
        _wave(ground, agencies, county)
    before, pages_before = _wave(ground, agencies, county), _pages(ground)
    stop(ground, agencies)
    copies = -(-disputes // copied)
    with ground.copies.connected("fengqiao") as cursor:
        _copy(cursor, copies)
    start(ground)
    for _ in range(WARM_UP_WAVES):
        _wave(ground, agencies, county)  # everything is cold after a start
    after, pages_after = _wave(ground, agencies, county), _pages(ground)
    say(f"large: {round(before)} µs an event before, {round(after)} µs after")
    with ground.copies.connected("fengqiao") as cursor:
        cursor.execute("select (select count(*) from mediation.disputes), (select count(*) from metrics.timeline), pg_database_size('fengqiao')")
        there, steps, size = cursor.fetchone()
    return {
        "disputes": there,
        "timeline_rows": steps,
        "database_gb": round(size / 2**30, 1),
        "events": len(county.lives),
        "cpu_us_per_event": [round(before), round(after)],
        "ratio": round(after / before, 2),
        "pages": {page: {"ms": [round(1000 * pages_before[page], 1), round(1000 * pages_after[page], 1)]} for page in pages_before},
    }


def _wave(ground, agencies, county):
    """CPU time of everything per event, in microseconds."""
    letters = county.wave()
    cpu = cpu_seconds(*pids(ground))
    agencies.publish(letters)
    agencies.await_outcomes(letters)
    settle(ground, agencies, codes=list({letter.life.code for letter in letters}))
    return 1e6 * (cpu_seconds(*pids(ground)) - cpu) / len(letters)


def _copy(cursor, copies):
    cursor.execute("set session_replication_role = replica")  # the rows are right already: no constraint is asked about a million of them
    cursor.execute("set synchronous_commit = off")
    for table, (of, different) in TABLES.items():
        cursor.execute(COLUMNS, (table,))
        columns = [name for (name,) in cursor.fetchall()]
        values = {of: f"{of} || '~' || {{n}}"} | different if of else different
        picked = ", ".join((values.get(name, f'"{name}"')).format(n="n") for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"create temporary table originals as select * from {table} where " + (f"{of} in (select code from public.copied)" if of else THEIRS[table])
        )
        began = time.monotonic()
        for first in range(1, copies, AT_ONCE):
            last = min(first + AT_ONCE, copies) - 1
            cursor.execute(f"insert into {table} ({names}) select {picked} from originals, generate_series({first}, {last}) n")
        cursor.execute("drop table originals")
        say(f"large: {table}, {time.monotonic() - began:.0f} s")
    for table in SUMS:
        cursor.execute(f"update {table} set count = count * {copies}")
    cursor.execute("reset session_replication_role")
    say("large: the planner looks at it")
    cursor.execute("vacuum analyze")


def _pages(ground):
    """Median time of each page, in seconds."""
    dashboard = f"http://127.0.0.1:{ground.servers.ports['dashboard']}"
    with ground.copies.connected("fengqiao") as cursor:
        cursor.execute("select code from metrics.disputes where state = 'registered' limit 1")
        code = cursor.fetchone()[0]
    pages = {"overview": "/", "list": "/disputes", "filtered list": f"/disputes?kind=labour&township={next(iter(PLACES))}", "one dispute": f"/disputes/{code}"}
    for path in pages.values():
        with contextlib.suppress(urllib.error.HTTPError):  # cold: the first reader may have to ask twice
            _time(dashboard + path)
    return {name: statistics.median(_time(dashboard + path) for _ in range(SAMPLES)) for name, path in pages.items()}


def _time(url):
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - began
