"""The mediator suspects that the parties only pretend to have a dispute. What then?"""

from tests.county import DAMAN_COMMITTEE


def test_mediation_is_suspended_and_the_court_asked_then_it_goes_on(county):
    code = county.brought_to_mediation()

    county.goes_on(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))
    assert county.waits_for(code) == [DAMAN_COMMITTEE, "court"]
    assert county.refuses(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=30) == "illegal_here"

    cleared = county.goes_on(code, ("court", "mediation.resumed", {}))
    assert cleared.state == "mediating"


def test_or_it_ends_there(county):
    code = county.brought_to_mediation()
    county.goes_on(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_sham"}))

    ended = county.goes_on(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "other_obstacle"}))

    assert ended.state == "terminated"


def test_a_suspected_crime_is_the_polices(county):
    code = county.brought_to_mediation()
    county.goes_on(code, (DAMAN_COMMITTEE, "mediation.suspended", {"reason": "suspected_crime"}))

    assert county.waits_for(code) == [DAMAN_COMMITTEE, "police"]
    (notice,) = [told for told in county._notices("police", code) if told.type == "notice.inquiry"]
    assert notice.data == {"dispute": code, "asked_by": DAMAN_COMMITTEE}  # that they are asked, not what is suspected
