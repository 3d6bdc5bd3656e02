"""Tests that intake decides by the times of events, so that a report that arrives late is treated as if it had arrived when it was made."""

from datetime import UTC, datetime, timedelta

import pytest

from services.intake import joining, outcomes
from services.intake.model import ENDED, OPEN, SETTLED, Dispute
from services.intake.store import reports
from tests.intake.conftest import REPORT, delivery
from tests.intake.people import two_parties
from tests.intake.test_joining import apply_join, published_events_with_data, save_phase, undo_join_step
from tests.plumbing.conftest import make_event

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
LAST_HOUR_OF_2024, FIRST_HOUR_OF_2025 = datetime(2024, 12, 31, 15, 30, tzinfo=UTC), datetime(2024, 12, 31, 16, 30, tzinfo=UTC)  # in Asia/Shanghai


def report_at(time, agency="police", parties=None, id="e-1", subject="R-1", **others):
    return delivery(agency, REPORT | {"parties": parties or two_parties()} | others, id=id, subject=subject, time=time.isoformat())


# ── dispute codes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_year_in_a_code_is_that_of_the_report_in_shanghai_whenever_it_arrives(intake, ingest_all):
    decisions = ingest_all(report_at(FIRST_HOUR_OF_2025, subject="R-1", id="e-1"), report_at(LAST_HOUR_OF_2024, subject="R-2", id="e-2"))

    assert [decision.dispute.code[7:11] for decision in decisions] == ["2025", "2024"]
    assert intake.rows("select year, last from intake.serials order by year") == [(2024, 1), (2025, 1)]
    assert intake.rows("select registered_at from intake.disputes order by 1") == [(LAST_HOUR_OF_2024,), (FIRST_HOUR_OF_2025,)]


def test_the_code_of_a_separated_report_has_the_year_of_the_report(ingest_all):
    first, joined = ingest_all(report_at(LAST_HOUR_OF_2024, "police"), report_at(LAST_HOUR_OF_2024 + timedelta(minutes=1), "court"))
    assert joined.dispute.code == first.dispute.code
    (separated,) = ingest_all(undo_join_step(first.dispute.code, "court"))

    assert separated.dispute.code != first.dispute.code and separated.dispute.code[7:11] == "2024"


# ── phases ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("phase", "settled_at", "ended_at", "time", "expected"),
    [
        (OPEN, None, None, NOON, OPEN),
        (SETTLED, NOON, None, NOON, SETTLED),
        (SETTLED, NOON, None, NOON - DAY, OPEN),
        (SETTLED, None, None, NOON - DAY, SETTLED),  # since an unknown time
        (ENDED, NOON - DAY, NOON, NOON, ENDED),
        (ENDED, NOON - DAY, NOON, NOON - DAY / 2, SETTLED),
        (ENDED, NOON - DAY, NOON, NOON - 2 * DAY, OPEN),
        (ENDED, None, NOON, NOON - DAY, OPEN),
        (ENDED, None, None, NOON - DAY, ENDED),  # since an unknown time
    ],
)
def test_the_phase_of_a_dispute_at_an_earlier_time(phase, settled_at, ended_at, time, expected):
    assert Dispute("c", phase=phase, settled_at=settled_at, ended_at=ended_at).phase_at(time) == expected


def test_the_phase_after_the_whole_history_of_a_dispute():
    first, second, third = NOON, NOON + DAY, NOON + 2 * DAY

    assert joining.phase_after([("registered", first)]) == (OPEN, None, None)
    assert joining.phase_after([("agreed", first), ("performing", second), ("closed", third)]) == (ENDED, first, third)
    assert joining.phase_after([("agreed", first), ("closed", second), ("registered", third)]) == (OPEN, None, None)
    assert joining.phase_after([("redirected", first), ("closed", second)]) == (ENDED, None, first)


@pytest.mark.parametrize(("days_before_the_end", "is_joined"), [(1, True), (0, False), (-1, False)])
def test_a_late_report_is_joined_to_a_dispute_that_had_not_ended_when_the_report_was_made(ingest_all, pool, days_before_the_end, is_joined):
    (first,) = ingest_all(report_at(NOON, "police"))
    save_phase(pool, first.dispute.code, "closed", since=NOON + 5 * DAY)
    (late,) = ingest_all(report_at(NOON + (5 - days_before_the_end) * DAY, "court"))

    assert (late.dispute.code == first.dispute.code) is is_joined


