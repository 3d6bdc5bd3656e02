"""The parties withdraw their application for judicial confirmation and apply again within the thirty days. Only the court can report a decision."""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_after_a_withdrawn_application_the_parties_can_apply_for_confirmation_again_within_thirty_days(county):
    code, today = county.create_agreed_dispute(), date.today().isoformat()
    withdrawn = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.withdrawn", {}),
    )
    assert withdrawn.state == "confirm_decided"

    again = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.granted", {}),
    )

    assert again.state == "confirm_decided"


def test_a_mediation_body_cannot_report_the_courts_decision_about_confirmation(county):
    code = county.create_agreed_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": date.today().isoformat()}))

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "confirmation.granted") == "only_a_court_decides"
    assert county.report_rejected_step(code, "court", "confirmation.granted") == "not_accepted_yet"
