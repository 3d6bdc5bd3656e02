"""What can the parties do when the court refuses to confirm what they agreed?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def refused(county):
    code, today = county.agreed_dispute(), date.today().isoformat()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.refused", {"ground": "unclear"}),
    )
    return code


def test_they_agree_anew_and_that_is_confirmed(county):
    code, today = refused(county), date.today().isoformat()

    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "mediation.started", {}),
        (DAMAN_COMMITTEE, "agreement.reached", {"form": "written", "effective_on": today, "confirmable": True, "about": ["obligation"]}),
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.granted", {}),
    )

    assert county.state(code) == "confirm_decided"


def test_or_they_go_to_court(county):
    code = refused(county)

    county.filed_dispute(code)

    assert county.state(code) == "filed" and county.next_actors(code) == ["court"]