def test_a_report_of_the_time_before_the_settlement_is_joined_and_a_later_one_is_proposed(intake, ingest_all, pool):
    (first,) = ingest_all(report_at(NOON, "police"))
    save_phase(pool, first.dispute.code, "agreed", since=NOON + 5 * DAY)
    before, after = ingest_all(report_at(NOON + DAY, "court"), report_at(NOON + 6 * DAY, "grid"))

    assert before.dispute.code == first.dispute.code != after.dispute.code
    assert [subject for _, subject, _ in published_events_with_data(intake, "duplicate.proposed")] == [after.dispute.code]


def test_disputes_can_be_joined_if_neither_had_ended_when_the_centre_joined_them(ingest_all, pool):
    one, other = (decision.dispute.code for decision in ingest_all(report_at(NOON, "police"), report_at(NOON, "court", two_parties(3, 4))))
    save_phase(pool, one, "closed", since=NOON + 5 * DAY)

    late, too_late = (centre_join_at(one, other, NOON + days * DAY, f"m-{days}") for days in (1, 6))
    (refused,) = ingest_all(too_late)
    (accepted,) = ingest_all(late)

    assert refused.refusal["code"] == "joins_an_ended_one" and accepted.refusal is None
    apply_join(pool, one, id="m-1")


def centre_join_at(subject, into, time, id):
    return delivery("mediation_centre", {"into": into}, type="reports.joined", subject=subject, id=id, time=time.isoformat())


def process_mediation_event(pool, code, event_type, **data):
    event = make_event(None, code, id=f"{code}/{event_type}/{data.get('state')}")
    event.source, event.type, event.data = "mediation", event_type, data
    with pool.transaction() as tx:
        outcomes.process_events(tx, [event])


def test_the_phase_of_a_dispute_holds_since_the_time_of_the_step(intake, ingest_all, pool):
    (report,) = ingest_all(report_at(NOON))
    origin = {"event": {"source": "/agencies/police", "id": "e-9"}}
    process_mediation_event(pool, report.dispute.code, "agreement.reached", **origin, state="agreed", happened_at=(NOON + DAY).isoformat())
    process_mediation_event(pool, report.dispute.code, "dispute.archived", **origin, state="closed", happened_at=(NOON + 2 * DAY).isoformat())

    assert intake.rows("select phase, settled_at, ended_at from intake.disputes") == [("ended", NOON + DAY, NOON + 2 * DAY)]


def test_a_recomputed_history_replaces_the_phase_and_its_times(intake, ingest_all, pool):
    (report,) = ingest_all(report_at(NOON))
    save_phase(pool, report.dispute.code, "closed", since=NOON + 5 * DAY)
    entries = [{"state": "registered", "at": NOON.isoformat()}, {"state": "agreed", "at": (NOON + DAY).isoformat()}]
    process_mediation_event(pool, report.dispute.code, "dispute.recomputed", state="agreed", entries=entries)

    assert intake.rows("select phase, settled_at, ended_at from intake.disputes") == [("settled", NOON + DAY, None)]


# ── the safeguard lane, and matching tokens ───────────────────────────────────────────────────────────────────────────


def test_a_dispute_is_in_the_safeguard_lane_since_the_time_of_the_report(intake, ingest_all):
    ingest_all(report_at(NOON, "womens_federation", risk={"domestic_violence": True}))

    assert intake.rows("select entered_at from intake.lane_records") == [(NOON,)]


def test_matching_tokens_of_a_past_month_are_kept_for_90_days_after_it_was_loaded(ingest_all, pool):
    (first,) = ingest_all(report_at(NOON - 365 * DAY, "police"))
    with pool.transaction() as tx:
        assert reports.delete_expired_matching_tokens(tx) == 0
    (second,) = ingest_all(report_at(NOON - 364 * DAY, "court"))

    assert second.dispute.code == first.dispute.code
