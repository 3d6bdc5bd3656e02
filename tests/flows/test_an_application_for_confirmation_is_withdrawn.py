"""May the parties think again about having their agreement confirmed?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_it_is_withdrawn_and_applied_for_again_within_the_thirty_days(county):
    code, today = county.agreed_dispute(), date.today().isoformat()
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


def test_a_body_cannot_say_what_only_the_court_decides(county):
    code = county.agreed_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": date.today().isoformat()}))

    assert county.rejection_of(code, DAMAN_COMMITTEE, "confirmation.granted") == "only_a_court_decides"
    assert county.rejection_of(code, "court", "confirmation.granted") == "not_accepted_yet"
