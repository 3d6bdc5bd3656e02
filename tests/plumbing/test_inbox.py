"""Is everything heard once, in order, whatever the broker does?"""

import threading

import pytest

from plumbing.events import Delivery
from plumbing.inbox import SequenceMoved
from plumbing.pool import should_try_again
from tests.plumbing.conftest import A, B, Listener, heard


def test_events_are_heard_in_sequence_however_a_batch_is_mixed(listener):
    assert listener.hears(heard(2), heard(3), heard(1), heard(1, B)) == [(A, 1), (B, 1), (A, 2), (A, 3)]


def test_what_was_heard_is_not_heard_again(listener):
    listener.hears(heard(1), heard(2))

    assert listener.hears(heard(1), heard(2), heard(2), heard(3), heard(3)) == [(A, 3)]
    assert listener.hears(heard(3)) == []


def test_what_comes_too_early_waits_until_the_gap_closes(listener, fresh):
    assert listener.hears(heard(4), heard(2)) == []
    assert fresh.rows("select sequence from notify.waiting order by sequence") == [(2,), (4,)]

    assert listener.hears(heard(1)) == [(A, 1), (A, 2)]
    assert listener.hears(heard(3), heard(1, B)) == [(B, 1), (A, 3), (A, 4)]
    assert fresh.rows("select sequence from notify.waiting") == []
    assert listener.hears(heard(4)) == []


def test_a_gap_closes_from_both_sides_at_once(listener, fresh):
    listener.hears(heard(2))

    assert listener.hears(heard(3), heard(1), heard(5)) == [(A, 1), (A, 2), (A, 3)]
    assert listener.hears(heard(4)) == [(A, 4), (A, 5)]
    assert fresh.rows("select last_sequence, held, waits from notify.heard") == [(5, False, False)]


def test_an_early_event_that_comes_twice_waits_once(listener, fresh):
    listener.hears(heard(2))
    listener.hears(heard(2), heard(2))

    assert len(fresh.rows("select 1 from notify.waiting")) == 1
    assert listener.hears(heard(1)) == [(A, 1), (A, 2)]


def test_each_speaker_is_counted_by_itself(listener):
    assert listener.hears(heard(1), heard(1, source="intake"), heard(2, source="intake")) == [(A, 1), (A, 1), (A, 2)]


def test_a_rolled_back_batch_was_not_heard(listener):
    with pytest.raises(ZeroDivisionError), listener.pool.transaction() as tx:
        tx.unheard([heard(1), heard(3)])
        raise ZeroDivisionError

    assert listener.hears(heard(1)) == [(A, 1)]


