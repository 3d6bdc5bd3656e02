"""A court refers a dispute to mediation before the case is filed. The referral is refused for claims received since 2025-01-01, else accepted."""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE


def test_since_2025_a_court_must_file_a_case_before_it_refers_the_case_to_mediation(county):
    code = county.create_screened_dispute()

    assert county.report_rejected_step(code, "court", "dispute.routed", to=DAMAN_COMMITTEE, reason="by_place") == "no_referral_before_filing"
    county.file_court_case(code)
    assert county.apply_steps(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "simplified"})).state == "routed"


def test_a_referral_before_filing_is_accepted_for_a_claim_received_in_2024(county):
    then = datetime(2024, 12, 30, 2, tzinfo=UTC)
    report = county.court.reports_dispute(time=then, channel="import", wants="filing")
    county.settle()
    code = report.dispute

    screened = {"suitable": True, "track": "legacy", "kind": "family", "court_received_on": "2024-12-30", "time": then}
    sent = county.apply_steps(
        code, ("court", "dispute.screened", screened), ("court", "dispute.routed", {"to": DAMAN_COMMITTEE, "reason": "by_roster", "time": then})
    )

    assert sent.state == "routed"


def test_the_legacy_track_is_refused_for_a_claim_that_the_court_received_in_2025(county):
    report = county.court.reports_dispute(wants="filing")
    county.settle()
    screened = {"suitable": True, "track": "legacy", "kind": "family", "court_received_on": "2025-01-01"}

    assert county.report_rejected_step(report.dispute, "court", "dispute.screened", **screened) == "track_not_open"
