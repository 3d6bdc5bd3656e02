"""An appraisal pauses the mediation period or the period of a trial. Then the dispute resumes in its former state. No other reason is allowed."""

from tests.county import DAMAN_COMMITTEE


def test_mediation_is_paused_during_an_appraisal_and_resumes_afterwards(county):
    code = county.create_mediated_dispute()

    paused = county.apply_steps(code, (DAMAN_COMMITTEE, "clock.paused", {"reason": "appraisal"}))
    assert paused.state == "clock_paused"
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    resumed = county.apply_steps(code, (DAMAN_COMMITTEE, "clock.resumed", {}))
    assert resumed.state == "mediating"


def test_a_pause_for_any_reason_but_an_appraisal_is_refused(county):
    code = county.create_mediated_dispute()

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "clock.paused", reason="negotiation") == "only_an_appraisal_pauses"


def test_a_trial_that_was_paused_for_an_assessment_resumes_as_a_trial(county):
    code = county.file_court_case(county.create_screened_dispute())
    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "ordinary"}), ("court", "clock.paused", {"reason": "assessment"}))

    assert county.apply_steps(code, ("court", "clock.resumed", {})).state == "court_track"
