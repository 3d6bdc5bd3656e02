"""Is every notice in the ledger, in the inbox, and said, exactly once?"""

import json

import pytest

from plumbing.events import Delivery
from tests.notify.conftest import CODE, said

OTHER = "620702-2026-000124-0"


def ledger(notify):
    return notify.rows("select kind, dispute, addressee, channel, status from notify.notices order by dispute, channel, addressee")


def outbox(notify, exchange):
    return [json.loads(bytes(body)) for (body,) in notify.rows("select body from notify.outbox where exchange = %s order by id", exchange)]


def test_a_notice_is_entered_posted_and_said(service, notify):
    event = said(1, "deadline.passed", owed_by=["court"])
    service.on_events([event])

    assert ledger(notify) == [("notice.overdue", CODE, agency, "inbox", "sent") for agency in ("court", "mediation_centre")]
    letters = outbox(notify, "inboxes")
    assert [(letter["type"], letter["subject"], letter["causationid"]) for letter in letters] == [("notice.overdue", CODE, event.id)] * 2
    assert notify.rows("select routing_key from notify.outbox where exchange = 'inboxes' order by id") == [("court",), ("mediation_centre",)]
    assert [(fact["type"], fact["sequence"], fact["data"]["to"]) for fact in outbox(notify, "notify.events")] == [
        ("notice.sent", "1", "court"),
        ("notice.sent", "2", "mediation_centre"),
    ]


def test_heard_twice_it_is_told_once(service, notify):
    for _ in range(2):
        service.on_events([said(1, "deadline.set"), said(1, "deadline.set")])

    assert len(ledger(notify)) == len(outbox(notify, "inboxes")) == len(outbox(notify, "notify.events")) == 1


def test_each_dispute_has_its_own_count(service, notify):
    service.on_events([said(1, "deadline.set"), said(1, "deadline.set", OTHER), said(2, "deadline.approached"), said(2, "step.applied", OTHER)])

    assert sorted((fact["subject"], fact["sequence"]) for fact in outbox(notify, "notify.events")) == [(CODE, "1"), (CODE, "2"), (OTHER, "1")]


def test_of_most_events_there_is_nothing_to_tell_but_they_are_heard(service, notify):
    service.on_events([said(1, "step.applied"), said(2, "dispute.closed")])

    assert ledger(notify) == [] and outbox(notify, "notify.events") == []
    assert notify.rows("select last_sequence from notify.heard") == [(2,)]


def test_a_discarded_event_gives_no_notice(service, notify):
    event = said(1, "deadline.set")
    with service.db.transaction() as tx:
        tx.park(event, "it failed")
        ((row, delivery),) = tx.rows("select id, delivery from parked")
    event = service.db.read(Delivery.unpack(service.db.box.decrypt(bytes(delivery))))
    event.kept, event.discarded = ("parked", row), True
    service.on_events([event])

    assert ledger(notify) == []
    assert notify.rows("select last_sequence, held from notify.heard") == [(1, False)]


def test_a_rolled_back_batch_told_nobody(service, notify, monkeypatch):
    monkeypatch.setattr("services.notify.store.enter", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        service.on_events([said(1, "deadline.set")])

    assert ledger(notify) == [] and outbox(notify, "inboxes") == [] and notify.rows("select 1 from notify.heard") == []
