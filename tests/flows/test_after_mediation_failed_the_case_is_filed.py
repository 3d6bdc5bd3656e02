"""Mediation failed, and a party files a case. The case goes to trial and is closed by the court."""

from tests.county import DAMAN_COMMITTEE


def test_a_case_filed_after_failed_mediation_goes_to_trial(county):
    code = county.create_mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "party_unwilling"}))

    county.file_court_case(code)
    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "fast_track"}))
    assert county.state(code) == "court_track"

    closed = county.apply_steps(code, ("court", "case.closed", {"mode": "mediated"}))
    assert closed.state == "resolved"


def test_mediation_can_be_terminated_with_the_ground_agreement_reached_only_if_there_is_an_agreement(county):
    code = county.create_mediated_dispute()
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediation.terminated", ground="agreement_reached") == "ground_does_not_fit"

    agreed = county.create_agreed_dispute()
    assert county.report_rejected_step(agreed, DAMAN_COMMITTEE, "mediation.terminated", ground="differences_too_large") == "ground_does_not_fit"
    ended = county.apply_steps(agreed, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "agreement_reached"}))
    assert ended.state == "agreed"