def test_two_copies_that_hear_the_same_at_once_hear_it_once(listener, fresh):
    """Both have looked before either has written: the second one is told to look again."""
    other, looked, outcome = Listener(fresh.pool("notify")), threading.Barrier(2), []

    def hear(copy):
        with copy.pool.transaction() as tx:
            positions = tx.inbox._positions
            tx.inbox._positions = lambda batch: (positions(batch), looked.wait(10))[0]
            return [event.sequence for event in tx.unheard([heard(1)])]

    def try_to_hear(copy):
        try:
            outcome.append(hear(copy))
        except SequenceMoved as moved:
            outcome.append(moved)

    threads = [threading.Thread(target=try_to_hear, args=(copy,)) for copy in (listener, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    (applied,) = [one for one in outcome if isinstance(one, list)]
    (moved,) = [one for one in outcome if isinstance(one, SequenceMoved)]
    assert applied == [1] and should_try_again(moved)
    assert other.hears(heard(1)) == []


def test_many_copies_hear_everything_once_and_in_order(listener, fresh):
    """Four copies are handed the same sixty events of three disputes, each in another order and in other pieces."""
    disputes = [f"620702-2026-{n:06d}-0" for n in range(3)]
    noted, lock = {code: [] for code in disputes}, threading.Lock()

    def hear(copy, n):
        events = [heard(sequence, code) for sequence in range(1, 21) for code in disputes]
        events = events[n * 11 :] + events[: n * 11]
        for start in range(0, len(events), 5 + n):
            while True:
                try:
                    with copy.pool.transaction() as tx:
                        fresh = tx.unheard(events[start : start + 5 + n])
                        with lock:  # inside the transaction: in the order in which they commit
                            for event in fresh:
                                noted[event.subject].append(event.sequence)
                    break
                except Exception as problem:  # noqa: BLE001 - looked at below
                    assert should_try_again(problem), problem

    threads = [threading.Thread(target=hear, args=(Listener(fresh.pool("notify", 1)), n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert noted == {code: list(range(1, 21)) for code in disputes}
    # A copy may keep an event that another one takes meanwhile: a repeat, cleared away when waiting events are taken up again. Nothing new may be left.
    assert fresh.rows("select 1 from notify.waiting w join notify.heard h using (source, subject) where w.sequence > h.last_sequence") == []


# ── parked ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_behind_a_parked_event_its_own_dispute_waits_and_no_other(listener, fresh):
    listener.hears(heard(1), heard(1, B))
    listener.parks(heard(2))

    assert listener.hears(heard(3), heard(2, B), heard(4)) == [(B, 2)]
    assert fresh.rows("select sequence from notify.waiting order by 1") == [(3,), (4,)]


def test_a_parked_event_that_is_delivered_again_is_not_applied_behind_its_own_back(listener):
    listener.parks(heard(1))

    assert listener.hears(heard(1)) == []
    assert listener.hears(listener.takes_up()) == [(A, 1)]


def test_taking_it_up_again_lets_the_others_go_on(listener, fresh):
    listener.parks(heard(1))
    listener.hears(heard(2), heard(3), heard(5))

    assert listener.hears(listener.takes_up()) == [(A, 1), (A, 2), (A, 3)]
    assert fresh.rows("select 1 from notify.parked") == []
    assert listener.hears(heard(4)) == [(A, 4), (A, 5)]


def test_a_discarded_event_is_handed_over_as_such_and_the_others_go_on(listener):
    listener.parks(heard(1))
    listener.hears(heard(2))

    with listener.pool.transaction() as tx:
        assert [(event.sequence, event.discarded) for event in tx.unheard([listener.takes_up(discarded=True)])] == [(1, True), (2, False)]


def test_taken_up_alone_it_leaves_the_others_waiting(listener, fresh):
    listener.parks(heard(1))
    listener.hears(heard(2))

    assert listener.hears(listener.takes_up(alone=True)) == [(A, 1)]
    assert fresh.rows("select w.sequence from notify.waiting w join notify.heard h using (source, subject) where not h.held") == [(2,)]


def test_two_copies_that_take_up_the_same_parked_event_apply_it_once(listener, fresh):
    listener.parks(heard(None, source="/agencies/police", id="e-1"))
    listener.pool.read = fresh_reader = lambda delivery: heard(None, source="/agencies/police", id=delivery.body.decode())
    first, second = listener.takes_up(), listener.takes_up()
    other = Listener(fresh.pool("notify", read=fresh_reader))

    assert listener.hears(first) == [(A, "e-1")]
    assert other.hears(second) == []


def test_an_agencys_later_words_on_a_matter_wait_behind_its_parked_one(listener):
    listener.pool.read = lambda delivery: heard(None, source="/agencies/police", id=delivery.body.decode())

    def says(event_id):
        return heard(None, source="/agencies/police", id=event_id)

    assert listener.hears(says("e-0")) == [(A, "e-0")]
    listener.parks(says("e-1"))
    assert listener.hears(says("e-2"), says("e-3")) == []

    assert listener.hears(listener.takes_up()) == [(A, "e-1"), (A, "e-2"), (A, "e-3")]
    assert listener.hears(says("e-4")) == [(A, "e-4")]


def test_how_often_it_was_tried_is_counted(listener, fresh):
    assert [listener.parks(heard(1)) for _ in range(3)] == [1, 2, 3]
    assert fresh.rows("select attempts, status from notify.parked") == [(3, "parked")]


def test_what_is_kept_is_sealed(listener, fresh):
    event = heard(2)
    event.delivery = Delivery(b'{"name": "\xe8\x99\x9a\xe6\x9e\x84\xe7\x94\xb2"}')
    listener.hears(event)
    event = heard(1, B)
    event.delivery = Delivery(b'{"name": "\xe8\x99\x9a\xe6\x9e\x84\xe7\x94\xb2"}')
    listener.parks(event)

    for table in ("waiting", "parked"):
        ((delivery,),) = fresh.rows(f"select delivery from notify.{table}")
        assert "虚构甲".encode().hex() not in bytes(delivery).hex()
        assert "虚构甲".encode() not in bytes(delivery)
