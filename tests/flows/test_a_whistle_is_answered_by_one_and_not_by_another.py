"""What happens when the centre calls departments to a dispute?"""

from tests.county import DAMAN_COMMITTEE, days_ago, until


def called(county, code):
    return county.rows("select particulars->'called' from mediation.disputes where code = %s", code)[0][0]


def test_those_who_are_called_are_told_and_who_reports_in_is_known(county):
    code = county.brought_to_mediation()
    county.mediation_centre.says("whistle.blown", code, to=["police", "judicial_bureau"], reason="joint_visit")
    county.settle()
    police = county.police.says("whistle.answered", code, answer="reported_in")
    stranger = county.petition_office.says("whistle.answered", code, answer="reported_in")
    county.settle()

    assert county.notices("police", code) == county.notices("judicial_bureau", code) == ["notice.whistle"]
    assert police.receipts[-1] == "receipt.applied"
    assert stranger.refusal["code"] == "not_called"
    assert called(county, code) == {"police": "reported_in", "judicial_bureau": None}
    assert county.state(code) == "mediating"


def test_when_the_day_is_over_the_one_that_did_not_come_and_the_centre_are_told(county):
    code = county.brought_to_mediation(at=days_ago(9))
    with county.no_deadline_is_looked_at():
        county.mediation_centre.says("whistle.blown", code, time=days_ago(8), to=["police", "judicial_bureau"], reason="expertise")
        county.settle()  # two agencies, two queues: the answer must not overtake the call
        county.police.says("whistle.answered", code, time=days_ago(8), answer="sends_somebody")
        county.settle()
    until(lambda: "whistle_answer" in county.passed(code), what="the time to report in passed")
    county.settle()

    assert "whistle_answer" in county.clocks("judicial_bureau", code, "notice.overdue")
    assert "whistle_answer" in county.clocks("mediation_centre", code, "notice.overdue")
    assert county.clocks("police", code, "notice.overdue") == []
    assert county.state(code) == "mediating"


def test_several_bodies_handle_it_together_and_one_leads(county):
    """The lead is the body it was sent to: its steps count; the others are named with the referral and called when they are needed."""
    report = county.womens_federation.reports()
    county.settle()
    code = report.dispute
    county.mediation_centre.says("dispute.screened", code, suitable=True, track="A", kind="family")
    county.settle()
    county.mediation_centre.says("dispute.routed", code, to=DAMAN_COMMITTEE, joint_with=["womens_federation", "police"], reason="joint_handling")
    county.settle()
    other = county.womens_federation.says("referral.accepted", code)
    county.settle()
    lead = county.agency(DAMAN_COMMITTEE).says("referral.accepted", code, mediator="daman-004")
    county.settle()

    assert other.refusal["code"] == "not_the_body_asked"
    assert lead.receipts[-1] == "receipt.applied"
    assert county.rows("select particulars->'joint' from mediation.disputes where code = %s", code) == [(["womens_federation", "police"],)]
    assert "notice.whistle" in county.notices("police", code) and "notice.whistle" in county.notices("womens_federation", code)
