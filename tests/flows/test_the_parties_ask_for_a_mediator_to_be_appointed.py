"""Both sides want mediation and cannot agree on who mediates. What then?"""

from tests.county import DAMAN_COMMITTEE


def test_they_may_ask_for_somebody_to_be_appointed_within_three_working_days(county):
    code = county.accepted_dispute()
    consents = [(DAMAN_COMMITTEE, "consent.given", {"party": party, "how": "in_writing"}) for party in ("applicant", "respondent")]
    county.apply_steps(code, *consents, (DAMAN_COMMITTEE, "mediator.requested", {"party": "applicant"}))
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-003"}))
    county.settle()

    met = county.met_clocks(code)
    assert met["online_parties_choose"] == met["online_appoint"] == {"late": False, "was_passed": False}
