"""What happens when nobody does anything: four levels in seven working days, then the centre; and a body that lets its time run out."""

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until

LEVELS = ["village_level", "township_office_level", "township_level", "county_level"]


def levels(county, code):
    return [
        level for (level,) in county.rows("select detail->>'level' from metrics.timeline where code = %s and type = 'level.escalated' order by sequence", code)
    ]


def test_what_the_grid_found_goes_up_level_by_level_and_ends_with_the_centre(county):
    report = county.grid.reports_dispute(channel="grid", time=days_ago(20), kind="neighbour")
    county.settle()
    code = report.dispute
    wait_until(lambda: levels(county, code) == LEVELS, what="it went up all levels")
    county.settle()

    assert county.state(code) == "registered"
    assert "township_office_level" in county.notified_clocks("judicial_bureau-daman", code, "notice.escalated")
    assert "notice.escalated" in county.notices("mediation_centre", code)


def test_the_grid_sends_it_up_itself_and_once_it_is_with_a_body_no_level_runs(county):
    report = county.grid.reports_dispute(channel="grid", kind="neighbour")
    county.settle()
    up = county.grid.reports("level.escalated", report.dispute, level="village_level", escalated_for="beyond_ability")
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="neighbour")
    county.settle()
    county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()

    assert up.receipts[-1] == "receipt.applied"
    assert county.rows("select clock from mediation.deadlines where code = %s and clock like '%%level' and state = 'open'", report.dispute) == []


def test_a_body_whose_time_ran_out_is_urged_by_time_then_once_more_and_the_political_legal_committee_hears_of_it(county):
    code = county.mediated_dispute(at=days_ago(60))
    wait_until(lambda: "supervision_answer" in [clock for (clock,) in county.rows("select clock from mediation.deadlines where code = %s", code)])
    county.settle()

    assert "notice.supervision" in county.notices(DAMAN_COMMITTEE, code)

    answered = county.agency(DAMAN_COMMITTEE).reports("supervision.answered", code, answer="under_way")
    county.settle()

    assert answered.receipts[-1] == "receipt.applied"
    assert county.met_clocks(code)["supervision_answer"] == {"late": False, "was_passed": False}


def test_the_political_legal_committee_urges_and_gets_an_answer(county):
    code = county.mediated_dispute(at=days_ago(20))
    county.political_legal_committee.reports("supervision.issued", code, time=days_ago(12), to=DAMAN_COMMITTEE, urged_for="complaint")
    county.settle()
    wait_until(lambda: [word for _, word in county.published(code)].count("supervision.issued") == 2, what="no answer came and time urged")
    county.settle()

    assert county.notices(DAMAN_COMMITTEE, code).count("notice.supervision") == 2  # once by the committee, once by time because no answer came
    assert {"notice.overdue", "notice.supervision"} <= set(county.notices("political_legal_committee", code))
    assert county.state(code) == "mediating"


def test_an_urging_that_nobody_answered_stays_on_record_when_the_next_one_is_answered(county):
    code = county.mediated_dispute(at=days_ago(20))
    county.political_legal_committee.reports("supervision.issued", code, time=days_ago(12), to=DAMAN_COMMITTEE, urged_for="complaint")
    county.settle()
    wait_until(lambda: [word for _, word in county.published(code)].count("supervision.issued") == 2, what="no answer came and time urged")
    county.apply_steps(
        code, (DAMAN_COMMITTEE, "supervision.answered", {"answer": "under_way"}), (DAMAN_COMMITTEE, "session.held", {"mode": "phone", "minutes": 20})
    )
    county.settle()

    rows = county.rows("select key, state from mediation.deadlines where code = %s and clock = 'supervision_answer' order by key", code)
    assert rows == [("supervision_answer/1", "passed"), ("supervision_answer/2", "met")]
    told = county.rows("select count(*) from metrics.timeline where code = %s and type = 'deadline.met' and detail->>'clock' = 'supervision_answer'", code)
    assert told == [(1,)]
