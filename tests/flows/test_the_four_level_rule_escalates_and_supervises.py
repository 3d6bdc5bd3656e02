"""A dispute found by the grid (village-level workers, 网格) escalates through four levels if nobody acts (四级七天, four levels in seven days).

A mediation body that does not act in time gets supervision notices (督办).
"""

from datetime import timedelta

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until

ESCALATION_LEVELS = ["village_level", "township_office_level", "township_level", "county_level"]


def escalated_levels(county, code):
    return [
        level for (level,) in county.rows("select detail->>'level' from metrics.timeline where code = %s and type = 'level.escalated' order by sequence", code)
    ]


def test_a_grid_dispute_on_which_nobody_acts_escalates_level_by_level_to_the_centre(county):
    report = county.grid.reports_dispute(channel="grid", time=days_ago(20), kind="neighbour")
    county.settle()
    code = report.dispute
    county.state_everything_reported("grid", "mediation_centre", "judicial_bureau-daman")
    wait_until(lambda: escalated_levels(county, code) == ESCALATION_LEVELS, what="the dispute was escalated through all levels")
    county.settle()

    assert county.state(code) == "registered"
    assert "township_office_level" in county.notified_clocks("judicial_bureau-daman", code, "notice.escalated")
    assert "notice.escalated" in county.notices("mediation_centre", code)


def test_after_a_grid_dispute_is_routed_no_deadline_of_an_escalation_level_is_open(county):
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


def test_a_body_whose_mediation_period_has_passed_gets_a_supervision_notice_and_answers_it(county):
    code = county.create_mediated_dispute(at=days_ago(60))
    county.let_deadlines_pass(code)
    wait_until(lambda: "supervision_answer" in [clock for (clock,) in county.rows("select clock from mediation.deadlines where code = %s", code)])
    county.settle()

    assert "notice.supervision" in county.notices(DAMAN_COMMITTEE, code)

    issued = "select happened_at from mediation.transitions where code = %s and event_type = 'supervision.issued' order by step limit 1"
    ((supervised_at,),) = county.rows(issued, code)  # the end of the period, thirty days ago
    answered = county.agency(DAMAN_COMMITTEE).reports("supervision.answered", code, time=supervised_at + timedelta(hours=10), answer="under_way")
    county.settle()

    assert answered.receipts[-1] == "receipt.applied"
    assert county.clocks_of_met_deadlines(code)["supervision_answer"]["late"] is False
    assert county.rows("select particulars->>'supervision_count' from mediation.disputes where code = %s", code) == [("1",)]


def test_a_second_supervision_notice_is_sent_if_a_notice_of_the_political_legal_committee_is_not_answered(county):
    code = county.create_mediated_dispute(at=days_ago(20))
    county.political_legal_committee.reports("supervision.issued", code, time=days_ago(12), to=DAMAN_COMMITTEE, urged_for="complaint")
    county.let_deadlines_pass(code)
    wait_until(
        lambda: [event_type for _, event_type in county.published_events(code)].count("supervision.issued") == 2, what="the second supervision was issued"
    )
    county.settle()

    assert (
        county.notices(DAMAN_COMMITTEE, code).count("notice.supervision") == 2
    )  # the committee issued the first notice; the second was issued automatically because the first was not answered
    assert {"notice.overdue", "notice.supervision"} <= set(county.notices("political_legal_committee", code))
    assert county.state(code) == "mediating"


def test_an_unanswered_supervision_notice_remains_recorded_after_the_next_notice_is_answered(county):
    code = county.create_mediated_dispute(at=days_ago(20))
    county.political_legal_committee.reports("supervision.issued", code, time=days_ago(12), to=DAMAN_COMMITTEE, urged_for="complaint")
    county.let_deadlines_pass(code)
    wait_until(
        lambda: [event_type for _, event_type in county.published_events(code)].count("supervision.issued") == 2, what="the second supervision was issued"
    )
    county.apply_steps(
        code, (DAMAN_COMMITTEE, "supervision.answered", {"answer": "under_way"}), (DAMAN_COMMITTEE, "session.held", {"mode": "phone", "minutes": 20})
    )
    county.settle()

    rows = county.rows("select key, state from mediation.deadlines where code = %s and clock = 'supervision_answer' order by key", code)
    assert rows == [("supervision_answer/1", "passed"), ("supervision_answer/2", "met")]
    assert [change["clock"] for change in county.changes_of_deadlines(code, "met")].count("supervision_answer") == 1
