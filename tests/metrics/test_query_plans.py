"""Tests of the plans of the dashboard's queries in a database with many disputes: no page reads in proportion to their number.

If n disputes of N meet a condition, a page with 50 of them is found either by walking the sort order, past about 50 N/n disputes, or by sorting all n. The
better of the two reads at most the root of 50 N rows.
"""

import math

import psycopg2
import pytest

from plumbing.pool import Pool
from plumbing.settings import Settings
from services.metrics.web.filters import PAGE_SIZE
from tests.metrics import many_disputes, query_plans

DISPUTES = 30_000
# The planner's estimates may be wrong by a factor of three. The list's number of disputes is counted up to a thousand, in addition to the page.
MAX_ROWS = 3 * (math.isqrt((PAGE_SIZE + 1) * DISPUTES) + 1001)


@pytest.fixture(scope="module")
def filled_pool(metrics_database):
    """Connection pool of the metrics test database, filled with DISPUTES disputes, which are deleted at the end."""
    connection = psycopg2.connect(metrics_database)
    with connection.cursor() as cursor:
        _empty(cursor)
    many_disputes.fill(connection, DISPUTES)
    pool = Pool(Settings(service="metrics", database_url=metrics_database, amqp_uri="", at_rest_key=bytes(32)))
    yield pool
    pool.close()
    with connection.cursor() as cursor:
        _empty(cursor)
    connection.close()


def _empty(cursor):
    cursor.execute(
        "truncate metrics.disputes, metrics.deadlines, metrics.timeline, metrics.open_cube, metrics.open_waits, metrics.daily_counts, metrics.daily_totals,"
        " metrics.daily_disputes"
    )


def test_no_page_reads_in_proportion_to_the_number_of_disputes(filled_pool):
    with filled_pool.transaction() as tx:
        pages = query_plans.pages(tx)

    costs = {name: query_plans.measure(filled_pool, page) for name, page in pages.items()}

    too_much = {name: (cost.rows, cost.nodes) for name, cost in costs.items() if cost.rows > MAX_ROWS}
    assert not too_much
    assert len(costs) > 80


def test_every_index_of_the_disputes_is_used_by_a_page(filled_pool):
    with filled_pool.transaction() as tx:
        pages = query_plans.pages(tx)
        indexes = {name for (name,) in tx.rows("select indexname from pg_indexes where schemaname = 'metrics' and tablename = 'disputes'")}

    used = {node.split()[-1] for page in pages.values() for node in query_plans.measure(filled_pool, page).nodes}

    assert indexes <= used


def test_an_event_that_changes_no_filter_and_no_deadline_updates_the_row_in_place(filled_pool):
    """PostgreSQL then writes no index (HOT update). The second event is within ten minutes of the first, as most notices are."""
    with filled_pool.transaction() as tx:
        tx.run("select pg_stat_reset_single_table_counters('metrics.disputes'::regclass)")
        tx.run("update metrics.disputes set last_at = date_trunc('hour', now()) + interval '1 hour' where code = (select min(code) from metrics.disputes)")
    with filled_pool.transaction() as tx:
        tx.run("update metrics.disputes set last_at = last_at + interval '9 minutes' where code = (select min(code) from metrics.disputes)")
        tx.run("select pg_stat_force_next_flush()")
    with filled_pool.transaction() as tx:
        counts = tx.rows("select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relid = 'metrics.disputes'::regclass")

    assert counts == [(2, 1)]
