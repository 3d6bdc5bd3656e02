"""Plans of the dashboard's queries: which indexes each page uses, and how many rows and blocks it reads.

By hand, in a database filled by tests.metrics.many_disputes: `python -m tests.metrics.query_plans <database url>` prints a table, with `--plans` every plan.
"""

import sys
import time
from dataclasses import dataclass, field
from datetime import date, timedelta

from plumbing.pool import Pool
from plumbing.settings import Settings
from services.metrics import queries
from services.metrics.web.filters import PAGE_SIZE

LARGE_TABLES = ("disputes", "deadlines", "timeline", "daily_disputes")
YESTERDAY = (date.today() - timedelta(days=1)).isoformat()


@dataclass
class PageCost:
    """What the queries of one page read. `rows`: rows that scans of the large tables read, returned or filtered out. `ms`: time of the page's queries."""

    rows: int = 0
    blocks: int = 0
    ms: float = 0.0
    nodes: list[str] = field(default_factory=list)  # scans of the large tables: node type and index
    plans: list[str] = field(default_factory=list)


def pages(tx) -> dict:
    """Return {name of a page: function that runs the page's queries in a transaction}, with values taken from the stored disputes."""
    state, township, kind, actor, reporter = (
        dict(tx.rows(f"select row_number() over (order by count(*) desc), v from metrics.disputes, {values} as v where is_open group by v"))
        for values in ("cast(state as text)", "cast(township as text)", "cast(kind as text)", "unnest(next_actors)", "cast(reporter as text)")
    )
    code = tx.rows("select code from metrics.disputes where is_open and runs_out_clock is not null order by opened_at limit 1")[0][0]
    most, least = min, max  # the keys are ranks: 1 has most disputes
    lists = {
        "open disputes": {},
        "of a large township": {"township": township[most(township)]},
        "of a small township": {"township": township[least(township)]},
        "of an unknown township": {"township": ""},
        "of a frequent kind": {"kind": kind[most(kind)]},
        "of a rare kind": {"kind": kind[least(kind)]},
        "of an unknown kind": {"kind": ""},
        "of a small township and a rare kind": {"township": township[least(township)], "kind": kind[least(kind)]},
        "in a frequent state": {"state": state[most(state)]},
        "in a rare state": {"state": state[least(state)]},
        "in a state that no dispute has": {"state": "enforcement"},
        "in a state and a small township": {"state": state[least(state)], "township": township[least(township)]},
        "waiting for an agency with many": {"next_actors": actor[most(actor)]},
        "waiting for an agency with few": {"next_actors": actor[least(actor)]},
        "waiting for an agency, overdue": {"next_actors": actor[len(actor) // 2], "overdue": "law"},
        "reported by a large agency": {"reporter": reporter[most(reporter)]},
        "reported by a small agency": {"reporter": reporter[least(reporter)]},
        "overdue by law": {"overdue": "law"},
        "overdue": {"overdue": "any"},
        "overdue by law in a small township": {"overdue": "law", "township": township[least(township)]},
        "due, but not announced as passed": {"overdue": "awaited"},
        "due, but not announced as passed, small township": {"overdue": "awaited", "township": township[least(township)]},
        "not settled at the follow-up": {"status": "all", "follow_up": "not_settled"},
        "not settled at the follow-up, small township": {"status": "all", "follow_up": "not_settled", "township": township[least(township)]},
        "due soon": {"soon": "1"},
        "due soon, small township, rare kind": {"soon": "1", "township": township[least(township)], "kind": kind[least(kind)]},
        "with a serial number": {"serial": code[12:18]},
        "with a part of the code": {"prefix": code[:14]},
        "closed": {"status": "closed"},
        "closed, small township": {"status": "closed", "township": township[least(township)]},
        "closed, rare kind": {"status": "closed", "kind": kind[least(kind)]},
        "closed, redirected": {"status": "closed", "state": "redirected"},
        "all": {"status": "all"},
        "all, small agency": {"status": "all", "reporter": reporter[least(reporter)]},
        "all, waiting for an agency with few": {"status": "all", "next_actors": actor[least(actor)]},
        "all, small township and rare kind": {"status": "all", "township": township[least(township)], "kind": kind[least(kind)]},
        "counted yesterday": {"status": "all", "what": "reported", "day": YESTERDAY},
    }
    found = {"overview": lambda tx: queries.load_overview(tx, None), "overview of a township": lambda tx: queries.load_overview(tx, township[most(township)])}
    found["one dispute"] = lambda tx: queries.load_dispute(tx, code)
    found["refused steps"] = lambda tx: queries.find_refused_steps(tx, YESTERDAY, None, None, PAGE_SIZE)
    found["refused steps of a township"] = lambda tx: queries.find_refused_steps(tx, YESTERDAY, township[most(township)], None, PAGE_SIZE)
    found["agencies"] = queries.load_agencies
    for name, filters in lists.items():
        for sort in queries.SORT_COLUMNS:
            if sort != "due" or filters.get("status", "open") == "open":
                found[f"{name}, by {sort}"] = lambda tx, filters=filters, sort=sort: queries.find_disputes(tx, filters, sort, None, PAGE_SIZE)
    for sort in queries.SORT_COLUMNS:
        found[f"second page of open disputes, by {sort}"] = lambda tx, sort=sort: _load_second_page(tx, sort)
    return found


def _load_second_page(tx, sort):
    after = tx.rows("select (now() + interval '1 day')::text")[0][0] if sort == "due" else tx.rows("select (now() - interval '9 days')::text")[0][0]
    return queries.find_disputes(tx, {}, sort, (after, "0"), PAGE_SIZE)


def measure(pool, page) -> PageCost:
    """Run the page once, then once more with EXPLAIN ANALYZE for every query. Return what it read."""
    cost = PageCost()
    with pool.transaction() as tx:
        page(tx)
        began = time.perf_counter()
        page(tx)
        cost.ms = 1000 * (time.perf_counter() - began)
        run_query = tx.rows

        def explain(sql, params=None):
            if "from metrics." in sql:
                (plan,) = run_query(f"explain (analyze, buffers, timing off, format json) {sql}", params)[0][0]
                _add_node(cost, plan["Plan"])
                cost.blocks += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
                cost.plans.append("\n".join(line for (line,) in run_query(f"explain (analyze, buffers, costs off, timing off) {sql}", params)))
            return run_query(sql, params)

        tx.rows = explain
        page(tx)
    return cost


def _add_node(cost, node):
    if node.get("Relation Name") in LARGE_TABLES:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        cost.rows += (node["Actual Rows"] + removed) * node["Actual Loops"]
        cost.nodes.append(f"{node['Node Type']} {node.get('Index Name', node['Relation Name'])}")
    elif "Index Name" in node:
        cost.nodes.append(f"{node['Node Type']} {node['Index Name']}")
    for inner in node.get("Plans", ()):
        _add_node(cost, inner)


def main(url: str, with_plans: bool) -> None:
    pool = Pool(Settings(service="metrics", database_url=url, amqp_uri="", at_rest_key=bytes(32)))
    with pool.transaction() as tx:
        found = pages(tx)
    print(f"{'page':58} {'ms':>7} {'rows':>8} {'blocks':>7}  scans")
    for name, page in found.items():
        cost = measure(pool, page)
        scans = ", ".join(dict.fromkeys(node for node in cost.nodes if "deadlines" not in node))
        print(f"{name:58} {cost.ms:7.1f} {cost.rows:8} {cost.blocks:7}  {scans}", flush=True)
        if with_plans:
            print("\n\n".join(cost.plans))


if __name__ == "__main__":
    main(sys.argv[1], "--plans" in sys.argv)
