"""SQL that reads the stored counts of the read model and recounts them from the rows and timelines of all disputes."""

from collections import Counter, defaultdict

from services.metrics.recount import COUNTED_TABLES, recount
from services.metrics.store import AGGREGATE_TABLES, TIMELINE_COLUMNS, load_disputes

CHUNK = 1000  # number of disputes that are recounted at a time
SELECT_CODES = "select code from metrics.disputes where code > %s order by code limit %s"
SELECT_TIMELINES = f"select {TIMELINE_COLUMNS.names} from metrics.timeline where code = any(%s)"


def find_differences(tx) -> list[str]:
    """Return a line for each stored count that differs from the recount, and for each dispute whose row differs from its history; empty if all agree."""
    counts, differences = recount_all(tx)
    return differences + [f"{cell}: {stored} stored, {counted} counted" for cell, stored, counted in counts if stored != counted]


def recount_all(tx) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Return (name of the count, stored, recounted) for each stored count, and a line for each dispute whose row differs from its history.

    Reads the whole read model, a thousand disputes at a time. The numbers agree only if no event is processed meanwhile, or if the transaction of the caller
    has the isolation level `repeatable read`.
    """
    recounted, differences = {table: Counter() for table in COUNTED_TABLES}, []
    last_code = ""
    while codes := [code for (code,) in tx.rows(SELECT_CODES, (last_code, CHUNK))]:
        last_code = codes[-1]
        timelines = defaultdict(list)
        for row in tx.rows(SELECT_TIMELINES, (codes,)):
            timelines[row[0]].append(row)
        counts, found = recount(load_disputes(tx, codes).values(), timelines)
        differences += found
        for table in COUNTED_TABLES:
            recounted[table].update(counts[table])
    return [cell for table in COUNTED_TABLES for cell in _compare(table, load_counts(tx, table), recounted[table])], differences


def load_counts(tx, table: str) -> Counter:
    """Return the stored counts of an aggregate table that are not zero, by key. Days are text."""
    _, columns = AGGREGATE_TABLES[table]
    names = columns.names.removesuffix(", count")
    selected = ", ".join(f"{name}::text" if name == "day" else name for name in names.split(", "))
    return Counter({tuple(row[:-1]): row[-1] for row in tx.rows(f"select {selected}, count from metrics.{table} where count <> 0")})


def _compare(table, stored, counted):
    return [(f"{table} {', '.join(cell)}", stored[cell], counted[cell]) for cell in sorted({*stored, *counted})]
