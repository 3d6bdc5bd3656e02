"""An agreement that was reached in time is reported after the deadline was announced as passed. What was announced by mistake is taken back.

Everyone who was told that the deadline had passed is told that the notice no longer holds, and so is the body that was put under supervision for it.
"""

from datetime import timedelta

from tests.county import DAMAN_COMMITTEE, days_ago, wait_until

MEDIATION_CLOCK = "mediation_out_of_court_policy"


def let_the_deadline_pass(county, code):
    county.state_everything_reported("womens_federation", "mediation_centre", DAMAN_COMMITTEE)
    wait_until(lambda: MEDIATION_CLOCK in county.clocks_of_passed_deadlines(code), what="the thirty days passed")
    county.settle()


def report_agreement(county, code, at):
    sent = county.agency(DAMAN_COMMITTEE).reports(
        "agreement.reached", code, time=at, form="written", effective_on=at.date().isoformat(), confirmable=False, terms=[]
    )
    county.settle()
    assert sent.receipts[-1] == "receipt.applied"


def withdrawn_notices(county, agency, code):
    """Return the earlier notices that an agency was told no longer hold: (type, reason)."""
    return sorted((notice.data["notice"], notice.data["why"]) for notice in county.received_notices(agency, code) if notice.type == "notice.withdrawn")


def test_the_overdue_notice_and_the_supervision_are_withdrawn_if_the_agreement_was_reached_in_time(county):
    began = days_ago(40)
    code = county.create_mediated_dispute(at=began)
    let_the_deadline_pass(county, code)
    assert {("notice.overdue", DAMAN_COMMITTEE), ("notice.overdue", "mediation_centre"), ("notice.supervision", DAMAN_COMMITTEE)} <= set(
        county.notices_in_force(code)
    )

    report_agreement(county, code, began + timedelta(days=20))

    assert {("notice.overdue", "met_in_time"), ("notice.supervision", "supervision_cancelled")} <= set(withdrawn_notices(county, DAMAN_COMMITTEE, code))
    assert ("notice.overdue", "met_in_time") in withdrawn_notices(county, "mediation_centre", code)
    assert not {"notice.overdue", "notice.supervision"} & {kind for kind, _ in county.notices_in_force(code)}


def test_the_overdue_notice_is_settled_without_a_withdrawal_if_the_agreement_was_reached_late(county):
    code = county.create_mediated_dispute(at=days_ago(40))
    let_the_deadline_pass(county, code)
    report_agreement(county, code, days_ago(2))

    assert withdrawn_notices(county, DAMAN_COMMITTEE, code) == withdrawn_notices(county, "mediation_centre", code) == []
    rows = county.rows("select distinct validity from notify.notices where dispute = %s and kind = 'notice.overdue' and clock = %s", code, MEDIATION_CLOCK)
    assert rows == [("settled",)]
