"""Tests of notices: each is in the ledger, in the inbox and in a published event, exactly once."""

import json

import pytest

from plumbing.events import Delivery
from tests.notify.conftest import CODE, mediation_event

OTHER = "620702-2026-000124-0"


def load_ledger(notify):
    return notify.rows("select kind, dispute, addressee, channel, status from notify.notices order by dispute, channel, addressee")


def load_outbox(notify, exchange):
    return [json.loads(bytes(body)) for (body,) in notify.rows("select body from notify.outbox where exchange = %s order by id", exchange)]


def test_a_notice_is_stored_in_the_ledger_sent_to_the_inbox_and_published(service, notify):
    event = mediation_event(1, "deadline.passed", owed_by=["court"])
    service.on_events([event])

    assert load_ledger(notify) == [("notice.overdue", CODE, agency, "inbox", "sent") for agency in ("court", "mediation_centre")]
    posted = load_outbox(notify, "inboxes")
    assert [(notice["type"], notice["subject"], notice["causationid"]) for notice in posted] == [("notice.overdue", CODE, event.id)] * 2
    assert notify.rows("select routing_key from notify.outbox where exchange = 'inboxes' order by id") == [("court",), ("mediation_centre",)]
    assert [(fact["type"], fact["sequence"], fact["data"]["to"]) for fact in load_outbox(notify, "notify.events")] == [
        ("notice.sent", "1", "court"),
        ("notice.sent", "2", "mediation_centre"),
    ]


def test_a_repeated_event_gives_one_notice(service, notify):
    for _ in range(2):
        service.on_events([mediation_event(1, "deadline.set"), mediation_event(1, "deadline.set")])

    assert len(load_ledger(notify)) == len(load_outbox(notify, "inboxes")) == len(load_outbox(notify, "notify.events")) == 1


def test_published_events_are_numbered_per_dispute(service, notify):
    service.on_events(
        [
            mediation_event(1, "deadline.set"),
            mediation_event(1, "deadline.set", OTHER),
            mediation_event(2, "deadline.approached"),
            mediation_event(2, "step.applied", OTHER),
        ]
    )

    assert sorted((fact["subject"], fact["sequence"]) for fact in load_outbox(notify, "notify.events")) == [(CODE, "1"), (CODE, "2"), (OTHER, "1")]


def test_an_event_without_notices_is_processed(service, notify):
    service.on_events([mediation_event(1, "step.applied"), mediation_event(2, "dispute.closed")])

    assert load_ledger(notify) == [] and load_outbox(notify, "notify.events") == []
    assert notify.rows("select last_sequence from notify.heard") == [(2,)]


def test_a_discarded_event_gives_no_notice(service, notify):
    event = mediation_event(1, "deadline.set")
    with service.db.transaction() as tx:
        tx.park(event, "it failed")
        ((row_id, delivery),) = tx.rows("select id, delivery from parked")
    event = service.db.read(Delivery.unpack(service.db.secret_box.decrypt(bytes(delivery))))
    event.stored_in, event.discarded = ("parked", row_id), True
    service.on_events([event])

    assert load_ledger(notify) == []
    assert notify.rows("select last_sequence, blocked from notify.heard") == [(1, False)]


def test_a_rolled_back_batch_sends_no_notice(service, notify, monkeypatch):
    monkeypatch.setattr("services.notify.store.insert_notices", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        service.on_events([mediation_event(1, "deadline.set")])

    assert load_ledger(notify) == [] and load_outbox(notify, "inboxes") == [] and notify.rows("select 1 from notify.heard") == []
