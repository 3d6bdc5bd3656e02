"""Tests of the outbox: sequence numbers of events are assigned per dispute without gaps, in the order of the commits."""

import json
import threading

import pytest
from marshmallow import ValidationError

import contracts
from contracts.channels import partition_of
from plumbing.events import DomainEvent, Reply
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B, make_event

NOTICE_SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
NOTICE_URGED = contracts.NOTICES["notice.urged"].example


def say_notice_events(pool, *subjects, **fields):
    with pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, NOTICE_SENT, **fields) for subject in subjects])


def load_outbox(sandbox, columns="event_id"):
    return sandbox.rows(f"select {columns} from notify.outbox order by id")


def test_event_sequence_numbers_of_each_dispute_start_at_one(listener, empty_sandbox):
    say_notice_events(listener.pool, DISPUTE_A, DISPUTE_B, DISPUTE_A)
    say_notice_events(listener.pool, DISPUTE_B, DISPUTE_A)

    assert [event_id for (event_id,) in load_outbox(empty_sandbox)] == [
        f"{DISPUTE_A}/1",
        f"{DISPUTE_B}/1",
        f"{DISPUTE_A}/2",
        f"{DISPUTE_B}/2",
        f"{DISPUTE_A}/3",
    ]


def test_a_rolled_back_transaction_leaves_no_gap_in_the_sequence_numbers(listener, empty_sandbox):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
        raise ZeroDivisionError
    say_notice_events(listener.pool, DISPUTE_A)

    assert load_outbox(empty_sandbox) == [(f"{DISPUTE_A}/1",)]


def test_a_published_event_contains_the_id_of_its_cause_and_the_trace_of_the_cause(listener, empty_sandbox):
    cause = make_event(7)
    cause.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    say_notice_events(listener.pool, DISPUTE_A, cause=cause)
    say_notice_events(listener.pool, DISPUTE_A)

    first, second = (json.loads(bytes(body)) for (body,) in load_outbox(empty_sandbox, "body"))
    assert (first["causationid"], first["traceparent"], first["sequence"], first["source"]) == (cause.id, cause.traceparent, "1", "/services/notify")
    assert "causationid" not in second and second["traceparent"].startswith("00-")


def test_all_events_of_a_dispute_are_published_to_the_same_partition(listener, empty_sandbox):
    say_notice_events(listener.pool, DISPUTE_A, DISPUTE_B, DISPUTE_A)

    assert load_outbox(empty_sandbox, "exchange, partition, routing_key") == [
        ("notify.events", partition_of(code, 2), f"{partition_of(code, 2)}.notice.sent") for code in (DISPUTE_A, DISPUTE_B, DISPUTE_A)
    ]


def test_an_event_that_violates_its_schema_is_not_stored_in_the_outbox(listener, empty_sandbox):
    for data in (NOTICE_SENT | {"name": "虚构甲"}, {}):
        with pytest.raises(ValidationError), listener.pool.transaction() as tx:
            tx.say([DomainEvent("notice.sent", DISPUTE_A, data)])
    with pytest.raises(KeyError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("dispute.registered", DISPUTE_A, {})])

    assert load_outbox(empty_sandbox) == []


def test_sequence_numbers_of_concurrent_transactions_follow_the_order_of_their_commits(empty_sandbox):
    """Four threads write events of the same disputes. At any time the committed outbox rows of a dispute are numbered 1..n."""
    codes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    stop, snapshots = threading.Event(), []

    def write(pool, n):
        for turn in range(25):
            say_notice_events(pool, *(codes[(n + turn + k) % 3] for k in range(1 + turn % 4)))

    def watch():
        while not stop.is_set():
            snapshots.append([event_id for (event_id,) in load_outbox(empty_sandbox)])

    writers = [threading.Thread(target=write, args=(empty_sandbox.pool("notify", 1), n)) for n in range(4)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    watcher.join(60)
    snapshots.append([event_id for (event_id,) in load_outbox(empty_sandbox)])

    assert len(snapshots[-1]) == 4 * sum(1 + turn % 4 for turn in range(25))
    for snapshot in snapshots:
        for code in codes:
            numbers = [int(event_id.rpartition("/")[2]) for event_id in snapshot if event_id.startswith(code)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_a_reply_is_stored_with_the_routing_key_of_the_agencys_inbox_queue(listener, empty_sandbox):
    with listener.pool.transaction() as tx:
        (body,) = tx.post([Reply("police", "n-1", "notice.urged", DISPUTE_A, NOTICE_URGED)])

    assert load_outbox(empty_sandbox, "exchange, routing_key, event_id") == [("inboxes", "police", "n-1")]
    assert json.loads(body)["id"] == "n-1" and "sequence" not in json.loads(body)


def test_events_on_the_sealed_stream_leave_no_gap_in_the_sequence_numbers_of_the_ordinary_stream(empty_sandbox):
    held = contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example
    session = contracts.DOMAIN_EVENTS["session.held"].example
    with empty_sandbox.pool("mediation").transaction() as tx:
        tx.say(
            [
                DomainEvent("session.held", DISPUTE_A, session),
                DomainEvent("safeguard.held", DISPUTE_A, held, source="mediation-safeguard"),
                DomainEvent("session.held", DISPUTE_A, session),
            ]
        )
        tx.say([DomainEvent("safeguard.held", DISPUTE_A, held, source="mediation-safeguard")])

    rows = empty_sandbox.rows("select exchange, routing_key, event_id, body from mediation.outbox order by id")
    partition = partition_of(DISPUTE_A)
    assert [row[:3] for row in rows] == [
        ("mediation.events", f"{partition}.session.held", f"{DISPUTE_A}/1"),
        ("mediation-safeguard.events", f"{partition}.safeguard.held", f"{DISPUTE_A}/s1"),
        ("mediation.events", f"{partition}.session.held", f"{DISPUTE_A}/2"),
        ("mediation-safeguard.events", f"{partition}.safeguard.held", f"{DISPUTE_A}/s2"),
    ]
    assert [(json.loads(bytes(row[3]))["source"], json.loads(bytes(row[3]))["sequence"]) for row in rows] == [
        ("/services/mediation", "1"), ("/services/mediation-safeguard", "1"), ("/services/mediation", "2"), ("/services/mediation-safeguard", "2"),
    ]  # fmt: skip
    empty_sandbox.empty("mediation")
