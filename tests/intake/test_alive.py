"""Tests of agency.alive: an agency states up to which time it has reported everything, and intake publishes the watermarks of the agencies."""

import json
import threading
from datetime import UTC, datetime, timedelta

import contracts
from services.intake import envelope, ingest, watermarks
from services.intake.store import log
from tests.intake.conftest import delivery
from tests.intake.test_ingest import queued_receipts, stored_receipts

NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)


def alive(agency="womens_federation", up_to=NOON, id="alive-1", **others):
    others = {"type": "agency.alive", "subject": agency, "time": up_to.isoformat(), **others}
    return delivery(agency, {"up_to": up_to.isoformat()}, id=id, **others)


def stored_watermarks(intake):
    return {agency: times for agency, *times in intake.rows("select agency, up_to, stated_up_to from intake.watermarks")}


def replies(intake):
    return [receipt for _, _, receipt in intake.stored_events("intake", "inboxes")]


def published_watermarks(intake):
    """Return (subject, data) of each published event watermarks.advanced, in order."""
    events = [event for _, _, event in intake.stored_events("intake", "intake.events")]
    return [(event["subject"], event["data"]) for event in events if event["type"] == "watermarks.advanced"]


# ── the statement of an agency ────────────────────────────────────────────────────────────────────────────────────────


def test_a_statement_is_answered_and_neither_logged_nor_stored_among_the_receipts(intake, ingest_all):
    (decision,) = ingest_all(alive())

    (receipt,) = replies(intake)
    assert (receipt["type"], receipt["subject"]) == ("receipt.accepted", "womens_federation")
    assert receipt["data"] == {"event": {"source": "/agencies/womens_federation", "id": "alive-1"}, "up_to": NOON.isoformat()}
    assert json.loads(decision.unstored_receipt) == receipt
    assert intake.rows("select count(*) from intake.log") == [(0,)] and stored_receipts(intake) == []
    assert intake.stored_events("intake", "intake.events") == []
    assert stored_watermarks(intake) == {"womens_federation": [None, NOON]}


def test_a_repeated_statement_is_answered_again_with_the_same_receipt_id(intake, ingest_all):
    ingest_all(alive(), alive())
    ingest_all(alive())

    assert [id for _, id in queued_receipts(intake)] == ["receipt/alive/womens_federation/alive-1"] * 3


def test_every_agency_may_state_up_to_which_time_it_has_reported():
    assert contracts.AGENCY_EVENTS["agency.alive"].allowed_roles == set(contracts.ROLES)


def test_a_time_in_the_future_is_refused_and_the_refusal_is_logged(intake, ingest_all):
    ahead = datetime.now(UTC) + timedelta(minutes=6)
    (decision,) = ingest_all(alive(up_to=ahead, time=NOON.isoformat()))

    assert (decision.refusal["code"], decision.refusal["field"]) == ("in_the_future", "up_to")
    assert intake.rows("select type, refused_for from intake.log") == [("agency.alive", "in_the_future")]
    assert stored_watermarks(intake) == {}


def test_a_time_slightly_ahead_is_accepted_and_counts_as_the_present_time(intake, ingest_all):
    before = datetime.now(UTC)
    ingest_all(alive(up_to=before + timedelta(minutes=4)))

    (_, stated) = stored_watermarks(intake)["womens_federation"]
    assert before <= stated < before + timedelta(minutes=1)


def test_a_statement_about_another_agency_is_refused(ingest_all):
    (decision,) = ingest_all(alive(subject="police"))

    assert (decision.refusal["code"], decision.refusal["field"]) == ("malformed_envelope", "subject")


def test_a_statement_under_the_id_of_another_event_is_refused(ingest_all):
    ingest_all(delivery(id="e-1"))
    (decision,) = ingest_all(alive(id="e-1"))

    assert decision.refusal["code"] == "other_content_under_used_id"


