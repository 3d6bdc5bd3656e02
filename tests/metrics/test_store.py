"""Tests of the SQL of the read model: the tables equal a read model in memory, and the queries of the dashboard pages agree with each other."""

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codes import dispute_code
from services.metrics import domain, queries, recount_store, store
from tests.metrics.histories import (
    CODES,
    START,
    confirmed_step,
    deadline_event,
    event_streams,
    interleaved_batches,
    make_event,
    registered_event,
    watermarks_event,
)
from tests.metrics.test_domain import InMemoryReadModel

AGGREGATE_QUERIES = {
    "open_cube": "select township, state, kind, overdue, count from metrics.open_cube where count <> 0",
    "open_waits": "select township, agency, overdue, count from metrics.open_waits where count <> 0",
    "daily_counts": "select day::text, figure, township, kind, count from metrics.daily_counts where count <> 0",
    "daily_totals": "select day::text, figure, count from metrics.daily_totals where count <> 0",
    "daily_disputes": "select day::text, figure, code, count from metrics.daily_disputes where count <> 0",
    "totals": "select figure, label, count from metrics.totals where count <> 0",
}
TABLES = "disputes, deadlines, timeline, open_cube, open_waits, daily_counts, daily_totals, daily_disputes, totals, as_of, watermarks, changes"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_database_tables_equal_the_read_model_in_memory(pool, hear, data):
    with pool.transaction() as tx:
        tx.run(f"truncate {', '.join('metrics.' + name for name in TABLES.split(', '))}")
        tx.run("update metrics.head set last_change = 0, writer = 0")
    batches = data.draw(interleaved_batches(data.draw(event_streams())))
    hear(*batches)
    model = InMemoryReadModel().hear(*batches)

    with pool.transaction() as tx:
        for name, sql in AGGREGATE_QUERIES.items():
            assert {tuple(row[:-1]): row[-1] for row in tx.rows(sql)} == getattr(model, name), name
        assert recount_store.find_differences(tx) == []
        events = [event for batch in batches for event in batch]
        assert store.load_disputes(tx, [event.subject for event in events]) == model.disputes
        assert len(tx.rows("select 1 from metrics.timeline")) == len(model.timeline)


def test_changes_are_numbered_in_commit_order_with_several_concurrent_writers(pool, hear):
    """Two threads write concurrently. A reader never finds a new change whose number is below one that it has already read."""
    seen_numbers, stop = [], threading.Event()

    def write_disputes(writer):
        for n in range(30):
            code = f"620702-2026-{writer}{n:05d}-1"
            hear([registered_event(code), deadline_event(1, "set", code=code)])

    def read_changes():
        while not stop.is_set():
            with pool.transaction() as tx:
                rows, _ = queries.load_changes_after(tx, seen_numbers[-1] if seen_numbers else 0, 1000)
            seen_numbers.extend(number for number, _ in rows)

    writers = [threading.Thread(target=write_disputes, args=(writer,)) for writer in (1, 2)]
    reader = threading.Thread(target=read_changes)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    with pool.transaction() as tx:
        seen_numbers += [number for number, _ in queries.load_changes_after(tx, seen_numbers[-1], 1000)[0]]

    assert seen_numbers == list(range(1, 61))


def test_the_first_events_of_two_producers_about_one_dispute_are_both_stored_if_processed_concurrently(pool):
    """The two events, one from intake and one from mediation, are processed in overlapping transactions."""
    first_has_loaded, results = threading.Event(), []

    def hear_in_thread(batch, pause):
        with pool.transaction() as tx:
            cache = store.DisputeCache()
            disputes = cache.load(tx, batch)
            first_has_loaded.set()
            if pause:
                threading.Event().wait(0.3)
            store.save(tx, domain.fold(disputes, batch), cache.writer)
        results.append(True)

    first = threading.Thread(target=hear_in_thread, args=([registered_event()], True))
    first.start()
    first_has_loaded.wait()
    second = threading.Thread(target=hear_in_thread, args=([confirmed_step(1, "referral.accepted", "accepted", ["court"])], False))
    second.start()
    first.join()
    second.join()

    with pool.transaction() as tx:
        assert tx.rows("select township, state from metrics.disputes") == [("620702102", "accepted")]
        assert tx.rows("select township, state, count from metrics.open_cube where count <> 0") == [("620702102", "accepted", 1)]


