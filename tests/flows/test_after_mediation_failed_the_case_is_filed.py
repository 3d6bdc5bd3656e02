"""Mediation failed: is the way to court open?"""

from tests.county import DAMAN_COMMITTEE


def test_the_parties_sue_and_the_court_tries_the_case(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "party_unwilling"}))

    county.filed_dispute(code)
    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "fast_track"}))
    assert county.state(code) == "court_track"

    closed = county.apply_steps(code, ("court", "case.closed", {"mode": "mediated"}))
    assert closed.state == "resolved"


def test_agreed_is_a_ground_only_where_there_is_an_agreement(county):
    code = county.mediated_dispute()
    assert county.rejection_of(code, DAMAN_COMMITTEE, "mediation.terminated", ground="agreement_reached") == "ground_does_not_fit"

    agreed = county.agreed_dispute()
    assert county.rejection_of(agreed, DAMAN_COMMITTEE, "mediation.terminated", ground="differences_too_large") == "ground_does_not_fit"
    ended = county.apply_steps(agreed, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "agreement_reached"}))
    assert ended.state == "agreed"
