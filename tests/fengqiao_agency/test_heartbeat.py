"""Tests of agency.alive in the client library: an agency states up to which time it has reported everything, only while that is true."""

from datetime import UTC, datetime, timedelta

import pytest

from fengqiao_agency import Agency, NotValid
from fengqiao_agency.heartbeat import Heartbeat
from tests.county import SETTLE_SECONDS

from .fake_hub import FakeHub

EVENT_TYPE = "test.happened"  # an event type that is not in the contract, so that its data are not validated
NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)


@pytest.fixture
def eager_police(broker, police, tmp_path):
    """Agency `police` with a heartbeat of a tenth of a second and an outbox of its own."""
    agency = Agency("police", broker.uri("police"), str(tmp_path / "eager.db"), heartbeat=0.1)
    yield agency
    agency.stop()
    agency.outbox.close()


def wait_for_confirmation(agency, later_than=NEVER):
    return agency.outbox.wait_until(lambda: (agency.confirmed_up_to() or NEVER) > later_than, SETTLE_SECONDS)


# ── when a statement is due ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_statement_is_due_when_the_interval_is_over():
    seconds = 0.0
    heartbeat = Heartbeat(300, clock=lambda: seconds)
    assert heartbeat.due_statement() is None

    seconds = 300.0
    before = datetime.now(UTC)
    statement = heartbeat.due_statement()
    assert before <= statement.up_to <= datetime.now(UTC)

    heartbeat.record_published(statement)
    assert heartbeat.due_statement() is None


def test_a_statement_that_the_broker_did_not_confirm_is_due_again_with_a_later_time():
    heartbeat = Heartbeat(0.0)
    first, second = heartbeat.due_statement(), heartbeat.due_statement()

    assert second.up_to >= first.up_to and second.event_id != first.event_id


def test_without_an_interval_only_the_statements_of_the_agencys_system_are_due():
    heartbeat = Heartbeat(None)
    assert heartbeat.due_statement() is None

    statement = heartbeat.state(NOON)
    assert heartbeat.due_statement() == statement

    heartbeat.record_published(statement)
    assert heartbeat.due_statement() is None


def test_a_later_statement_replaces_one_that_is_not_confirmed_and_an_earlier_one_does_not():
    heartbeat = Heartbeat(None)
    first, later = heartbeat.state(NOON), heartbeat.state(NOON + timedelta(hours=1))
    assert heartbeat.state(NOON) == later

    heartbeat.record_published(first)
    assert heartbeat.due_statement() == later


# ── with a broker and a hub ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_heartbeat_states_the_time_of_sending_while_the_outbox_is_empty(broker, eager_police):
    before = datetime.now(UTC)
    with FakeHub(broker.uri(), ["police"]):
        eager_police.start()
        assert wait_for_confirmation(eager_police)
        first = eager_police.confirmed_up_to()
        assert wait_for_confirmation(eager_police, first)

    assert before <= first < eager_police.confirmed_up_to() <= datetime.now(UTC)


def test_statements_and_their_receipts_do_not_pile_up_on_disk(broker, eager_police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        eager_police.start()
        assert eager_police.outbox.wait_until(lambda: len(hub.statements) >= 5, SETTLE_SECONDS)
        assert wait_for_confirmation(eager_police)

    assert eager_police.outbox.count_by_state() == {} and list(eager_police.receipts()) == []
    assert len(eager_police.outbox._query("select * from watermark")) == 1


def test_no_statement_is_sent_while_an_event_is_not_answered(broker, eager_police):
    with FakeHub(broker.uri(), ["police"], answer=False) as hub:
        event = eager_police.report(EVENT_TYPE, "110-0001", {})
        eager_police.start()
        assert eager_police.outbox.wait_until(lambda: eager_police.outbox.find_event(event).state == "published", SETTLE_SECONDS)
        eager_police.alive(NOON)
        assert eager_police.outbox.wait_until(lambda: len(hub.received) == 1, SETTLE_SECONDS)
        eager_police.outbox.wait_until(lambda: bool(hub.statements), 1)

    assert hub.statements == []


def test_a_statement_of_the_agencys_system_is_sent_after_the_events_reported_before(broker, police):
    with FakeHub(broker.uri(), ["police"]) as hub:
        police.report_many([(EVENT_TYPE, f"110-{number}", {}, NOON) for number in range(20)])
        police.alive(up_to=NOON)
        police.start()
        assert wait_for_confirmation(police)
        received_before = len(hub.received)

    assert received_before == 20 and hub.statements == [NOON.isoformat()]
    assert police.confirmed_up_to() == NOON


def test_a_refused_statement_is_stored_as_a_receipt(broker, police):
    with FakeHub(broker.uri(), ["police"], refuse=lambda event: event.get_type() == "agency.alive"):
        event_id = police.alive(NOON)
        police.start()
        assert police.outbox.wait_until(lambda: police.outbox.has_refusal(event_id), SETTLE_SECONDS)

    assert police.confirmed_up_to() is None


def test_a_time_without_time_zone_or_in_the_future_is_not_valid(police):
    for up_to in (datetime(2026, 3, 4, 4), datetime.now(UTC) + timedelta(days=2)):
        with pytest.raises(NotValid):
            police.alive(up_to)


def test_a_statement_cannot_be_reported_as_an_event(police):
    with pytest.raises(NotValid):
        police.report("agency.alive", "police", {"up_to": NOON.isoformat()})
    assert police.outbox.count_by_state() == {}
