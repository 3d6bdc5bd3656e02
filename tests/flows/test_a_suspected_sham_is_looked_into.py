"""The mediator suspects that the parties only pretend to have a dispute. What then?"""

from datetime import UTC, datetime, timedelta

from tests.county import DAMAN_COMMITTEE, days_ago


def test_mediation_is_suspended_and_the_court_asked_then_it_goes_on(county):
    code = county.mediated_dispute()

    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))
    assert county.next_actors(code) == [DAMAN_COMMITTEE, "court"]
    assert county.rejection_of(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    cleared = county.apply_steps(code, ("court", "mediation.resumed", {}))
    assert cleared.state == "mediating"


def test_its_time_stands_still_meanwhile_and_then_goes_on_with_what_was_left(county):
    code = county.mediated_dispute(at=days_ago(40))
    clock = "select state, ask_at is null, due_at from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'"
    suspended = county.agency(DAMAN_COMMITTEE).reports("mediation.suspended", code, time=days_ago(30), reason="suspected_sham")
    county.settle()
    assert suspended.state == "suspended"
    ((state, nobody_asks, _),) = county.rows(clock, code)
    assert (state, nobody_asks) == ("open", True)

    county.court.reports("mediation.resumed", code)
    county.settle()

    ((state, nobody_asks, due_at),) = county.rows(clock, code)
    assert (state, nobody_asks) == ("open", False)
    assert timedelta(days=19) < due_at - datetime.now(UTC) < timedelta(days=32)  # twenty of its thirty days are left; a festival may move the last
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": ["applicant", "respondent"]}))
    ((_, _, longer),) = county.rows(clock, code)
    assert longer > due_at  # read back from its row it knows of the suspension still


def test_or_it_ends_there(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))

    ended = county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "other_obstacle"}))

    assert ended.state == "terminated"


def test_a_suspected_crime_is_the_polices(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_crime"}))

    assert county.next_actors(code) == [DAMAN_COMMITTEE, "police"]
    (notice,) = [told for told in county._notices("police", code) if told.type == "notice.inquiry"]
    assert notice.data == {"dispute": code, "asked_by": DAMAN_COMMITTEE}  # that they are asked, not what is suspected
