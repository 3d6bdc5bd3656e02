"""Tests of the outbox: events are numbered per dispute without gaps, in the order of the commits."""

import json
import threading

import pytest
from marshmallow import ValidationError

import contracts
from contracts.channels import partition_of
from plumbing.events import DomainEvent, Reply
from tests.plumbing.conftest import A, B, make_event

NOTICE_SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
NOTICE_URGED = contracts.NOTICES["notice.urged"].example


def publish(pool, *subjects, **fields):
    with pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, NOTICE_SENT, **fields) for subject in subjects])


def outbox(sandbox, columns="event_id"):
    return sandbox.rows(f"select {columns} from notify.outbox order by id")


def test_each_dispute_is_numbered_from_one(listener, empty_sandbox):
    publish(listener.pool, A, B, A)
    publish(listener.pool, B, A)

    assert [event_id for (event_id,) in outbox(empty_sandbox)] == [f"{A}/1", f"{B}/1", f"{A}/2", f"{B}/2", f"{A}/3"]


def test_a_rolled_back_transaction_leaves_no_gap(listener, empty_sandbox):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", A, NOTICE_SENT)])
        raise ZeroDivisionError
    publish(listener.pool, A)

    assert outbox(empty_sandbox) == [(f"{A}/1",)]


def test_an_event_names_its_cause_and_keeps_its_trace(listener, empty_sandbox):
    cause = make_event(7)
    cause.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    publish(listener.pool, A, cause=cause)
    publish(listener.pool, A)

    first, second = (json.loads(bytes(body)) for (body,) in outbox(empty_sandbox, "body"))
    assert (first["causationid"], first["traceparent"], first["sequence"], first["source"]) == (cause.id, cause.traceparent, "1", "/services/notify")
    assert "causationid" not in second and second["traceparent"].startswith("00-")


def test_all_events_of_a_dispute_have_the_same_partition(listener, empty_sandbox):
    publish(listener.pool, A, B, A)

    assert outbox(empty_sandbox, "exchange, partition, routing_key") == [
        ("notify.events", partition_of(code, 2), f"{partition_of(code, 2)}.notice.sent") for code in (A, B, A)
    ]


def test_an_event_that_violates_the_contract_is_not_published(listener, empty_sandbox):
    for data in (NOTICE_SENT | {"name": "虚构甲"}, {}):
        with pytest.raises(ValidationError), listener.pool.transaction() as tx:
            tx.say([DomainEvent("notice.sent", A, data)])
    with pytest.raises(KeyError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("dispute.registered", A, {})])

    assert outbox(empty_sandbox) == []


def test_concurrent_transactions_number_events_in_commit_order(empty_sandbox):
    """At any time the visible rows of a dispute are numbered 1..n."""
    codes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    stop, snapshots = threading.Event(), []

    def write(pool, n):
        for turn in range(25):
            publish(pool, *(codes[(n + turn + k) % 3] for k in range(1 + turn % 4)))

    def watch():
        while not stop.is_set():
            snapshots.append([event_id for (event_id,) in outbox(empty_sandbox)])

    writers = [threading.Thread(target=write, args=(empty_sandbox.pool("notify", 1), n)) for n in range(4)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    watcher.join(60)
    snapshots.append([event_id for (event_id,) in outbox(empty_sandbox)])

    assert len(snapshots[-1]) == 4 * sum(1 + turn % 4 for turn in range(25))
    for snapshot in snapshots:
        for code in codes:
            numbers = [int(event_id.rpartition("/")[2]) for event_id in snapshot if event_id.startswith(code)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_replies_are_routed_to_the_inbox_of_the_agency(listener, empty_sandbox):
    with listener.pool.transaction() as tx:
        (body,) = tx.post([Reply("police", "n-1", "notice.urged", A, NOTICE_URGED)])

    assert outbox(empty_sandbox, "exchange, routing_key, event_id") == [("inboxes", "police", "n-1")]
    assert json.loads(body)["id"] == "n-1" and "sequence" not in json.loads(body)


def test_the_sealed_stream_has_its_own_sequence_and_leaves_no_gap_in_the_ordinary_one(empty_sandbox):
    held = contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example
    applied = contracts.DOMAIN_EVENTS["step.applied"].example
    with empty_sandbox.pool("mediation").transaction() as tx:
        tx.say(
            [
                DomainEvent("step.applied", A, applied),
                DomainEvent("safeguard.held", A, held, source="mediation-safeguard"),
                DomainEvent("step.applied", A, applied),
            ]
        )
        tx.say([DomainEvent("safeguard.held", A, held, source="mediation-safeguard")])

    rows = empty_sandbox.rows("select exchange, routing_key, event_id, body from mediation.outbox order by id")
    partition = partition_of(A)
    assert [row[:3] for row in rows] == [
        ("mediation.events", f"{partition}.step.applied", f"{A}/1"),
        ("mediation-safeguard.events", f"{partition}.safeguard.held", f"{A}/s1"),
        ("mediation.events", f"{partition}.step.applied", f"{A}/2"),
        ("mediation-safeguard.events", f"{partition}.safeguard.held", f"{A}/s2"),
    ]
    assert [(json.loads(bytes(row[3]))["source"], json.loads(bytes(row[3]))["sequence"]) for row in rows] == [
        ("/services/mediation", "1"), ("/services/mediation-safeguard", "1"), ("/services/mediation", "2"), ("/services/mediation-safeguard", "2"),
    ]  # fmt: skip
    empty_sandbox.empty("mediation")
