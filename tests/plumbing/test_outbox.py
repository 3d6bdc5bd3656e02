"""Tests of the outbox: sequence numbers of events are assigned per dispute without gaps, in the order of the commits."""

import json
import threading

import pytest
from marshmallow import ValidationError

import contracts
from contracts import AGENCIES
from contracts.channels import partition_of
from plumbing.events import DomainEvent, Reply
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B, make_event

NOTICE_SENT = contracts.DOMAIN_EVENTS["notice.sent"].example
NOTICE_URGED = contracts.NOTICES["notice.urged"].example


def say_notice_events(pool, *subjects, **fields):
    with pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", subject, NOTICE_SENT, **fields) for subject in subjects])


def stored_event_ids(sandbox):
    return [event["id"] for _, _, event in sandbox.stored_events("notify")]


def test_event_sequence_numbers_of_each_dispute_start_at_one(listener, empty_sandbox):
    say_notice_events(listener.pool, DISPUTE_A, DISPUTE_B, DISPUTE_A)
    say_notice_events(listener.pool, DISPUTE_B, DISPUTE_A)

    ids = stored_event_ids(empty_sandbox)
    assert [event_id for event_id in ids if event_id.startswith(DISPUTE_A)] == [f"{DISPUTE_A}/{n}" for n in (1, 2, 3)]
    assert [event_id for event_id in ids if event_id.startswith(DISPUTE_B)] == [f"{DISPUTE_B}/{n}" for n in (1, 2)]


def test_a_rolled_back_transaction_leaves_no_gap_in_the_sequence_numbers(listener, empty_sandbox):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
        raise ZeroDivisionError
    say_notice_events(listener.pool, DISPUTE_A)

    assert stored_event_ids(empty_sandbox) == [f"{DISPUTE_A}/1"]


def test_a_published_event_contains_the_id_of_its_cause_and_the_trace_of_the_cause(listener, empty_sandbox):
    cause = make_event(7)
    cause.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    say_notice_events(listener.pool, DISPUTE_A, cause=cause)
    say_notice_events(listener.pool, DISPUTE_A)

    (_, _, first), (_, _, second) = empty_sandbox.stored_events("notify")
    assert (first["causationid"], first["traceparent"], first["sequence"], first["source"]) == (cause.id, cause.traceparent, "1", "/services/notify")
    assert "causationid" not in second and second["traceparent"].startswith("00-")


def test_all_events_of_a_partition_are_published_in_one_bundle(listener, empty_sandbox):
    say_notice_events(listener.pool, DISPUTE_A, DISPUTE_B, DISPUTE_A)

    rows = empty_sandbox.rows("select exchange, partition, routing_key, message_id, event_count from notify.outbox order by partition")
    a, b = partition_of(DISPUTE_A, 2), partition_of(DISPUTE_B, 2)
    assert rows == sorted([("notify.events", a, f"{a}.bundle", f"{DISPUTE_A}/1+1", 2), ("notify.events", b, f"{b}.notice.sent", f"{DISPUTE_B}/1", 1)])


def test_an_event_that_violates_its_schema_is_not_stored_in_the_outbox(listener, empty_sandbox):
    for data in (NOTICE_SENT | {"name": "虚构甲"}, {}):
        with pytest.raises(ValidationError), listener.pool.transaction() as tx:
            tx.say([DomainEvent("notice.sent", DISPUTE_A, data)])
    with pytest.raises(KeyError), listener.pool.transaction() as tx:
        tx.say([DomainEvent("dispute.registered", DISPUTE_A, {})])

    assert empty_sandbox.stored_events("notify") == []


