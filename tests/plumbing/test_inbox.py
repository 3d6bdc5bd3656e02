"""Tests of the inbox: every event is processed once and in sequence, even if deliveries are reordered, repeated or fail."""

import threading

import pytest

from plumbing import telemetry
from plumbing.events import Delivery, read, utc_now, write_jump
from plumbing.inbox import SequenceConflict
from plumbing.pool import should_try_again
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B, Listener, make_event


def test_events_of_a_shuffled_batch_are_processed_in_sequence(listener):
    assert listener.hear(make_event(2), make_event(3), make_event(1), make_event(1, DISPUTE_B)) == [
        (DISPUTE_A, 1),
        (DISPUTE_B, 1),
        (DISPUTE_A, 2),
        (DISPUTE_A, 3),
    ]


def test_a_processed_event_is_not_processed_again(listener):
    listener.hear(make_event(1), make_event(2))

    assert listener.hear(make_event(1), make_event(2), make_event(2), make_event(3), make_event(3)) == [(DISPUTE_A, 3)]
    assert listener.hear(make_event(3)) == []


def test_an_event_that_arrives_too_early_waits_until_the_missing_events_are_processed(listener, empty_sandbox):
    assert listener.hear(make_event(4), make_event(2)) == []
    assert empty_sandbox.rows("select sequence from notify.waiting order by sequence") == [(2,), (4,)]

    assert listener.hear(make_event(1)) == [(DISPUTE_A, 1), (DISPUTE_A, 2)]
    assert listener.hear(make_event(3), make_event(1, DISPUTE_B)) == [(DISPUTE_B, 1), (DISPUTE_A, 3), (DISPUTE_A, 4)]
    assert empty_sandbox.rows("select sequence from notify.waiting") == []
    assert listener.hear(make_event(4)) == []


def test_a_batch_with_the_missing_event_and_its_neighbours_is_processed_in_sequence(listener, empty_sandbox):
    listener.hear(make_event(2))

    assert listener.hear(make_event(3), make_event(1), make_event(5)) == [(DISPUTE_A, 1), (DISPUTE_A, 2), (DISPUTE_A, 3)]
    assert listener.hear(make_event(4)) == [(DISPUTE_A, 4), (DISPUTE_A, 5)]
    assert empty_sandbox.rows("select last_sequence, blocked, has_waiting from notify.heard") == [(5, False, False)]


def test_an_event_that_arrives_too_early_twice_is_stored_once(listener, empty_sandbox):
    listener.hear(make_event(2))
    listener.hear(make_event(2), make_event(2))

    assert len(empty_sandbox.rows("select 1 from notify.waiting")) == 1
    assert listener.hear(make_event(1)) == [(DISPUTE_A, 1), (DISPUTE_A, 2)]


def test_sequence_numbers_of_different_producers_are_independent(listener):
    assert listener.hear(make_event(1), make_event(1, source="intake"), make_event(2, source="intake")) == [(DISPUTE_A, 1), (DISPUTE_A, 1), (DISPUTE_A, 2)]


def test_events_of_a_rolled_back_batch_count_as_unprocessed(listener):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.unheard([make_event(1), make_event(3)])
        raise ZeroDivisionError

    assert listener.hear(make_event(1)) == [(DISPUTE_A, 1)]


