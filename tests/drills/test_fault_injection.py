"""Tests of the faults that the drill puts into the code: each fault still has its described effect on the current code."""

from datetime import UTC, datetime

import pytest

from contracts.channels import INBOXES_EXCHANGE
from drills import fault_injection
from plumbing import bundles, relay
from plumbing.events import CONTENT_TYPE, Delivery
from plumbing.inbox import Inbox
from plumbing.statements import Statements
from services.mediation import store
from services.metrics import domain
from services.metrics import store as metrics_store
from tests.metrics.histories import confirmed_step, registered_event
from tests.plumbing.conftest import make_event

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ELEMENTS = [b'{"id":"a/1"}', b'{"id":"a/2"}', b'{"id":"a/3"}', b'{"id":"a/4"}']
# Rows of an outbox: 200 bundles to services, 200 messages with several receipts to an agency that reads batches, and one single event.
BUNDLES = [(n, "intake.events", "0.bundle", f"a/{n}+3", 4, bundles.join(ELEMENTS)) for n in range(200)]
BATCHES = [(n, INBOXES_EXCHANGE, "court", f"receipt/{n}/first+3", 4, bundles.join(ELEMENTS)) for n in range(200, 400)]
SINGLE_EVENT = (400, "intake.events", "0.dispute.registered", "b/1", 1, b'{"id":"b/1"}')


def test_the_fault_omit_transitions_stores_only_some_of_the_transitions(sandbox, monkeypatch):
    monkeypatch.setattr(Statements, "insert", Statements.insert)  # registers `insert` with monkeypatch, which restores the method after the test
    fault_injection.omit_transitions()
    codes = [f"620702-1999-{number:06}-0" for number in range(200)]
    rows = [(code, 1, "detected", "registered", "dispute.registered", "police", NOW, NOW, f"{code}/1", None, {}, None) for code in codes]
    with sandbox.pool("mediation").transaction() as tx:
        tx.insert("mediation.transitions", store.TRANSITION_COLUMNS, rows)
        written = tx.run("delete from mediation.transitions where code = any(%s)", (codes,))

    assert 0 < written < len(codes)


@pytest.fixture
def publish(monkeypatch):
    """Return a function that publishes rows with a changed relay and returns the rows that reach the broker."""
    monkeypatch.setattr(relay.Publisher, "publish", lambda self, rows: rows)

    def publish_with(fault):
        fault()
        return relay.Publisher.publish(None, [*BUNDLES, *BATCHES, SINGLE_EVENT])

    return publish_with


@pytest.mark.parametrize(
    ("fault", "changed", "unchanged"),
    [(fault_injection.lose_bundle_elements, BUNDLES, BATCHES), (fault_injection.lose_receipts_of_batches, BATCHES, BUNDLES)],
    ids=["lose_bundle_elements", "lose_receipts_of_batches"],
)
def test_the_faults_that_lose_elements_remove_one_event_from_some_messages_with_several(publish, fault, changed, unchanged):
    published = publish(fault)

    assert len(published) == 401
    assert SINGLE_EVENT in published and set(unchanged) <= set(published)
    shortened = [bundles.split_body(row[5]) for row in published if row not in changed and row not in unchanged and row != SINGLE_EVENT]
    assert 0 < len(shortened) < 200
    assert all(len(elements) == 3 and set(elements) < set(ELEMENTS) for elements in shortened)


def test_the_fault_reverse_bundles_reverses_the_events_of_every_bundle_and_loses_none(publish):
    published = publish(fault_injection.reverse_bundles)

    assert [bundles.split_body(row[5]) for row in published] == [ELEMENTS[::-1]] * 400 + [[SINGLE_EVENT[5]]]


def test_the_fault_process_half_of_bundles_drops_the_second_half_of_some_bundles(monkeypatch):
    monkeypatch.setattr(bundles, "split", bundles.split)
    fault_injection.process_half_of_bundles()

    def split(row):
        return [part.body for part in bundles.split(Delivery(row[5], bundles.content_type(row[4]), row[2], message_id=row[3]))]

    parts = [split(row) for row in BUNDLES]
    assert 0 < parts.count(ELEMENTS[:2]) < len(BUNDLES)
    assert parts.count(ELEMENTS[:2]) + parts.count(ELEMENTS) == len(BUNDLES)
    assert split(SINGLE_EVENT) == [SINGLE_EVENT[5]]


def test_the_fault_publish_bundles_as_single_events_gives_every_message_the_content_type_of_one_event(monkeypatch):
    monkeypatch.setattr(relay, "content_type", relay.content_type)
    fault_injection.publish_bundles_as_single_events()

    assert relay.content_type(1) == relay.content_type(4) == CONTENT_TYPE


def test_the_fault_process_in_arrival_order_returns_the_events_of_a_batch_unsorted_and_each_once(sandbox, monkeypatch):
    monkeypatch.setattr(Inbox, "unheard", Inbox.unheard)
    sandbox.empty("notify")
    fault_injection.process_in_arrival_order()
    with sandbox.pool("notify").transaction() as tx:
        assert [event.sequence for event in tx.unheard([make_event(n) for n in (3, 1, 1, 2)])] == [3, 1, 2]
        assert [event.sequence for event in tx.unheard([make_event(n) for n in (2, 4)])] == [4]


def test_the_fault_use_stale_cache_returns_a_cached_dispute_that_another_writer_has_changed(sandbox, monkeypatch):
    monkeypatch.setattr(metrics_store.DisputeCache, "load", metrics_store.DisputeCache.load)
    caches = [metrics_store.DisputeCache(), metrics_store.DisputeCache()]

    def apply(cache, event):
        with sandbox.pool("metrics").transaction() as tx:
            changes = domain.fold(cache.load(tx, [event]), [event])
            change = metrics_store.save(tx, changes, cache.writer)
        cache.keep(changes.disputes, change)

    code = "620702-1999-000001-0"
    apply(caches[0], registered_event(code))
    apply(caches[1], confirmed_step(1, "dispute.routed", "routed", ["court"], code))
    fault_injection.use_stale_cache()
    with sandbox.pool("metrics").transaction() as tx:
        cached = caches[0].load(tx, [registered_event(code)])
        stored = metrics_store.load_disputes(tx, [code])

    assert (cached[code].state, stored[code].state) == ("registered", "routed")
