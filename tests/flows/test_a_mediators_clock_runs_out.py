"""What happens when a mediator's clock runs out?"""

from datetime import timedelta

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until

THIRTY_DAYS = "mediation_out_of_court_policy"


def test_the_body_and_the_centre_are_told_that_the_thirty_days_are_over(county):
    code = county.mediated_dispute(at=days_ago(40))

    wait_until(lambda: THIRTY_DAYS in county.passed_clocks(code), what="the thirty days passed")
    county.settle()

    assert THIRTY_DAYS in county.notified_clocks(DAMAN_COMMITTEE, code, "notice.overdue")
    assert THIRTY_DAYS in county.notified_clocks("mediation_centre", code, "notice.overdue")
    assert county.state(code) == "mediating"  # a policy clock ends nothing: no statute limits mediation outside court


def test_an_agreement_that_was_reached_in_time_but_reported_late_mends_it_openly(county):
    began = days_ago(40)
    code = county.mediated_dispute(at=began)
    wait_until(lambda: THIRTY_DAYS in county.passed_clocks(code), what="the thirty days passed")

    county.agency(DAMAN_COMMITTEE).reports(
        "agreement.reached", code, time=began + timedelta(days=20), form="oral", effective_on=(began + timedelta(days=20)).date().isoformat(), confirmable=False
    )
    county.settle()

    assert county.met_clocks(code)[THIRTY_DAYS] == {"late": False, "was_passed": True}


def test_more_time_is_given_by_everybodys_consent_only_while_the_time_still_runs(county):
    code = county.mediated_dispute(at=days_ago(25))
    committee = county.agency(DAMAN_COMMITTEE)

    alone = committee.reports("mediation.extended", code, days=15, consents=["applicant"])
    together = committee.reports("mediation.extended", code, days=15, consents=["applicant", "respondent"])
    county.settle()

    assert alone.refusal["code"] == "consent_missing_for_extension"
    assert together.receipts[-1] == "receipt.applied"
    assert THIRTY_DAYS not in county.passed_clocks(code)


def test_a_policy_that_was_not_kept_is_nobodys_breach_of_the_law(county):
    code = county.mediated_dispute(at=days_ago(40))
    wait_until(lambda: THIRTY_DAYS in county.passed_clocks(code))
    county.settle()

    assert county.rows("select overdue from metrics.disputes where code = %s", code) == [("other",)]
    told = county.rows("select addressee from notify.notices where dispute = %s and kind = 'notice.overdue' and clock = %s order by 1", code, THIRTY_DAYS)
    assert told == [("mediation_centre",), (DAMAN_COMMITTEE,)]


def test_an_agreement_after_the_end_is_late_and_stays_so(county):
    code = county.mediated_dispute(at=days_ago(40))
    wait_until(lambda: THIRTY_DAYS in county.passed_clocks(code))
    county.agency(DAMAN_COMMITTEE).reports(
        "agreement.reached", code, time=days_ago(5), form="oral", effective_on=days_ago(5).date().isoformat(), confirmable=False
    )
    county.settle()

    assert county.met_clocks(code)[THIRTY_DAYS] == {"late": True, "was_passed": True}
    assert county.rows("select overdue from metrics.disputes where code = %s", code) != [("law",)]
