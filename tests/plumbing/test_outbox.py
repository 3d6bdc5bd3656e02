"""Is everything said numbered without a gap, in the order in which it was committed?"""

import json
import threading

import pytest
from marshmallow import ValidationError

import contracts
from contracts.channels import partition_of
from plumbing.events import DomainEvent, Reply
from tests.plumbing.conftest import A, B, heard

SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
NOTICE = contracts.NOTICES["notice.urged"].example


def says(pool, *subjects, **more):
    with pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, SENT, **more) for subject in subjects])


def outbox(apart, columns="event_id"):
    return apart.rows(f"select {columns} from notify.outbox order by id")


def test_each_dispute_is_counted_from_one(listener, fresh):
    says(listener.pool, A, B, A)
    says(listener.pool, B, A)

    assert [event_id for (event_id,) in outbox(fresh)] == [f"{A}/1", f"{B}/1", f"{A}/2", f"{B}/2", f"{A}/3"]


def test_what_was_rolled_back_leaves_no_gap(listener, fresh):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", A, SENT)])
        raise ZeroDivisionError
    says(listener.pool, A)

    assert outbox(fresh) == [(f"{A}/1",)]


def test_a_fact_names_its_cause_and_keeps_the_trace(listener, fresh):
    cause = heard(7)
    cause.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    says(listener.pool, A, cause=cause)
    says(listener.pool, A)

    first, second = (json.loads(bytes(body)) for (body,) in outbox(fresh, "body"))
    assert (first["causationid"], first["traceparent"], first["sequence"], first["source"]) == (cause.id, cause.traceparent, "1", "/services/notify")
    assert "causationid" not in second and second["traceparent"].startswith("00-")


def test_a_dispute_always_travels_in_the_same_partition(listener, fresh):
    says(listener.pool, A, B, A)

    assert outbox(fresh, "exchange, partition, routing_key") == [
        ("notify.events", partition_of(code, 2), f"{partition_of(code, 2)}.notice.sent") for code in (A, B, A)
    ]


def test_what_the_contract_does_not_have_is_not_said(listener, fresh):
    for data in (SENT | {"name": "虚构甲"}, {}):
        with pytest.raises(ValidationError), listener.pool.transaction() as tx:
            tx.say([DomainEvent("notice.sent", A, data)])
    with pytest.raises(KeyError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("dispute.registered", A, {})])

    assert outbox(fresh) == []


def test_several_writers_number_in_commit_order(fresh):
    """Whoever looks in between sees 1..n of each dispute and never a number before a smaller one."""
    codes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    stop, seen = threading.Event(), []

    def write(pool, n):
        for turn in range(25):
            says(pool, *(codes[(n + turn + k) % 3] for k in range(1 + turn % 4)))

    def watch():
        while not stop.is_set():
            seen.append([event_id for (event_id,) in outbox(fresh)])

    writers = [threading.Thread(target=write, args=(fresh.pool("notify", 1), n)) for n in range(4)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    watcher.join(60)
    seen.append([event_id for (event_id,) in outbox(fresh)])

    assert len(seen[-1]) == 4 * sum(1 + turn % 4 for turn in range(25))
    for view in seen:
        for code in codes:
            numbers = [int(event_id.rpartition("/")[2]) for event_id in view if event_id.startswith(code)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_replies_to_agencies_travel_to_their_inboxes(listener, fresh):
    with listener.pool.transaction() as tx:
        (body,) = tx.post([Reply("police", "n-1", "notice.urged", A, NOTICE)])

    assert outbox(fresh, "exchange, routing_key, event_id") == [("inboxes", "police", "n-1")]
    assert json.loads(body)["id"] == "n-1" and "sequence" not in json.loads(body)


def test_the_sealed_voice_counts_apart_and_leaves_no_gap_in_the_ordinary_one(fresh):
    held = contracts.SEALED_EVENTS["mediation-safeguard", "safeguard.held"].example
    applied = contracts.DOMAIN_EVENTS["step.applied"].example
    with fresh.pool("mediation").transaction() as tx:
        tx.say(
            [
                DomainEvent("step.applied", A, applied),
                DomainEvent("safeguard.held", A, held, source="mediation-safeguard"),
                DomainEvent("step.applied", A, applied),
            ]
        )
        tx.say([DomainEvent("safeguard.held", A, held, source="mediation-safeguard")])

    rows = fresh.rows("select exchange, routing_key, event_id, body from mediation.outbox order by id")
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
    fresh.empty("mediation")
