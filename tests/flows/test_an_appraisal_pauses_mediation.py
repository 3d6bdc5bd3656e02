"""An appraisal pauses the mediation period or a trial. Afterwards the dispute resumes in its former state; no other reason pauses it."""

from tests.county import DAMAN_COMMITTEE


def test_an_appraisal_pauses_the_mediation_period_and_its_end_resumes_it(county):
    code = county.mediated_dispute()

    paused = county.apply_steps(code, (DAMAN_COMMITTEE, "clock.paused", {"reason": "appraisal"}))
    assert paused.state == "clock_paused"
    assert county.rejection_of(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    resumed = county.apply_steps(code, (DAMAN_COMMITTEE, "clock.resumed", {}))
    assert resumed.state == "mediating"


def test_a_pause_for_any_reason_but_an_appraisal_is_refused(county):
    code = county.mediated_dispute()

    assert county.rejection_of(code, DAMAN_COMMITTEE, "clock.paused", reason="negotiation") == "only_an_appraisal_pauses"


def test_a_paused_trial_resumes_as_a_trial(county):
    code = county.filed_dispute(county.screened_dispute())
    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "ordinary"}), ("court", "clock.paused", {"reason": "assessment"}))

    assert county.apply_steps(code, ("court", "clock.resumed", {})).state == "court_track"
