"""A party files a case while mediation is running. The case is filed, and the mediation deadline stops."""

from tests.county import DAMAN_COMMITTEE


def test_a_case_filed_during_mediation_stops_the_mediation_deadline(county):
    code = county.create_mediated_dispute()

    county.file_court_case(code)
    county.settle()

    assert county.state(code) == "filed" and county.next_actors(code) == ["court"]
    assert [change["clock"] for change in county.changes_of_deadlines(code, "stopped")] == ["mediation_out_of_court_policy"]
    assert county.rows("select state from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'", code) == [("stopped",)]
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "session.held", mode="in_person", minutes=60) in ("illegal_here", "not_the_mediating_body")
