"""The parties cannot agree on a mediator and request an appointment. The body appoints a mediator within three working days."""

from tests.county import DAMAN_COMMITTEE


def test_a_mediator_is_appointed_in_time_at_the_request_of_the_parties(county):
    code = county.create_accepted_dispute()
    consents = [(DAMAN_COMMITTEE, "consent.given", {"party": party, "how": "in_writing"}) for party in ("applicant", "respondent")]
    county.apply_steps(code, *consents, (DAMAN_COMMITTEE, "mediator.requested", {"party": "applicant"}))
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-003"}))
    county.settle()

    met = county.clocks_of_met_deadlines(code)
    assert met["online_parties_choose"] == met["online_appoint"] == {"late": False, "was_passed": False}
