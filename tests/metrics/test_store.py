"""Tests of the read model's SQL: the tables equal the model in memory, and the queries of the pages agree with each other."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics import domain, queries, store
from tests.metrics.histories import deadline, event, event_streams, interleaved, registered, step_fact
from tests.metrics.test_domain import Model

SUMS = {
    "open_cube": "select township, state, kind, overdue, count from metrics.open_cube where count <> 0",
    "open_waits": "select township, agency, overdue, count from metrics.open_waits where count <> 0",
    "daily_counts": "select day::text, figure, township, kind, count from metrics.daily_counts where count <> 0",
    "daily_totals": "select day::text, figure, count from metrics.daily_totals where count <> 0",
    "daily_disputes": "select day::text, figure, code, count from metrics.daily_disputes where count <> 0",
    "totals": "select figure, label, count from metrics.totals where count <> 0",
}
TABLES = "disputes, deadlines, timeline, open_cube, open_waits, daily_counts, daily_totals, daily_disputes, totals, as_of, changes"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_tables_equal_the_model_in_memory(pool, hear, data):
    with pool.transaction() as tx:
        tx.run(f"truncate {', '.join('metrics.' + name for name in TABLES.split(', '))}")
    batches = data.draw(interleaved(data.draw(event_streams())))
    hear(*batches)
    model = Model().hear(*batches)

    with pool.transaction() as tx:
        for name, sql in SUMS.items():
            assert {tuple(row[:-1]): row[-1] for row in tx.rows(sql)} == getattr(model, name), name
        events = [event for batch in batches for event in batch]
        assert store.load(tx, events) == model.disputes
        assert len(tx.rows("select 1 from metrics.timeline")) == len(model.timeline)


def test_changes_are_numbered_in_commit_order_by_several_writers(pool, hear):
    """Two processes write at once. A reader never sees a change appear with a number below one that it has already read."""
    seen, stop = [], threading.Event()

    def write(copy):
        for n in range(30):
            code = f"620702-2026-{copy}{n:05d}-1"
            hear([registered(code), deadline(1, "set", code=code)])

    def watch():
        while not stop.is_set():
            with pool.transaction() as tx:
                rows, _ = queries.load_changes_after(tx, seen[-1] if seen else 0, 1000)
            seen.extend(number for number, _ in rows)

    writers = [threading.Thread(target=write, args=(copy,)) for copy in (1, 2)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    watcher.join()
    with pool.transaction() as tx:
        seen += [number for number, _ in queries.load_changes_after(tx, seen[-1], 1000)[0]]

    assert seen == list(range(1, 61))


def test_first_events_of_two_producers_processed_at_once_are_both_kept(pool):
    """The first events of intake and of mediation about one dispute are processed in two overlapping transactions."""
    first_has_loaded, results = threading.Event(), []

    def hear(batch, pause):
        with pool.transaction() as tx:
            disputes = store.load(tx, batch)
            first_has_loaded.set()
            if pause:
                threading.Event().wait(0.3)
            store.save(tx, domain.fold(disputes, batch))
        results.append(True)

    one = threading.Thread(target=hear, args=([registered()], True))
    one.start()
    first_has_loaded.wait()
    two = threading.Thread(target=hear, args=([step_fact(1, "referral.accepted", "accepted", ["court"])], False))
    two.start()
    one.join()
    two.join()

    with pool.transaction() as tx:
        assert tx.rows("select township, state from metrics.disputes") == [("620702102", "accepted")]
        assert tx.rows("select township, state, count from metrics.open_cube where count <> 0") == [("620702102", "accepted", 1)]


@pytest.fixture
def some_disputes(hear):
    """120 disputes: a fifth past a LAW deadline, a fifth past a POLICY deadline, a fifth closed."""
    batch = []
    for n in range(120):
        code = f"620702-2026-{n:06d}-1"
        township = ("620702102", "620702003", "620702108")[n % 3]
        batch.append(registered(code, township, ("family", "contract")[n % 2], hours=n / 10))
        batch.append(deadline(1, "set", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        batch.append(
            step_fact(2, "dispute.routed", ("routed", "mediating")[n % 2], ["court"] if n % 4 else ["court", "police"], code, hours=n / 10 + 0.1, to="court")
        )
        if n % 5 < 2:
            batch.append(deadline(3, "passed", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        if n % 5 == 2:
            batch.append(event("mediation", 3, "dispute.closed", code, hours=n / 10 + 0.2, state="closed", outcome="settled"))
    hear(batch)


FILTERS = [
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
    {"status": "all", "serial": "000007"},
    {"status": "all", "prefix": "620702-2026-00000"},
]


@pytest.mark.parametrize("sort", queries.SORTS)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_pages_of_a_list_contain_every_dispute_once(pool, some_disputes, filters, sort):
    with pool.transaction() as tx:
        everything = queries.find_disputes(tx, filters, sort, None, 500)
        walked, after = [], None
        while True:
            page = queries.find_disputes(tx, filters, sort, after, 7)
            walked += [row.code for row in page.disputes]
            assert page.count == len(everything.disputes)
            if not page.next_position:
                break
            after = page.next_position

    assert walked == [row.code for row in everything.disputes]
    assert len(walked) == len(set(walked)) > 0


def test_every_number_of_the_overview_equals_the_length_of_its_list(pool, some_disputes):
    with pool.transaction() as tx:
        page = queries.load_overview(tx, None)
        of_township = queries.load_overview(tx, "620702102")

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
        assert of_township.total.open == count_listed(township="620702102")
        for figure in domain.DAILY_FIGURES:
            for day, count in zip(page.trend["days"], page.trend[figure], strict=True):
                if count:
                    assert count == count_listed(status="all", what=figure, day=day)


def test_old_changes_are_deleted(pool, hear, monkeypatch):
    monkeypatch.setattr(store, "PRUNE_INTERVAL", 1)
    with pool.transaction() as tx:
        tx.run("insert into metrics.changes (id, at, body) values (0, now() - interval '1 day', '{}')")

    hear([registered()])

    with pool.transaction() as tx:
        assert tx.rows("select id from metrics.changes") == [(1,)]


def test_prometheus_metrics_equal_the_stored_sums(pool, some_disputes):
    from services.metrics.gauges import BusinessCollector

    samples = {(s.name, *s.labels.values()): s.value for family in BusinessCollector(pool).collect() for s in family.samples}

    assert samples["fengqiao_overdue", "LAW"] == 24
    assert samples["fengqiao_registered_total", "womens_federation"] == 120
    assert samples["fengqiao_closed_total", "settled"] == 24
    assert sum(count for (name, *_), count in samples.items() if name == "fengqiao_open") == 96