@pytest.fixture
def many_disputes(hear):
    """Store 120 disputes: a fifth past a LAW deadline, a fifth past a POLICY deadline, a fifth closed."""
    batch = []
    for n in range(120):
        code = dispute_code("620702", 2026, n)
        township = ("620702102", "620702003", "620702108")[n % 3]
        batch.append(registered_event(code, township, ("family", "contract")[n % 2], hours=n / 10))
        batch.append(deadline_event(1, "set", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        batch.append(
            confirmed_step(
                2, "dispute.routed", ("routed", "mediating")[n % 2], ["court"] if n % 4 else ["court", "police"], code, hours=n / 10 + 0.1, to="court"
            )
        )
        if n % 5 < 2:
            batch.append(deadline_event(3, "passed", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        if n % 5 == 2:
            batch.append(make_event("mediation", 3, "dispute.closed", code, hours=n / 10 + 0.2, state="closed", outcome="settled"))
    hear(batch)


FILTER_EXAMPLES = [
    {},
    {"township": "620702102"},
    {"township": "620702102", "kind": "family", "overdue": "law"},
    {"overdue": "other"},
    {"overdue": "any", "state": "mediating"},
    {"next_actors": "police"},
    {"next_actors": "court", "overdue": "law", "township": "620702003"},
    {"status": "closed"},
    {"status": "all", "reporter": "womens_federation"},
    {"status": "all", "what": "reported", "day": "2026-11-20"},
    {"overdue": "awaited"},
    {"status": "all", "serial": "000007"},
    {"status": "all", "prefix": "620702-2026-00000"},
]


@pytest.mark.parametrize("sort", queries.SORT_COLUMNS)
@pytest.mark.parametrize("filters", FILTER_EXAMPLES, ids=str)
def test_the_pages_of_a_dispute_list_together_contain_every_matching_dispute_once(pool, many_disputes, filters, sort):
    with pool.transaction() as tx:
        all_disputes = queries.find_disputes(tx, filters, sort, None, 500)
        listed_codes, after = [], None
        while True:
            page = queries.find_disputes(tx, filters, sort, after, 7)
            listed_codes += [row.code for row in page.disputes]
            assert page.count == len(all_disputes.disputes)
            if not page.next_position:
                break
            after = page.next_position

    assert listed_codes == [row.code for row in all_disputes.disputes]
    assert len(listed_codes) == len(set(listed_codes)) > 0


def test_every_number_on_the_overview_equals_the_length_of_the_list_it_links_to(pool, many_disputes):
    with pool.transaction() as tx:
        page = queries.load_overview(tx, None)
        township_page = queries.load_overview(tx, "620702102")

        def count_listed(**filters):
            return len(queries.find_disputes(tx, filters, "opened", None, 1000).disputes)

        assert page.total.open == count_listed() == 96
        assert page.total.law == count_listed(overdue="law") == 24
        assert page.total.other == count_listed(overdue="other") == 24
        for state, cell in page.by_state.items():
            assert (cell.open, cell.law) == (count_listed(state=state), count_listed(state=state, overdue="law"))
        for agency, cell in page.by_agency.items():
            assert (cell.open, cell.other) == (count_listed(next_actors=agency), count_listed(next_actors=agency, overdue="other"))
        for township, cell in page.by_township.items():
            assert (cell.open, cell.law) == (count_listed(township=township), count_listed(township=township, overdue="law"))
        assert township_page.total.open == count_listed(township="620702102")
        for figure in domain.DAILY_FIGURES:
            for day, count in zip(page.trend["days"], page.trend[figure], strict=True):
                if count:
                    assert count == count_listed(status="all", what=figure, day=day)


def test_watermarks_are_stored_per_agency_and_never_go_back(pool, hear):
    hear([watermarks_event(1, court=5, police=(3, True))], [watermarks_event(1, partition=1, court=(4, True), police=2)])

    with pool.transaction() as tx:
        stored = queries.load_watermarks(tx)
    assert stored == {
        "court": (START + timedelta(hours=5), START + timedelta(hours=4)),
        "police": (START + timedelta(hours=3), START + timedelta(hours=3)),
    }


def test_watermarks_alone_reload_no_page_and_leave_no_trace_of_a_dispute(pool, hear):
    """Agencies report every few seconds that they are alive."""
    hear([registered_event()], [watermarks_event(1, court=5)], [confirmed_step(1, "dispute.routed", "routed", ["court"])])

    with pool.transaction() as tx:
        assert tx.rows("select id, body ->> 'codes' from metrics.changes order by id") == [(1, f'["{CODES[0]}"]'), (2, f'["{CODES[0]}"]')]
        assert tx.rows("select code, state from metrics.disputes") == [(CODES[0], "routed")]
        assert tx.rows("select count(*) from metrics.timeline where code like 'partition%%'") == [(0,)]


def test_change_notifications_older_than_the_retention_are_deleted(pool, hear, monkeypatch):
    monkeypatch.setattr(store, "PRUNE_INTERVAL", 1)
    with pool.transaction() as tx:
        tx.run("insert into metrics.changes (id, at, body) values (0, now() - interval '1 day', '{}')")

    hear([registered_event()])

    with pool.transaction() as tx:
        assert tx.rows("select id from metrics.changes") == [(1,)]


def test_prometheus_metrics_equal_the_stored_counts(pool, hear, many_disputes):
    from services.metrics.gauges import BusinessCollector

    hear([watermarks_event(1, court=7)])
    samples = {(sample.name, *sample.labels.values()): sample.value for family in BusinessCollector(pool).collect() for sample in family.samples}

    assert samples["fengqiao_overdue", "LAW"] == 24
    assert samples["fengqiao_agency_watermark_timestamp_seconds", "court"] == (START + timedelta(hours=7)).timestamp()
    assert samples["fengqiao_registered_total", "womens_federation"] == 120
    assert samples["fengqiao_closed_total", "settled"] == 24
    assert sum(count for (name, *_), count in samples.items() if name == "fengqiao_open") == 96