# ── watermarks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_watermark_is_the_newest_time_of_an_accepted_event_and_never_goes_back(intake, ingest_all):
    times = [NOON, NOON + timedelta(hours=1), NOON - timedelta(days=1)]
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}", time=time.isoformat()) for n, time in enumerate(times)))
    ingest_all(delivery(id="e-9", subject="R-9", time=NOON.isoformat()))
    ingest_all(alive(up_to=NOON - timedelta(hours=2)))

    assert stored_watermarks(intake) == {"womens_federation": [NOON + timedelta(hours=1), NOON - timedelta(hours=2)]}


def test_a_refused_event_does_not_advance_the_watermark(intake, ingest_all):
    ingest_all(delivery(type="session.held", subject="R-1", data={"mode": "video"}))

    assert stored_watermarks(intake) == {}


def test_a_report_in_the_safeguard_lane_does_not_advance_the_watermark(intake, ingest_all):
    report = {**contracts.AGENCY_EVENTS["dispute.reported"].example, "risk": {"domestic_violence": True}}
    (decision,) = ingest_all(delivery(data=report))

    assert decision.is_accepted and stored_watermarks(intake) == {}


def test_an_advanced_watermark_is_published_once_to_every_partition(intake, ingest_all):
    ingest_all(delivery("police", time=NOON.isoformat()), alive(up_to=NOON + timedelta(minutes=1)))
    pool = intake.pool("intake", partitions=2)
    for _ in range(2):
        with pool.transaction() as tx:
            watermarks.publish_advanced(tx)

    agencies = [
        {"agency": "police", "up_to": NOON.isoformat()},
        {"agency": "womens_federation", "up_to": (NOON + timedelta(minutes=1)).isoformat(), "stated": True},
    ]
    assert published_watermarks(intake) == [("partition-0", {"agencies": agencies}), ("partition-1", {"agencies": agencies})]


def test_only_watermarks_that_advanced_are_published_again(intake, ingest_all, pool):
    ingest_all(alive(), alive("police"))
    with pool.transaction() as tx:
        watermarks.publish_advanced(tx)
    ingest_all(alive("police", up_to=NOON + timedelta(minutes=5), id="alive-2"))
    with pool.transaction() as tx:
        watermarks.publish_advanced(tx)

    assert [[entry["agency"] for entry in data["agencies"]] for _, data in published_watermarks(intake)] == [["police", "womens_federation"], ["police"]]


def test_a_watermark_is_published_after_the_steps_that_advanced_it(intake, pool):
    """The transaction that publishes waits for the transaction that stores a step, although that transaction commits later than it began."""
    has_begun, may_commit = threading.Event(), threading.Event()

    def store_a_step():
        with pool.transaction() as tx:
            ingest.ingest(tx, [envelope.read(delivery(time=NOON.isoformat()))])
            has_begun.set()
            may_commit.wait(10)

    with pool.transaction() as tx:
        ingest.ingest(tx, [envelope.read(alive("police"))])
    storing = threading.Thread(target=store_a_step)
    storing.start()
    has_begun.wait(10)
    publishing = threading.Thread(target=lambda: _publish(pool))
    publishing.start()
    _wait_until_blocked(intake)
    may_commit.set()
    storing.join()
    publishing.join()

    types = [event["type"] for _, _, event in intake.stored_events("intake", "intake.events")]
    assert types == ["dispute.registered", "watermarks.advanced"]
    ((_, data),) = published_watermarks(intake)
    assert [entry["agency"] for entry in data["agencies"]] == ["police", "womens_federation"]


def _publish(pool):
    with pool.transaction() as tx:
        watermarks.publish_advanced(tx)


def _wait_until_blocked(intake, limit_seconds=10):
    """Wait until a transaction waits for the lock on the head of the log."""
    give_up_at = datetime.now(UTC) + timedelta(seconds=limit_seconds)
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%%log_head%%' and datname = current_database()"
    while intake.rows(query) == [(0,)]:
        assert datetime.now(UTC) < give_up_at


def test_intake_verifies_the_log_after_statements(ingest_all, pool):
    ingest_all(alive(), delivery(), alive(id="alive-2"))
    with pool.transaction() as tx:
        verified = log.CHAIN.verify(tx)

    assert (verified.rows, verified.broken) == (1, [])
