"""Tests of the cache of disputes: it always equals the tables, and is not used after a change by another process, a restored backup or a failed commit."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics import domain, store
from tests.metrics.histories import CODES, confirmed_step, deadline_event, event_streams, interleaved_batches, registered_event

REGISTERED = registered_event()
ROUTED = confirmed_step(1, "dispute.routed", "routed", ["court"])
DEADLINE_APPROACHED = deadline_event(2, "approached")


class CommitFailed(Exception):
    """Raised instead of the commit."""


class Process:
    """Stands for one OS process of the metrics service: applies batches of events to the tables of the read model, with a cache of its own."""

    def __init__(self, pool, size=store.MAX_CACHED_DISPUTES):
        self.pool, self.cache, self.loaded = pool, store.DisputeCache(size), None

    def hear(self, batch, fails=False):
        with self.pool.transaction() as tx:
            disputes = self.cache.load(tx, batch)
            changes = domain.fold(disputes, batch)
            change = store.save(tx, changes, self.cache.writer)
            if fails:
                raise CommitFailed
        self.cache.keep(changes.disputes, change)

    def load(self, *codes):
        """Return the disputes that the cache gives to a transaction, and those that are stored."""
        with self.pool.transaction() as tx:
            cached = self.cache.load(tx, [registered_event(code) for code in codes])
            return cached, store.load_disputes(tx, list(codes))

    def cached_codes(self):
        """Return the codes of the disputes that the next transaction would not load."""
        with self.pool.transaction() as tx:
            self.cache.load(tx, [])
            return list(self.cache._disputes)


@pytest.fixture
def process(pool):
    return Process(pool)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_after_any_batches_of_two_processes_with_failures_the_cache_equals_the_tables(pool, data):
    """Which process hears a batch is drawn, and whether its first attempt fails before the commit. The reference is a process that never uses a cache."""
    batches = data.draw(interleaved_batches(data.draw(event_streams())))
    schedule = data.draw(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=len(batches), max_size=len(batches)))
    processes = [Process(pool, size=2), Process(pool)]
    _empty_the_tables(pool)

    for batch, (number, fails) in zip(batches, schedule, strict=True):
        if fails:
            with pytest.raises(CommitFailed):
                processes[number].hear(batch, fails=True)
        processes[number].hear(batch)
    with_cache = _stored(pool)
    last = processes[schedule[-1][0]]
    cached, stored = last.load(*CODES) if batches else ({}, {})
    _empty_the_tables(pool)
    for batch in batches:
        Process(pool).hear(batch)

    assert cached == stored
    assert with_cache == _stored(pool)


def test_a_dispute_written_by_the_batch_before_is_not_loaded_again(process, monkeypatch):
    process.hear([REGISTERED])
    monkeypatch.setattr(store, "load_disputes", lambda tx, codes: pytest.fail(f"{codes} were loaded"))

    process.hear([ROUTED])

    assert process.cached_codes() == [CODES[0]]


def test_after_a_change_by_another_process_the_disputes_are_loaded_again(pool, process):
    process.hear([REGISTERED])
    Process(pool).hear([ROUTED])

    process.hear([DEADLINE_APPROACHED])

    assert _stored(pool)[0][:2] == (CODES[0], "routed")


def test_after_a_failed_commit_the_disputes_are_loaded_again(pool, process):
    process.hear([REGISTERED])
    with pytest.raises(CommitFailed):
        process.hear([ROUTED], fails=True)

    process.hear([DEADLINE_APPROACHED])

    assert _stored(pool)[0][:2] == (CODES[0], "registered")


def test_after_a_commit_with_unknown_result_the_disputes_are_loaded_again(pool, process):
    """The commit succeeds, but the process does not learn of it and hears the next batch."""
    process.hear([REGISTERED])
    with pool.transaction() as tx:
        store.save(tx, domain.fold(process.cache.load(tx, [ROUTED]), [ROUTED]), process.cache.writer)

    assert process.cached_codes() == []
    cached, stored = process.load(CODES[0])
    assert cached == stored
    assert cached[CODES[0]].state == "routed"


def test_after_a_restored_backup_the_disputes_are_loaded_again_although_another_process_reaches_the_same_change(pool, process):
    process.hear([REGISTERED])
    process.hear([ROUTED])
    with pool.transaction() as tx:  # the backup was taken before the second batch
        tx.run("update metrics.head set last_change = 1")
        tx.run("update metrics.disputes set state = 'registered'")
        tx.run("delete from metrics.changes where id = 2")
    Process(pool).hear([deadline_event(1, "set", code=CODES[1])])

    assert process.cached_codes() == []


def test_the_cache_keeps_the_disputes_written_last_up_to_its_size(pool):
    process = Process(pool, size=2)
    for code in CODES:
        process.hear([registered_event(code)])
    process.hear([confirmed_step(1, "dispute.routed", "routed", ["court"], CODES[1])])

    assert process.cached_codes() == [CODES[2], CODES[1]]


def test_two_overlapping_transactions_of_one_process_leave_a_cache_that_equals_the_tables(pool, process):
    """The second transaction loads after the commit of the first, but before the first process has kept its disputes."""
    process.hear([REGISTERED])
    with pool.transaction() as tx:
        first = domain.fold(process.cache.load(tx, [ROUTED]), [ROUTED])
        first_change = store.save(tx, first, process.cache.writer)
    with pool.transaction() as tx:
        second = domain.fold(process.cache.load(tx, [DEADLINE_APPROACHED]), [DEADLINE_APPROACHED])
        process.cache.keep(first.disputes, first_change)
        second_change = store.save(tx, second, process.cache.writer)
    process.cache.keep(second.disputes, second_change)

    cached, stored = process.load(CODES[0])
    assert cached == stored


def _empty_the_tables(pool):
    with pool.transaction() as tx:
        tx.run("truncate metrics.disputes, metrics.deadlines, metrics.timeline, metrics.open_cube, metrics.open_waits, metrics.daily_counts, metrics.changes")
        tx.run("update metrics.head set last_change = 0, writer = 0")


def _stored(pool):
    """Return the rows of the disputes and their deadlines, and the counts of open disputes."""
    with pool.transaction() as tx:
        return (
            *tx.rows(
                "select code, state, next_actors, runs_out_at, overdue, closed_at, last_at, township, is_unsettled, particulars from metrics.disputes order by 1"
            ),
            *tx.rows("select code, clock, state, due_at, met_at, owed_by from metrics.deadlines order by 1, 2"),
            *tx.rows("select * from metrics.open_cube where count <> 0 order by 1, 2, 3, 4"),
            *tx.rows("select * from metrics.open_waits where count <> 0 order by 1, 2, 3"),
        )
