"""Do the tables hold what the pure part decided, and do the pages' queries say the same numbers?"""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics import domain, reading, store
from tests.metrics.histories import county, deadline, event, fact, interleaved, registered
from tests.metrics.test_domain import Model

SUMS = {
    "cube": "select township, state, kind, overdue, count from metrics.open_cube where count <> 0",
    "waits": "select township, agency, overdue, count from metrics.open_waits where count <> 0",
    "flow": "select day::text, what, township, kind, count from metrics.flow where count <> 0",
    "days": "select day::text, what, count from metrics.days where count <> 0",
    "moves": "select day::text, what, code, count from metrics.moves where count <> 0",
    "totals": "select what, label, count from metrics.totals where count <> 0",
}
TABLES = "disputes, deadlines, timeline, open_cube, open_waits, flow, days, moves, totals, as_of, changes"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_tables_hold_what_the_pure_model_holds(pool, hear, data):
    with pool.transaction() as tx:
        tx.run(f"truncate {', '.join('metrics.' + name for name in TABLES.split(', '))}")
    batches = data.draw(interleaved(data.draw(county())))
    hear(*batches)
    model = Model().hear(*batches)

    with pool.transaction() as tx:
        for name, sql in SUMS.items():
            assert {tuple(row[:-1]): row[-1] for row in tx.rows(sql)} == getattr(model, name), name
        about = [event for batch in batches for event in batch]
        assert store.load(tx, about) == model.disputes
        assert len(tx.rows("select 1 from metrics.timeline")) == len(model.timeline)


def test_changes_are_numbered_in_commit_order_by_several_writers(pool, hear):
    """Two copies write at once; whoever reads in between never sees a number appear below one already seen."""
    seen, stop = [], threading.Event()

    def write(copy):
        for n in range(30):
            code = f"620702-2026-{copy}{n:05d}-1"
            hear([registered(code), deadline(1, "set", code=code)])

    def watch():
        while not stop.is_set():
            with pool.transaction() as tx:
                rows, _ = reading.changes_since(tx, seen[-1] if seen else 0, 1000)
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
        seen += [number for number, _ in reading.changes_since(tx, seen[-1], 1000)[0]]

    assert seen == list(range(1, 61))


def test_two_speakers_heard_at_once_by_two_copies_lose_nothing(pool):
    """The first events of one dispute, from intake and mediation, in two transactions that overlap."""
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
    two = threading.Thread(target=hear, args=([fact(1, "referral.accepted", "accepted", ["court"])], False))
    two.start()
    one.join()
    two.join()

    with pool.transaction() as tx:
        assert tx.rows("select township, state from metrics.disputes") == [("620702102", "accepted")]
        assert tx.rows("select township, state, count from metrics.open_cube where count <> 0") == [("620702102", "accepted", 1)]


@pytest.fixture
def some_disputes(hear):
    """120 disputes: a fifth past a deadline of the law, a fifth past an agreed one, a fifth closed."""
    batch = []
    for n in range(120):
        code = f"620702-2026-{n:06d}-1"
        township = ("620702102", "620702003", "620702108")[n % 3]
        batch.append(registered(code, township, ("family", "contract")[n % 2], hours=n / 10))
        batch.append(deadline(1, "set", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        batch.append(
            fact(2, "dispute.routed", ("routed", "mediating")[n % 2], ["court"] if n % 4 else ["court", "police"], code, hours=n / 10 + 0.1, to="court")
        )
        if n % 5 < 2:
            batch.append(deadline(3, "passed", kind="LAW" if n % 5 == 0 else "POLICY", code=code, due=n))
        if n % 5 == 2:
            batch.append(event("mediation", 3, "dispute.closed", code, hours=n / 10 + 0.2, state="closed", outcome="settled"))
    hear(batch)


ASKED = [
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


@pytest.mark.parametrize("sort", reading.SORTS)
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_walking_the_pages_of_a_list_meets_every_dispute_once(pool, some_disputes, asked, sort):
    with pool.transaction() as tx:
        everything = reading.find(tx, asked, sort, None, 500)
        walked, after = [], None
        while True:
            page = reading.find(tx, asked, sort, after, 7)
            walked += [line.code for line in page.lines]
            assert page.count == len(everything.lines)
            if not page.following:
                break
            after = page.following

    assert walked == [line.code for line in everything.lines]
    assert len(walked) == len(set(walked)) > 0


def test_every_number_of_the_overview_is_the_length_of_its_list(pool, some_disputes):
    with pool.transaction() as tx:
        page = reading.overview(tx, None)
        here = reading.overview(tx, "620702102")

        def listed(**asked):
            return len(reading.find(tx, asked, "opened", None, 1000).lines)

        assert page.total.open == listed() == 96
        assert page.total.law == listed(overdue="law") == 24
        assert page.total.other == listed(overdue="other") == 24
        for state, cell in page.by_state.items():
            assert (cell.open, cell.law) == (listed(state=state), listed(state=state, overdue="law"))
        for agency, cell in page.by_agency.items():
            assert (cell.open, cell.other) == (listed(next_actors=agency), listed(next_actors=agency, overdue="other"))
        for township, cell in page.by_township.items():
            assert (cell.open, cell.law) == (listed(township=township), listed(township=township, overdue="law"))
        assert here.total.open == listed(township="620702102")
        for what in domain.FLOWS:
            for day, count in zip(page.trend["days"], page.trend[what], strict=True):
                if count:
                    assert count == listed(status="all", what=what, day=day)


def test_old_changes_are_forgotten(pool, hear, monkeypatch):
    monkeypatch.setattr(store, "PRUNED_EVERY", 1)
    with pool.transaction() as tx:
        tx.run("insert into metrics.changes (id, at, body) values (0, now() - interval '1 day', '{}')")

    hear([registered()])

    with pool.transaction() as tx:
        assert tx.rows("select id from metrics.changes") == [(1,)]


def test_measures_come_from_the_sums(pool, some_disputes):
    from services.metrics.measures import BusinessCollector

    samples = {(s.name, *s.labels.values()): s.value for family in BusinessCollector(pool).collect() for s in family.samples}

    assert samples["fengqiao_overdue", "LAW"] == 24
    assert samples["fengqiao_registered_total", "womens_federation"] == 120
    assert samples["fengqiao_closed_total", "settled"] == 24
    assert sum(count for (name, *_), count in samples.items() if name == "fengqiao_open") == 96
