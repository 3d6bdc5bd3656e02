"""An agency withdraws a step that it reported about the wrong dispute. The former state is restored.

If later steps depend on the step, the withdrawal is refused.
"""

from tests.county import DAMAN_COMMITTEE


def test_withdrawing_the_last_step_restores_the_former_state_of_the_dispute(county):
    code = county.create_mediated_dispute()
    ended = county.agency(DAMAN_COMMITTEE).reports("mediation.terminated", code, ground="party_unwilling")
    county.settle()
    assert ended.state == "terminated"

    withdrawn = county.apply_steps(code, (DAMAN_COMMITTEE, "report.withdrawn", {"event": ended.id, "reason": "wrong_dispute"}))

    assert withdrawn.state == "mediating" and county.next_actors(code) == [DAMAN_COMMITTEE]
    assert county.state_from_history(code) == "mediating"
    assert county.rows("select state from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'", code) == [("open",)]


def test_a_step_on_which_later_steps_depend_cannot_be_withdrawn(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    accepted = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code)
    county.apply_steps(code, (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "by_phone"}))

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "report.withdrawn", event=accepted.id, reason="wrong_dispute") == "later_steps_stand"


def test_withdrawing_the_step_that_archived_a_dispute_reopens_the_dispute(county):
    code = county.create_mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "party_unwilling"}))
    closed = county.agency(DAMAN_COMMITTEE).reports("dispute.archived", code, archive_no="大满调〔2026〕16号")
    county.settle()

    county.apply_steps(code, (DAMAN_COMMITTEE, "report.withdrawn", {"event": closed.id, "reason": "twice"}))
    county.settle()

    assert county.rows("select is_open, state from metrics.disputes where code = %s", code) == [(True, "terminated")]


def test_the_report_that_registered_a_dispute_cannot_be_withdrawn(county):
    report = county.womens_federation.reports_dispute()
    county.settle()

    assert county.report_rejected_step(report.dispute, "womens_federation", "report.withdrawn", event=report.id, reason="twice") == "registration_stands"
