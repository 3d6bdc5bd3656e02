"""Is a timeline told so that a person sees what became of each report?"""

from datetime import UTC, datetime, timedelta

from services.metrics.web.story import tell

AT = datetime(2026, 11, 20, tzinfo=UTC)


def line(source, sequence, type, minutes=0, event=None, agency=None, **detail):
    return {"source": source, "sequence": sequence, "at": AT + timedelta(minutes=minutes), "type": type, "agency": agency, "event": event, "detail": detail}


def test_a_report_its_fact_and_its_outcome_are_one_entry():
    (entry,) = tell(
        [
            line("mediation", 4, "referral.accepted", 1, "court 1", "court", state="accepted", before="routed"),
            line("mediation", 5, "step.applied", 1, "court 1", step="referral.accepted", state="accepted"),
            line("intake", 2, "step.reported", 0, "court 1", "court", step="referral.accepted"),
        ]
    )
    assert (entry.lane, entry.type, entry.outcome, entry.state, entry.detail["before"]) == ("intake", "referral.accepted", "applied", "accepted", "routed")
    assert entry.numbers == ["intake 2", "mediation 4", "mediation 5"]


def test_a_refused_report_carries_its_reason():
    reason = {"code": "illegal_here", "zh": "不可", "en": "no"}
    (entry,) = tell(
        [
            line("intake", 2, "step.reported", 0, "c 1", "court", step="x.y"),
            line("mediation", 1, "step.refused", 0, "c 1", step="x.y", state="routed", reason=reason),
        ]
    )
    assert (entry.outcome, entry.reason) == ("refused", reason)


def test_a_report_without_an_answer_is_pending_and_a_fact_without_its_report_is_told():
    pending, told = tell(
        [line("intake", 2, "step.reported", 0, "c 1", "court", step="x.y"), line("mediation", 1, "mediation.started", 5, "c 2", "court", state="mediating")]
    )
    assert (pending.outcome, told.outcome, told.lane) == ("pending", "applied", "mediation")


def test_things_are_told_in_the_order_in_which_they_happened():
    entries = tell(
        [line("notify", 1, "notice.sent", 3, to="court"), line("mediation", 1, "deadline.set", 1, clock="c"), line("intake", 1, "dispute.registered", 0)]
    )
    assert [entry.lane for entry in entries] == ["intake", "deadline", "notify"]


def test_a_join_and_a_proposal_have_lines_of_their_own_beside_the_report_that_gave_rise_to_them():
    entries = tell(
        [
            line("intake", 1, "dispute.registered", 0, "court 1", "court"),
            line("intake", 2, "duplicate.proposed", 0, "court 1", "court", other="x", reasons=["same_parties"], days=2),
            line("mediation", 1, "step.applied", 1, "court 1", step="dispute.reported", state="registered"),
            line("mediation", 2, "duplicate.noted", 1, "court 1", "court", other="x"),
            line("intake", 3, "step.reported", 5, "police 1", "police", step="dispute.reported"),
            line("intake", 4, "dispute.merged", 5, "police 1", "police", into="y", found_by="rule"),
        ]
    )

    assert [entry.type for entry in entries] == ["dispute.registered", "duplicate.proposed", "dispute.reported", "dispute.merged"]
    assert [entry.detail["found_by"] for entry in entries] == [None, None, None, "rule"]
