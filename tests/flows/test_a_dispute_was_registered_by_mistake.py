"""A report gave a dispute its code, and then it turns out that there is none. Who puts that right?"""

from tests.county import DAMAN_COMMITTEE


def test_its_reporter_cannot_withdraw_it_and_the_centre_archives_it_and_says_why(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    assert county.rejection_of(report.dispute, "womens_federation", "report.withdrawn", event=report.id, reason="not_happened") == "registration_stands"

    assert county.rejection_of(report.dispute, "mediation_centre", "dispute.archived", archive_no="综误〔2026〕1号") == "not_said_to_be_a_mistake"
    assert (
        county.rejection_of(report.dispute, DAMAN_COMMITTEE, "dispute.archived", archive_no="综误〔2026〕1号", reason="not_happened")
        == "not_the_mediating_body"
    )
    closed = county.apply_steps(report.dispute, ("mediation_centre", "dispute.archived", {"archive_no": "综误〔2026〕1号", "reason": "not_happened"}))
    county.settle()

    assert (closed.state, county.outcome(report.dispute)) == ("closed", "mistaken")
    assert county.rows("select count(*) from mediation.deadlines where code = %s and state in ('open', 'passed')", report.dispute) == [(0,)]


def test_it_is_opened_again_if_that_was_the_mistake(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    county.apply_steps(report.dispute, ("mediation_centre", "dispute.archived", {"archive_no": "综误〔2026〕2号", "reason": "wrong_dispute"}))

    assert county.apply_steps(report.dispute, ("mediation_centre", "dispute.reopened", {"reason": "closed_by_mistake"})).state == "registered"
