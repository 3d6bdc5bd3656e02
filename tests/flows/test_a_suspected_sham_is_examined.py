"""A mediator suspects a sham dispute or a crime. Mediation is suspended until court or police have examined it, and its remaining time is kept."""

from datetime import UTC, datetime, timedelta

from tests.county import DAMAN_COMMITTEE, days_ago


def test_a_suspected_sham_suspends_mediation_until_the_court_has_examined_it(county):
    code = county.mediated_dispute()

    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))
    assert county.next_actors(code) == [DAMAN_COMMITTEE, "court"]
    assert county.rejection_of(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    cleared = county.apply_steps(code, ("court", "mediation.resumed", {}))
    assert cleared.state == "mediating"


def test_the_mediation_period_keeps_its_remaining_time_during_a_suspension(county):
    code = county.mediated_dispute(at=days_ago(40))
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
    assert timedelta(days=19) < due_at - datetime.now(UTC) < timedelta(days=32)  # twenty of thirty days are left; holidays may move the last day
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": ["applicant", "respondent"]}))
    ((_, _, extended_due_at),) = county.rows(clock, code)
    assert extended_due_at > due_at  # the stored deadline still contains the suspension


def test_a_suspected_sham_can_end_the_mediation(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))

    ended = county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "other_obstacle"}))

    assert ended.state == "terminated"


def test_a_suspected_crime_is_examined_by_the_police(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_crime"}))

    assert county.next_actors(code) == [DAMAN_COMMITTEE, "police"]
    (notice,) = [notice for notice in county._notices("police", code) if notice.type == "notice.inquiry"]
    assert notice.data == {"dispute": code, "asked_by": DAMAN_COMMITTEE}  # the notice does not say what is suspected
