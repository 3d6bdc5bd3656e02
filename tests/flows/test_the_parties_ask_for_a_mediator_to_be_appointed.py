"""The parties cannot agree on a mediator and ask for an appointment. It is made within the three working days."""

from tests.county import DAMAN_COMMITTEE


def test_a_mediator_is_appointed_at_the_parties_request(county):
    code = county.accepted_dispute()
    consents = [(DAMAN_COMMITTEE, "consent.given", {"party": party, "how": "in_writing"}) for party in ("applicant", "respondent")]
    county.apply_steps(code, *consents, (DAMAN_COMMITTEE, "mediator.requested", {"party": "applicant"}))
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-003"}))
    county.settle()

    met = county.met_clocks(code)
    assert met["online_parties_choose"] == met["online_appoint"] == {"late": False, "was_passed": False}
