"""Until the end of 2024 courts sent claims to mediators before filing them. And now?"""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE


def test_now_the_court_files_first(county):
    code = county.screened_dispute()

    assert county.rejection_of(code, "court", "dispute.routed", to=DAMAN_COMMITTEE, reason="by_place") == "no_referral_before_filing"
    county.filed_dispute(code)
    assert county.apply_steps(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "simplified"})).state == "routed"


def test_history_from_before_the_switch_is_told_as_it_was(county):
    then = datetime(2024, 12, 30, 2, tzinfo=UTC)
    report = county.court.reports_dispute(time=then, channel="import", wants="filing")
    county.settle()
    code = report.dispute

    screened = {"suitable": True, "track": "legacy", "kind": "family", "court_received_on": "2024-12-30", "time": then}
    sent = county.apply_steps(
        code, ("court", "dispute.screened", screened), ("court", "dispute.routed", {"to": DAMAN_COMMITTEE, "reason": "by_roster", "time": then})
    )

    assert sent.state == "routed"


def test_the_old_docket_takes_nothing_that_came_after_it(county):
    report = county.court.reports_dispute(wants="filing")
    county.settle()
    screened = {"suitable": True, "track": "legacy", "kind": "family", "court_received_on": "2025-01-01"}

    assert county.rejection_of(report.dispute, "court", "dispute.screened", **screened) == "track_not_open"