def test_sequence_numbers_of_concurrent_transactions_follow_the_order_of_their_commits(empty_sandbox):
    """Four threads write events of the same disputes. At any time the committed outbox rows of a dispute are numbered 1..n."""
    codes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    stop, snapshots = threading.Event(), []

    def write(pool, n):
        for turn in range(25):
            say_notice_events(pool, *(codes[(n + turn + k) % 3] for k in range(1 + turn % 4)))

    def watch():
        while not stop.is_set():
            snapshots.append(stored_event_ids(empty_sandbox))

    writers = [threading.Thread(target=write, args=(empty_sandbox.pool("notify", 1), n)) for n in range(4)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    watcher.join(60)
    snapshots.append(stored_event_ids(empty_sandbox))

    assert len(snapshots[-1]) == 4 * sum(1 + turn % 4 for turn in range(25))
    for snapshot in snapshots:
        for code in codes:
            numbers = [int(event_id.rpartition("/")[2]) for event_id in snapshot if event_id.startswith(code)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_events_are_kept_in_the_record_and_replies_are_not(listener, empty_sandbox):
    with listener.pool.transaction() as tx:
        tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
        tx.post([Reply("police", "n-1", "notice.urged", DISPUTE_A, NOTICE_URGED)])

    assert empty_sandbox.rows("select message_id from notify.published") == [(f"{DISPUTE_A}/1",)]
    assert empty_sandbox.rows("select message_id, body is null from notify.outbox order by id") == [(f"{DISPUTE_A}/1", True), ("n-1", False)]
    assert len(empty_sandbox.stored_events("notify")) == 2


def test_the_ids_of_events_of_a_later_epoch_differ_from_those_of_the_first(listener, empty_sandbox):
    empty_sandbox.rows("update notify.epoch set number = 2")
    try:
        with listener.pool.transaction() as tx:
            tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
    finally:
        empty_sandbox.rows("update notify.epoch set number = 1")

    ((_, _, event),) = empty_sandbox.stored_events("notify")
    assert (event["id"], event["sequence"], event["epoch"]) == (f"{DISPUTE_A}/1/e2", "1", "2")


def test_a_reply_is_stored_with_the_routing_key_of_the_agencys_inbox_queue(listener, empty_sandbox):
    with listener.pool.transaction() as tx:
        (body,) = tx.post([Reply("police", "n-1", "notice.urged", DISPUTE_A, NOTICE_URGED)])

    assert empty_sandbox.rows("select exchange, routing_key, message_id from notify.outbox") == [("inboxes", "police", "n-1")]
    assert json.loads(body)["id"] == "n-1" and "sequence" not in json.loads(body)


def replies_to(agency, *numbers, cause=None):
    return [Reply(agency, f"n-{number}", "notice.urged", DISPUTE_A, NOTICE_URGED, cause=cause) for number in numbers]


def stored_messages(sandbox):
    return sandbox.rows("select routing_key, message_id, event_count from notify.outbox where exchange = 'inboxes' order by id")


def test_replies_of_a_transaction_share_a_message_only_if_their_agency_reads_batches(listener, empty_sandbox):
    assert AGENCIES["court"].batches and not AGENCIES["police"].batches
    with listener.pool.transaction() as tx:
        tx.post([*replies_to("court", 1), *replies_to("police", 2, 3), *replies_to("court", 4, 5), *replies_to("mediation_centre", 6)])

    assert stored_messages(empty_sandbox) == [("court", "n-1+2", 3), ("police", "n-2", 1), ("police", "n-3", 1), ("mediation_centre", "n-6", 1)]


def test_a_reply_about_the_safeguard_lane_shares_no_message_with_other_replies_to_an_agency_with_access(listener, empty_sandbox):
    sealed = make_event(7, source="mediation-safeguard")
    with listener.pool.transaction() as tx:
        tx.post([*replies_to("court", 1), *replies_to("court", 2, cause=sealed), *replies_to("court", 3)])

    assert stored_messages(empty_sandbox) == [("court", "n-1+1", 2), ("court", "n-2", 1)]


def test_the_form_of_a_message_does_not_reveal_the_safeguard_lane_to_an_agency_without_access(listener, empty_sandbox):
    """An agency's step about a held dispute is answered with an ordinary receipt, whose cause is an event of the sealed stream."""
    sealed = make_event(7, source="mediation-safeguard")
    with listener.pool.transaction() as tx:
        tx.post([*replies_to("trade_union", 1), *replies_to("trade_union", 2, cause=sealed), *replies_to("trade_union", 3)])

    assert stored_messages(empty_sandbox) == [("trade_union", "n-1+2", 3)]


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

    partition = partition_of(DISPUTE_A)
    sealed_ids, ordinary_ids = [f"{DISPUTE_A}/s1", f"{DISPUTE_A}/s2"], [f"{DISPUTE_A}/1", f"{DISPUTE_A}/2"]
    # Events of the sealed stream and of the ordinary stream are never in one message.
    assert sorted(empty_sandbox.rows("select exchange, routing_key, message_id from mediation.outbox")) == [
        ("mediation-safeguard.events", f"{partition}.bundle", f"{sealed_ids[0]}+1"),
        ("mediation.events", f"{partition}.bundle", f"{ordinary_ids[0]}+1"),
    ]
    for stream, ids in (("mediation", ordinary_ids), ("mediation-safeguard", sealed_ids)):
        found = [event for _, _, event in empty_sandbox.stored_events("mediation", f"{stream}.events")]
        assert [(event["id"], event["source"], event["sequence"]) for event in found] == [
            (event_id, f"/services/{stream}", str(number)) for number, event_id in enumerate(ids, 1)
        ]
    empty_sandbox.empty("mediation")
