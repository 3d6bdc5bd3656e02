"""The court refuses to confirm an agreement. The parties can make a new agreement and have it confirmed, or file a case."""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def dispute_with_refused_confirmation(county):
    code, today = county.create_agreed_dispute(), date.today().isoformat()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.refused", {"ground": "unclear"}),
    )
    return code


def test_after_a_refused_confirmation_a_new_agreement_can_be_confirmed(county):
    code, today = dispute_with_refused_confirmation(county), date.today().isoformat()

    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "mediation.started", {}),
        (DAMAN_COMMITTEE, "agreement.reached", {"form": "written", "effective_on": today, "confirmable": True, "about": ["obligation"]}),
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.granted", {}),
    )

    assert county.state(code) == "confirm_decided"


def test_after_a_refused_confirmation_a_case_can_be_filed(county):
    code = dispute_with_refused_confirmation(county)

    county.file_court_case(code)

    assert county.state(code) == "filed" and county.next_actors(code) == ["court"]
