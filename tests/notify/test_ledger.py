"""Tests of notices: each notice is stored in the table `notices`, sent to the agency's inbox and published as an event, exactly once."""

import pytest

import contracts
from plumbing.events import Delivery
from services.notify import store
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


# ── notices in force ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

BODY, CLOCK, DUE_AT = "peoples_mediation_committee-daman", "mediation_out_of_court_policy", "2026-04-03T15:59:59+00:00"


def set_deadline(sequence, **changed):
    change = {"change": "set", **contracts.samples.DEADLINE_SET, "clock": CLOCK, "due_at": DUE_AT, "owed_by": [BODY]} | changed
    return mediation_event(sequence, "referral.accepted", deadlines=[change], next_actors=[BODY])


def passed_deadline(sequence):
    return mediation_event(sequence, "deadline.passed", clock=CLOCK, due_at=DUE_AT, owed_by=[BODY])


def met_deadline(sequence, **changed):
    change = {"change": "met", "clock": CLOCK, "kind": "POLICY", "due_at": DUE_AT, "met_at": "2026-04-01T02:00:00+00:00", "was_passed": True} | changed
    return mediation_event(sequence, "agreement.reached", deadlines=[change], next_actors=[BODY])


def load_validities(notify_sandbox):
    """Return (type, addressee, channel, validity, whether a notice of the ledger ended it) of every notice but withdrawals."""
    return notify_sandbox.rows(
        "select kind, addressee, channel, validity, exists (select from notify.notices w where w.id = n.ended_by and w.channel = 'inbox')"
        " from notify.notices n where kind <> 'notice.withdrawn' order by kind, addressee, channel"
    )


def load_notices_in_force(service):
    with service.db.transaction() as tx:
        return [(kind, addressee, clock, due_at and due_at.isoformat()) for kind, _, addressee, clock, due_at in store.load_notices_in_force(tx)]


@pytest.mark.parametrize("batches", [[3], [1, 1, 1], [2, 1]], ids=["one batch", "three batches", "two batches"])
def test_a_late_report_withdraws_the_overdue_notice_however_the_events_are_batched(service, notify_sandbox, batches):
    events = [set_deadline(1), passed_deadline(2), met_deadline(3)]
    for size in batches:
        service.on_events(events[:size])
        events = events[size:]

    assert load_validities(notify_sandbox) == [
        ("notice.deadline", BODY, "inbox", "settled", False),
        ("notice.overdue", "mediation_centre", "inbox", "withdrawn", True),
        ("notice.overdue", BODY, "inbox", "withdrawn", True),
    ]
    withdrawals = [notice for notice in load_outbox(notify_sandbox, "inboxes") if notice["type"] == "notice.withdrawn"]
    assert sorted((notice["id"], notice["data"]["notice_id"], notice["data"]["why"]) for notice in withdrawals) == [
        (f"{DISPUTE_CODE}/3/withdraws/2/{to}", f"{DISPUTE_CODE}/2/{to}", "met_in_time") for to in ("mediation_centre", BODY)
    ]
    assert load_notices_in_force(service) == []


def test_a_redelivered_late_report_withdraws_a_notice_only_once(service, notify_sandbox):
    for _ in range(2):
        service.on_events([set_deadline(1), passed_deadline(2), met_deadline(3)])

    assert [notice["type"] for notice in load_outbox(notify_sandbox, "inboxes")].count("notice.withdrawn") == 2


def test_a_notice_sent_by_webhook_is_withdrawn_by_webhook_too(service, notify_sandbox, set_webhook):
    set_webhook(BODY, "http://127.0.0.1:1/")
    service.on_events([set_deadline(1), passed_deadline(2)])
    service.on_events([met_deadline(3)])

    assert [row for row in load_validities(notify_sandbox) if row[:2] == ("notice.overdue", BODY)] == [
        ("notice.overdue", BODY, "inbox", "withdrawn", True),
        ("notice.overdue", BODY, "webhook", "withdrawn", True),
    ]
    assert notify_sandbox.rows("select addressee, channel from notify.notices where kind = 'notice.withdrawn' order by 1, 2") == [
        ("mediation_centre", "inbox"),
        (BODY, "inbox"),
        (BODY, "webhook"),
    ]


def test_notices_in_force_are_those_by_which_an_agency_has_to_act_now(service):
    service.on_events([mediation_event(1, "deadline.approached", OTHER_DISPUTE_CODE, clock=CLOCK, owed_by=[BODY]), set_deadline(1), passed_deadline(2)])

    assert load_notices_in_force(service) == [  # a reminder is not among them
        ("notice.deadline", BODY, CLOCK, DUE_AT),
        ("notice.overdue", "mediation_centre", CLOCK, DUE_AT),
        ("notice.overdue", BODY, CLOCK, DUE_AT),
    ]


def test_the_ledger_shows_the_present_end_of_a_deadline_that_moved(service, notify_sandbox):
    moved = {"clock": CLOCK, "due_at": "2026-04-08T15:59:59+00:00", "was_due_at": DUE_AT, "because": "calendar", "owed_by": [BODY]}
    service.on_events([set_deadline(1)])
    service.on_events([mediation_event(2, "deadline.recomputed", **moved)])

    assert load_notices_in_force(service) == [("notice.deadline", BODY, CLOCK, moved["due_at"])]
    assert [notice["data"]["because"] for notice in load_outbox(notify_sandbox, "inboxes")[1:]] == ["calendar"]
    assert notify_sandbox.rows("select about ->> 'due_at' from notify.notices where ended_by is null") == [(DUE_AT,)]  # the notice as it was sent
