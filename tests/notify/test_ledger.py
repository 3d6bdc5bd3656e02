"""Tests of notices: each notice is stored in the table `notices`, sent to the agency's inbox and published as an event, exactly once."""

import pytest

from plumbing.events import Delivery
from tests.notify.conftest import DISPUTE_CODE, mediation_event

OTHER_DISPUTE_CODE = "620702-2026-000124-0"


def load_ledger(notify_sandbox):
    return notify_sandbox.rows("select kind, dispute, addressee, channel, status from notify.notices order by dispute, channel, addressee")


def load_outbox(notify_sandbox, exchange):
    return [event for _, _, event in notify_sandbox.stored_events("notify", exchange)]


def test_a_notice_is_stored_and_sent_to_the_inbox_and_published_as_an_event(service, notify_sandbox):
    event = mediation_event(1, "deadline.passed", owed_by=["court"])
    service.on_events([event])

    assert load_ledger(notify_sandbox) == [("notice.overdue", DISPUTE_CODE, agency, "inbox", "sent") for agency in ("court", "mediation_centre")]
    posted = load_outbox(notify_sandbox, "inboxes")
    assert [(notice["type"], notice["subject"], notice["causationid"]) for notice in posted] == [("notice.overdue", DISPUTE_CODE, event.id)] * 2
    assert notify_sandbox.rows("select routing_key from notify.outbox where exchange = 'inboxes' order by id") == [("court",), ("mediation_centre",)]
    assert [(fact["type"], fact["sequence"], fact["data"]["to"]) for fact in load_outbox(notify_sandbox, "notify.events")] == [
        ("notice.sent", "1", "court"),
        ("notice.sent", "2", "mediation_centre"),
    ]


def test_a_redelivered_event_gives_only_one_notice(service, notify_sandbox):
    for _ in range(2):
        service.on_events([mediation_event(1, "deadline.recomputed"), mediation_event(1, "deadline.recomputed")])

    assert len(load_ledger(notify_sandbox)) == len(load_outbox(notify_sandbox, "inboxes")) == len(load_outbox(notify_sandbox, "notify.events")) == 1


def test_events_published_by_notify_are_numbered_per_dispute(service, notify_sandbox):
    service.on_events(
        [
            mediation_event(1, "deadline.recomputed"),
            mediation_event(1, "deadline.recomputed", OTHER_DISPUTE_CODE),
            mediation_event(2, "deadline.approached"),
            mediation_event(2, "session.held", OTHER_DISPUTE_CODE),
        ]
    )

    assert sorted((fact["subject"], fact["sequence"]) for fact in load_outbox(notify_sandbox, "notify.events")) == [
        (DISPUTE_CODE, "1"),
        (DISPUTE_CODE, "2"),
        (OTHER_DISPUTE_CODE, "1"),
    ]


def test_an_event_that_gives_no_notice_counts_as_processed(service, notify_sandbox):
    service.on_events([mediation_event(1, "session.held"), mediation_event(2, "dispute.closed")])

    assert load_ledger(notify_sandbox) == [] and load_outbox(notify_sandbox, "notify.events") == []
    assert notify_sandbox.rows("select last_sequence from notify.heard") == [(2,)]


def test_an_event_discarded_by_an_operator_gives_no_notice(service, notify_sandbox):
    event = mediation_event(1, "deadline.recomputed")
    with service.db.transaction() as tx:
        tx.park(event, "it failed")
        ((row_id, delivery),) = tx.rows("select id, delivery from parked")
    event = service.db.read(Delivery.unpack(service.db.secret_box.decrypt(bytes(delivery))))
    event.stored_in, event.discarded = ("parked", row_id), True
    service.on_events([event])

    assert load_ledger(notify_sandbox) == []
    assert notify_sandbox.rows("select last_sequence, blocked from notify.heard") == [(1, False)]


def test_no_notice_is_sent_or_stored_if_the_batch_is_rolled_back(service, notify_sandbox, monkeypatch):
    monkeypatch.setattr("services.notify.store.insert_notices", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        service.on_events([mediation_event(1, "deadline.recomputed")])

    assert load_ledger(notify_sandbox) == [] and load_outbox(notify_sandbox, "inboxes") == [] and notify_sandbox.rows("select 1 from notify.heard") == []
