"""A party sues while mediation is still going on. Can mediation hold that up?"""

from tests.county import DAMAN_COMMITTEE


def test_the_case_is_filed_and_the_bodys_clocks_stop(county):
    code = county.mediated_dispute()

    county.filed_dispute(code)
    county.settle()

    assert county.state(code) == "filed" and county.next_actors(code) == ["court"]
    assert ("mediation", "deadline.stopped") in county.published(code)
    assert county.rows("select state from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'", code) == [("stopped",)]
    assert county.rejection_of(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=60) in ("illegal_here", "not_the_mediating_body")