def test_an_event_that_two_copies_of_a_service_process_at_once_takes_effect_once(listener, empty_sandbox):
    """Both copies read the positions before either of them writes; the copy that writes second gets a SequenceConflict."""
    other, both_have_read, results = Listener(empty_sandbox.pool("notify")), threading.Barrier(2), []

    def hear(copy):
        with copy.pool.transaction() as tx:
            load_positions = tx.inbox._load_positions
            tx.inbox._load_positions = lambda batch: (load_positions(batch), both_have_read.wait(10))[0]
            return [event.sequence for event in tx.unheard([make_event(1)])]

    def try_to_hear(copy):
        try:
            results.append(hear(copy))
        except SequenceConflict as conflict:
            results.append(conflict)

    threads = [threading.Thread(target=try_to_hear, args=(copy,)) for copy in (listener, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    (applied,) = [result for result in results if isinstance(result, list)]
    (conflict,) = [result for result in results if isinstance(result, SequenceConflict)]
    assert applied == [1] and should_try_again(conflict)
    assert other.hear(make_event(1)) == []


def test_four_concurrent_copies_of_a_service_process_every_event_once_and_in_order(listener, empty_sandbox):
    """Four copies of a service receive the same sixty events of three disputes, each in a different order and batch size."""
    disputes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    processed, lock = {code: [] for code in disputes}, threading.Lock()

    def hear(copy, n):
        events = [make_event(sequence, code) for sequence in range(1, 21) for code in disputes]
        events = events[n * 11 :] + events[: n * 11]
        for start in range(0, len(events), 5 + n):
            while True:
                try:
                    with copy.pool.transaction() as tx:
                        unheard = tx.unheard(events[start : start + 5 + n])
                        with lock:  # inside the transaction, so that the recorded order is the order of the commits
                            for event in unheard:
                                processed[event.subject].append(event.sequence)
                    break
                except Exception as error:  # noqa: BLE001 - the assertion in the next line fails for any exception that is not a conflict
                    assert should_try_again(error), error

    threads = [threading.Thread(target=hear, args=(Listener(empty_sandbox.pool("notify", 1)), n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert processed == {code: list(range(1, 21)) for code in disputes}
    # One process may store an event as waiting while another process applies it; that row is deleted later. Every event that waits must have been applied.
    assert empty_sandbox.rows("select 1 from notify.waiting w join notify.heard h using (source, subject) where w.sequence > h.last_sequence") == []


# ── epochs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def conflicts(sandbox):
    return sandbox.rows("select event_id, sequence from notify.parked where status = 'conflict' order by id")


def jump(sequence, follows, epoch=2):
    return read(Delivery(write_jump("mediation", DISPUTE_A, sequence, follows, epoch, utc_now())))


def test_an_event_of_a_later_epoch_with_a_used_number_is_set_aside_and_counted(listener, empty_sandbox):
    listener.hear(make_event(1), make_event(2))
    counter = telemetry.EVENTS.labels("notify", "mediation", "step.applied", "conflict")._value
    before = counter.get()

    assert listener.hear(make_event(2, epoch=2)) == []
    assert conflicts(empty_sandbox) == [(f"{DISPUTE_A}/2/e2", 2)] and counter.get() == before + 1


def test_a_repeated_event_of_an_earlier_epoch_is_a_duplicate_and_an_unknown_one_is_set_aside(listener, empty_sandbox):
    listener.hear(make_event(1), make_event(2), make_event(3, epoch=2))

    assert listener.hear(make_event(1), make_event(2), make_event(3, epoch=2)) == [] and conflicts(empty_sandbox) == []
    assert listener.hear(make_event(3), make_event(4)) == []
    assert conflicts(empty_sandbox) == [(f"{DISPUTE_A}/3", 3), (f"{DISPUTE_A}/4", 4)]
    assert listener.hear(make_event(4, epoch=2)) == [(DISPUTE_A, 4)]


def test_a_conflict_blocks_nothing_and_is_not_retried(listener, empty_sandbox):
    listener.hear(make_event(1), make_event(1, epoch=2))

    with listener.pool.transaction() as tx:
        assert tx.inbox.load_due_events(["mediation"]) == []
    assert listener.hear(make_event(2)) == [(DISPUTE_A, 2)]


def test_a_jump_lets_listeners_that_are_behind_and_ahead_continue_with_the_same_number(listener, empty_sandbox):
    """The producer was restored to number 3 and knows that number 5 was used, so it continues with 6."""
    listener.hear(make_event(1), make_event(2))
    assert listener.hear(jump(6, follows=3), make_event(7, epoch=2)) == []
    assert listener.hear(make_event(3)) == [(DISPUTE_A, 3), (DISPUTE_A, 7)]

    empty_sandbox.empty("notify")
    listener.hear(*(make_event(number) for number in range(1, 6)))
    assert listener.hear(make_event(7, epoch=2), jump(6, follows=3)) == [(DISPUTE_A, 7)]
    assert empty_sandbox.rows("select last_sequence, epoch, last_before_epoch, has_waiting from notify.heard") == [(7, 2, 5, False)]


def test_an_event_lost_by_the_producer_that_arrives_after_the_jump_is_set_aside(listener, empty_sandbox):
    listener.hear(make_event(1), make_event(2), make_event(3))
    listener.hear(jump(6, follows=3))

    assert listener.hear(make_event(4), make_event(3)) == []
    assert conflicts(empty_sandbox) == [(f"{DISPUTE_A}/4", 4)]


def test_a_waiting_event_of_an_earlier_epoch_is_set_aside_when_its_number_was_used_again(listener, empty_sandbox):
    listener.hear(make_event(3))
    assert listener.hear(make_event(1), make_event(2, epoch=2)) == [(DISPUTE_A, 1), (DISPUTE_A, 2)]
    assert conflicts(empty_sandbox) == [(f"{DISPUTE_A}/3", 3)]
    assert listener.hear(make_event(3, epoch=2)) == [(DISPUTE_A, 3)]


# ── parked ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_parked_event_blocks_later_events_of_its_own_dispute_only(listener, empty_sandbox):
    listener.hear(make_event(1), make_event(1, DISPUTE_B))
    listener.park(make_event(2))

    assert listener.hear(make_event(3), make_event(2, DISPUTE_B), make_event(4)) == [(DISPUTE_B, 2)]
    assert empty_sandbox.rows("select sequence from notify.waiting order by 1") == [(3,), (4,)]


def test_a_redelivered_copy_of_a_parked_event_is_not_processed(listener):
    listener.park(make_event(1))

    assert listener.hear(make_event(1)) == []
    assert listener.hear(listener.load_parked()) == [(DISPUTE_A, 1)]


def test_a_successful_retry_of_a_parked_event_releases_the_waiting_events(listener, empty_sandbox):
    listener.park(make_event(1))
    listener.hear(make_event(2), make_event(3), make_event(5))

    assert listener.hear(listener.load_parked()) == [(DISPUTE_A, 1), (DISPUTE_A, 2), (DISPUTE_A, 3)]
    assert empty_sandbox.rows("select 1 from notify.parked") == []
    assert listener.hear(make_event(4)) == [(DISPUTE_A, 4), (DISPUTE_A, 5)]


def test_a_discarded_event_is_marked_as_discarded_and_releases_the_waiting_events(listener):
    listener.park(make_event(1))
    listener.hear(make_event(2))

    with listener.pool.transaction() as tx:
        assert [(event.sequence, event.discarded) for event in tx.unheard([listener.load_parked(discarded=True)])] == [(1, True), (2, False)]


def test_a_parked_event_that_is_retried_alone_leaves_the_other_events_waiting(listener, empty_sandbox):
    listener.park(make_event(1))
    listener.hear(make_event(2))

    assert listener.hear(listener.load_parked(is_processed_alone=True)) == [(DISPUTE_A, 1)]
    assert empty_sandbox.rows("select w.sequence from notify.waiting w join notify.heard h using (source, subject) where not h.blocked") == [(2,)]


def test_a_parked_event_that_two_copies_of_a_service_retry_takes_effect_once(listener, empty_sandbox):
    listener.park(make_event(None, source="/agencies/police", id="e-1"))
    listener.pool.read = read_agency_event = lambda delivery: make_event(None, source="/agencies/police", id=delivery.body.decode())
    first, second = listener.load_parked(), listener.load_parked()
    other = Listener(empty_sandbox.pool("notify", read=read_agency_event))

    assert listener.hear(first) == [(DISPUTE_A, "e-1")]
    assert other.hear(second) == []


def test_later_events_of_an_agency_about_a_dispute_wait_for_its_parked_event(listener):
    listener.pool.read = lambda delivery: make_event(None, source="/agencies/police", id=delivery.body.decode())

    def agency_event(event_id):
        return make_event(None, source="/agencies/police", id=event_id)

    assert listener.hear(agency_event("e-0")) == [(DISPUTE_A, "e-0")]
    listener.park(agency_event("e-1"))
    assert listener.hear(agency_event("e-2"), agency_event("e-3")) == []

    assert listener.hear(listener.load_parked()) == [(DISPUTE_A, "e-1"), (DISPUTE_A, "e-2"), (DISPUTE_A, "e-3")]
    assert listener.hear(agency_event("e-4")) == [(DISPUTE_A, "e-4")]


def test_failed_attempts_of_a_parked_event_are_counted(listener, empty_sandbox):
    assert [listener.park(make_event(1)) for _ in range(3)] == [1, 2, 3]
    assert empty_sandbox.rows("select attempts, status from notify.parked") == [(3, "parked")]


def test_deliveries_of_waiting_and_parked_events_are_stored_encrypted(listener, empty_sandbox):
    event = make_event(2)
    event.delivery = Delivery(b'{"name": "\xe8\x99\x9a\xe6\x9e\x84\xe7\x94\xb2"}')
    listener.hear(event)
    event = make_event(1, DISPUTE_B)
    event.delivery = Delivery(b'{"name": "\xe8\x99\x9a\xe6\x9e\x84\xe7\x94\xb2"}')
    listener.park(event)

    for table in ("waiting", "parked"):
        ((delivery,),) = empty_sandbox.rows(f"select delivery from notify.{table}")
        assert "虚构甲".encode().hex() not in bytes(delivery).hex()
        assert "虚构甲".encode() not in bytes(delivery)
