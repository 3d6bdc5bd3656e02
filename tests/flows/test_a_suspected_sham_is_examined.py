"""A mediator suspects a sham dispute or a crime. Mediation is suspended until the court or the police have examined the suspicion.

The suspension does not count in the mediation period.
"""

from datetime import UTC, datetime, timedelta

from tests.county import DAMAN_COMMITTEE, days_ago


def test_a_suspected_sham_suspends_mediation_until_the_court_has_examined_it(county):
    code = county.create_mediated_dispute()

    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))
    assert county.next_actors(code) == [DAMAN_COMMITTEE, "court"]
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    cleared = county.apply_steps(code, ("court", "mediation.resumed", {}))
    assert cleared.state == "mediating"


def test_the_time_of_a_suspension_is_not_counted_in_the_mediation_period(county):
    code = county.create_mediated_dispute(at=days_ago(40))
    clock = "select state, next_check_at is null, due_at from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'"
    suspended = county.agency(DAMAN_COMMITTEE).reports("mediation.suspended", code, time=days_ago(30), reason="suspected_sham")
    county.settle()
    assert suspended.state == "suspended"
    ((state, is_paused, _),) = county.rows(clock, code)
    assert (state, is_paused) == ("open", True)

    county.court.reports("mediation.resumed", code)
    county.settle()

    ((state, is_paused, due_at),) = county.rows(clock, code)
    assert (state, is_paused) == ("open", False)
    assert timedelta(days=19) < due_at - datetime.now(UTC) < timedelta(days=32)  # 20 of 30 days remain; if the last day is a holiday, the deadline is later
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": ["applicant", "respondent"]}))
    ((_, _, extended_due_at),) = county.rows(clock, code)
    assert extended_due_at > due_at  # the extension is added to the deadline that was moved by the length of the suspension


def test_a_mediation_that_is_suspended_for_a_suspected_sham_can_be_terminated(county):
    code = county.create_mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))

    ended = county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "other_obstacle"}))

    assert ended.state == "terminated"


def test_the_police_are_asked_to_examine_a_suspected_crime(county):
    code = county.create_mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_crime"}))

    assert county.next_actors(code) == [DAMAN_COMMITTEE, "police"]
    (notice,) = [notice for notice in county.received_notices("police", code) if notice.type == "notice.inquiry"]
    assert notice.data == {"dispute": code, "asked_by": DAMAN_COMMITTEE}  # the notice does not contain the suspicion
