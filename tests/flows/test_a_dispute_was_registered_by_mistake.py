"""A dispute was registered by mistake. The reporting agency cannot withdraw it; the centre archives it with a reason and can reopen it."""

from tests.county import DAMAN_COMMITTEE


def test_a_dispute_registered_by_mistake_is_archived_by_the_centre_and_not_withdrawn_by_its_reporter(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    assert county.report_rejected_step(report.dispute, "womens_federation", "report.withdrawn", event=report.id, reason="not_happened") == "registration_stands"

    assert county.report_rejected_step(report.dispute, "mediation_centre", "dispute.archived", archive_no="综误〔2026〕1号") == "not_said_to_be_a_mistake"
    assert (
        county.report_rejected_step(report.dispute, DAMAN_COMMITTEE, "dispute.archived", archive_no="综误〔2026〕1号", reason="not_happened")
        == "not_the_mediating_body"
    )
    closed = county.apply_steps(report.dispute, ("mediation_centre", "dispute.archived", {"archive_no": "综误〔2026〕1号", "reason": "not_happened"}))
    county.settle()

    assert (closed.state, county.outcome(report.dispute)) == ("closed", "mistaken")
    assert county.rows("select count(*) from mediation.deadlines where code = %s and state in ('open', 'passed')", report.dispute) == [(0,)]


def test_a_dispute_archived_as_registered_by_mistake_can_be_reopened(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    county.apply_steps(report.dispute, ("mediation_centre", "dispute.archived", {"archive_no": "综误〔2026〕2号", "reason": "wrong_dispute"}))

    assert county.apply_steps(report.dispute, ("mediation_centre", "dispute.reopened", {"reason": "closed_by_mistake"})).state == "registered"
