"""An agency reported a step that was about another dispute. Can it take that back?"""

from tests.county import DAMAN_COMMITTEE


def test_the_last_step_is_taken_back_and_everything_is_as_before(county):
    code = county.mediated_dispute()
    ended = county.agency(DAMAN_COMMITTEE).reports("mediation.terminated", code, ground="party_unwilling")
    county.settle()
    assert ended.state == "terminated"

    back = county.apply_steps(code, (DAMAN_COMMITTEE, "report.withdrawn", {"event": ended.id, "reason": "wrong_dispute"}))

    assert back.state == "mediating" and county.next_actors(code) == [DAMAN_COMMITTEE]
    assert county.state_from_history(code) == "mediating"
    assert county.rows("select state from mediation.deadlines where code = %s and clock = 'mediation_out_of_court_policy'", code) == [("open",)]


def test_what_others_built_on_stands(county):
    code = county.routed_dispute(DAMAN_COMMITTEE)
    taken = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code)
    county.apply_steps(code, (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "by_phone"}))

    assert county.rejection_of(code, DAMAN_COMMITTEE, "report.withdrawn", event=taken.id, reason="wrong_dispute") == "later_steps_stand"


def test_a_closed_dispute_is_open_again_when_its_archiving_is_taken_back(county):
    code = county.mediated_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "party_unwilling"}))
    closed = county.agency(DAMAN_COMMITTEE).reports("dispute.archived", code, archive_no="大满调〔2026〕16号")
    county.settle()

    county.apply_steps(code, (DAMAN_COMMITTEE, "report.withdrawn", {"event": closed.id, "reason": "twice"}))
    county.settle()

    assert county.rows("select is_open, state from metrics.disputes where code = %s", code) == [(True, "terminated")]


def test_the_report_that_gave_the_code_stands(county):
    report = county.womens_federation.reports_dispute()
    county.settle()

    assert county.rejection_of(report.dispute, "womens_federation", "report.withdrawn", event=report.id, reason="twice") == "registration_stands"
