"""Tests of a dispute's timeline: each agency report and its outcome form one entry."""

from datetime import UTC, datetime, timedelta

from services.metrics.web.timeline import build_entries

START = datetime(2026, 11, 20, tzinfo=UTC)


def timeline_row(source, sequence, type, minutes=0, event=None, agency=None, **detail):
    """Return a row of metrics.timeline as `queries.load_dispute` returns it. `event`: source and id of the agency's event."""
    return {"source": source, "sequence": sequence, "at": START + timedelta(minutes=minutes), "type": type, "agency": agency, "event": event, "detail": detail}


def test_a_report_and_its_confirmed_step_form_one_entry():
    (entry,) = build_entries(
        [
            timeline_row("mediation", 4, "referral.accepted", 1, "court 1", "court", state="accepted", before="routed"),
            timeline_row("intake", 2, "step.reported", 0, "court 1", "court", step="referral.accepted"),
        ]
    )
    assert (entry.category, entry.type, entry.outcome, entry.state, entry.detail["before"]) == ("intake", "referral.accepted", "applied", "accepted", "routed")
    assert entry.numbers == ["intake 2", "mediation 4"]


def test_each_deadline_that_a_step_changed_has_an_entry_of_its_own_at_its_own_time():
    decided_at, started_at, later = ((START + timedelta(minutes=minutes)).isoformat() for minutes in (5, 2, 60))
    changes = [
        {"change": "stopped", "clock": "a", "kind": "LAW", "due_at": later},
        {"change": "met", "clock": "b", "kind": "POLICY", "due_at": later, "met_at": started_at, "late": True},
        {"change": "set", "clock": "c", "kind": "POLICY", "due_at": later, "started_at": later},  # starts after the decision: shown at the decision
        {"change": "set", "clock": "d", "kind": "POLICY", "due_at": later, "started_at": started_at},
    ]
    entries = build_entries([timeline_row("mediation", 4, "case.filed", 1, "court 1", "court", state="filed", decided_at=decided_at, deadlines=changes)])

    assert [(entry.category, entry.type, entry.detail["clock"], entry.at - START) for entry in entries] == [
        ("mediation", "case.filed", None, timedelta(minutes=1)),
        ("deadline", "deadline.met", "b", timedelta(minutes=2)),
        ("deadline", "deadline.set", "d", timedelta(minutes=2)),
        ("deadline", "deadline.stopped", "a", timedelta(minutes=5)),
        ("deadline", "deadline.set", "c", timedelta(minutes=5)),
    ]
    assert [(entry.agency, entry.detail["late"], entry.numbers) for entry in entries[1:3]] == [(None, True, ["mediation 4"]), (None, None, ["mediation 4"])]


def test_timeline_entry_of_a_refused_report_contains_the_reason():
    reason = {"code": "illegal_here", "zh": "不可", "en": "no"}
    (entry,) = build_entries(
        [
            timeline_row("intake", 2, "step.reported", 0, "c 1", "court", step="x.y"),
            timeline_row("mediation", 1, "step.refused", 0, "c 1", step="x.y", state="routed", reason=reason),
        ]
    )
    assert (entry.outcome, entry.reason) == ("refused", reason)


def test_a_report_without_outcome_is_pending_and_a_confirmed_step_without_report_is_applied():
    pending, confirmed = build_entries(
        [
            timeline_row("intake", 2, "step.reported", 0, "c 1", "court", step="x.y"),
            timeline_row("mediation", 1, "mediation.started", 5, "c 2", "court", state="mediating"),
        ]
    )
    assert (pending.outcome, confirmed.outcome, confirmed.category) == ("pending", "applied", "mediation")


def test_timeline_entries_are_in_order_of_time():
    entries = build_entries(
        [
            timeline_row("notify", 1, "notice.sent", 3, to="court"),
            timeline_row("mediation", 1, "deadline.passed", 1, clock="c"),
            timeline_row("intake", 1, "dispute.registered", 0),
        ]
    )
    assert [entry.category for entry in entries] == ["intake", "deadline", "notify"]


def test_a_merge_and_a_duplicate_proposal_each_have_an_entry_separate_from_the_report_that_caused_them():
    entries = build_entries(
        [
            timeline_row("intake", 1, "dispute.registered", 0, "court 1", "court"),
            timeline_row("intake", 2, "duplicate.proposed", 0, "court 1", "court", other="x", reasons=["same_parties"], days=2),
            timeline_row("mediation", 1, "dispute.reported", 1, "court 1", state="registered"),
            timeline_row("mediation", 2, "duplicate.noted", 1, "court 1", "court", other="x"),
            timeline_row("intake", 3, "step.reported", 5, "police 1", "police", step="dispute.reported"),
            timeline_row("intake", 4, "dispute.merged", 5, "police 1", "police", into="y", found_by="rule"),
        ]
    )

    assert [entry.type for entry in entries] == ["dispute.registered", "duplicate.proposed", "dispute.reported", "dispute.merged"]
    assert [entry.detail["found_by"] for entry in entries] == [None, None, None, "rule"]
