"""The centre calls departments to a dispute (吹哨报到). Answers are recorded; a department that does not answer in time is reported as overdue."""

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until


def answers_of_called_departments(county, code):
    """Return the answer of each called department, None if it has not answered."""
    return county.rows("select particulars->'called' from mediation.disputes where code = %s", code)[0][0]


def test_called_departments_get_notices_and_their_answers_are_recorded(county):
    code = county.create_mediated_dispute()
    county.mediation_centre.reports("departments.called", code, to=["police", "judicial_bureau"], reason="joint_visit")
    county.settle()
    police = county.police.reports("call.answered", code, answer="reported_in")
    stranger = county.petition_office.reports("call.answered", code, answer="reported_in")
    county.settle()

    assert county.notices("police", code) == county.notices("judicial_bureau", code) == ["notice.call"]
    assert police.receipts[-1] == "receipt.applied"
    assert stranger.refusal["code"] == "not_called"
    assert answers_of_called_departments(county, code) == {"police": "reported_in", "judicial_bureau": None}
    assert county.state(code) == "mediating"


def test_a_called_department_that_does_not_answer_in_time_and_the_centre_get_overdue_notices(county):
    code = county.create_mediated_dispute(at=days_ago(9))
    with county.pause_deadline_checks():
        county.mediation_centre.reports("departments.called", code, time=days_ago(8), to=["police", "judicial_bureau"], reason="expertise")
        county.settle()  # the answer arrives through another queue and must not be processed before the call
        county.police.reports("call.answered", code, time=days_ago(8), answer="sends_somebody")
        county.settle()
    county.state_everything_reported("womens_federation", "mediation_centre", DAMAN_COMMITTEE, "judicial_bureau")
    wait_until(lambda: "call_answer" in county.clocks_of_passed_deadlines(code), what="the time to report in passed")
    county.settle()

    assert "call_answer" in county.notified_clocks("judicial_bureau", code, "notice.overdue")
    assert "call_answer" in county.notified_clocks("mediation_centre", code, "notice.overdue")
    assert county.notified_clocks("police", code, "notice.overdue") == []
    assert county.state(code) == "mediating"


def test_routing_with_joint_handling_calls_the_other_agencies_and_only_the_routed_body_can_accept(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    code = report.dispute
    county.mediation_centre.reports("dispute.screened", code, suitable=True, track="A", kind="family")
    county.settle()
    county.mediation_centre.reports("dispute.routed", code, to=DAMAN_COMMITTEE, joint_with=["womens_federation", "police"], reason="joint_handling")
    county.settle()
    other = county.womens_federation.reports("referral.accepted", code)
    county.settle()
    lead = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, mediator="daman-004")
    county.settle()

    assert other.refusal["code"] == "not_the_body_asked"
    assert lead.receipts[-1] == "receipt.applied"
    assert county.rows("select particulars->'joint' from mediation.disputes where code = %s", code) == [(["womens_federation", "police"],)]
    assert "notice.call" in county.notices("police", code) and "notice.call" in county.notices("womens_federation", code)
