"""The mediation period of thirty days ends. The mediation body and the centre are notified.

An agreement that was reached in time but reported late meets the deadline.
"""

from datetime import timedelta

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until

MEDIATION_CLOCK = "mediation_out_of_court_policy"


def let_the_deadline_pass(county, code):
    """Let all agencies that could have met the deadline state that they have reported everything."""
    county.state_everything_reported("womens_federation", "mediation_centre", DAMAN_COMMITTEE)
    wait_until(lambda: MEDIATION_CLOCK in county.clocks_of_passed_deadlines(code), what="the thirty days passed")


def test_the_body_and_the_centre_are_notified_after_the_thirty_days_of_mediation(county):
    code = county.create_mediated_dispute(at=days_ago(40))

    let_the_deadline_pass(county, code)
    county.settle()

    assert MEDIATION_CLOCK in county.notified_clocks(DAMAN_COMMITTEE, code, "notice.overdue")
    assert MEDIATION_CLOCK in county.notified_clocks("mediation_centre", code, "notice.overdue")
    assert county.state(code) == "mediating"  # the state does not change, because no statute limits mediation outside court: the deadline is a policy


def test_an_agreement_reached_in_time_but_reported_late_meets_the_mediation_deadline(county):
    began = days_ago(40)
    code = county.create_mediated_dispute(at=began)
    let_the_deadline_pass(county, code)

    county.agency(DAMAN_COMMITTEE).reports(
        "agreement.reached", code, time=began + timedelta(days=20), form="oral", effective_on=(began + timedelta(days=20)).date().isoformat(), confirmable=False
    )
    county.settle()

    assert county.clocks_of_met_deadlines(code)[MEDIATION_CLOCK] == {"late": False, "was_passed": True}


def test_mediation_is_extended_before_the_deadline_only_if_all_parties_consent(county):
    code = county.create_mediated_dispute(at=days_ago(25))
    committee = county.agency(DAMAN_COMMITTEE)

    alone = committee.reports("mediation.extended", code, days=15, consents=["applicant"])
    together = committee.reports("mediation.extended", code, days=15, consents=["applicant", "respondent"])
    county.settle()

    assert alone.refusal["code"] == "consent_missing_for_extension"
    assert together.receipts[-1] == "receipt.applied"
    assert MEDIATION_CLOCK not in county.clocks_of_passed_deadlines(code)


def test_a_dispute_with_a_passed_policy_deadline_is_not_counted_as_legally_overdue(county):
    code = county.create_mediated_dispute(at=days_ago(40))
    let_the_deadline_pass(county, code)
    county.settle()

    assert county.rows("select overdue from metrics.disputes where code = %s", code) == [("other",)]
    addressees = county.rows(
        "select addressee from notify.notices where dispute = %s and kind = 'notice.overdue' and clock = %s order by 1", code, MEDIATION_CLOCK
    )
    assert addressees == [("mediation_centre",), (DAMAN_COMMITTEE,)]


def test_an_agreement_reached_after_the_mediation_deadline_is_recorded_as_late(county):
    code = county.create_mediated_dispute(at=days_ago(40))
    let_the_deadline_pass(county, code)
    county.agency(DAMAN_COMMITTEE).reports(
        "agreement.reached", code, time=days_ago(5), form="oral", effective_on=days_ago(5).date().isoformat(), confirmable=False
    )
    county.settle()

    assert county.clocks_of_met_deadlines(code)[MEDIATION_CLOCK] == {"late": True, "was_passed": True}
    assert county.rows("select overdue from metrics.disputes where code = %s", code) != [("law",)]
