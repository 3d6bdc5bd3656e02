"""Two disputes that are with mediation bodies are joined, and later separated again. Both bodies are told of the join and of its undoing."""

from tests.county import DAMAN_COMMITTEE
from tests.intake.people import person

JIANTAN_COMMITTEE = "peoples_mediation_committee-jiantan"


def report_and_route(county, reporter, body, number, parties):
    """Report a dispute, screen it and route it to a mediation body. Return its code."""
    report = county.agency(reporter).reports_dispute(report_no=f"told-{number}", kind="production", parties=parties)
    county.settle()
    county.apply_steps(
        report.dispute,
        ("mediation_centre", "dispute.screened", {"suitable": True, "track": "A", "kind": "production"}),
        ("mediation_centre", "dispute.routed", {"to": body, "reason": "by_place"}),
    )
    return report.dispute


def test_the_bodies_of_both_disputes_are_told_of_a_join_and_of_its_undoing(county):
    ending = report_and_route(county, "police", DAMAN_COMMITTEE, 1, [person(141), person(142, "respondent")])
    continuing = report_and_route(county, "grid", JIANTAN_COMMITTEE, 2, [person(143), person(144, "respondent")])
    county.apply_steps(ending, ("mediation_centre", "reports.joined", {"into": continuing}))
    county.settle()

    ended, gained = county.received_notices(DAMAN_COMMITTEE, ending)[-1], county.received_notices(JIANTAN_COMMITTEE, continuing)[-1]
    assert (ended.type, ended.data) == ("notice.joined", {"dispute": ending, "into": continuing})
    assert (gained.type, gained.data) == ("notice.joined", {"dispute": continuing, "was": ending})
    assert county.notices_in_force(ending) == []

    county.mediation_centre.reports("reports.unjoined", continuing, reported_by="police")
    county.settle()

    for agency, code, notice in ((DAMAN_COMMITTEE, ending, ended), (JIANTAN_COMMITTEE, continuing, gained)):
        withdrawals = [received.data for received in county.received_notices(agency, code) if received.type == "notice.withdrawn"]
        assert withdrawals == [{"dispute": code, "notice": "notice.joined", "notice_id": notice.id, "why": "unjoined"}]
    assert county.notices_in_force(ending) == [("notice.referral", DAMAN_COMMITTEE)]


def test_the_body_is_told_of_a_report_of_its_dispute_by_another_agency_that_was_joined_on_arrival(county):
    parties = [person(145), person(146, "respondent")]
    code = report_and_route(county, "police", DAMAN_COMMITTEE, 3, parties)
    again = county.womens_federation.reports_dispute(report_no="told-4", kind="production", parties=parties)
    county.settle()

    assert again.dispute == code
    notice = county.received_notices(DAMAN_COMMITTEE, code)[-1]
    assert (notice.type, notice.data) == ("notice.joined", {"dispute": code, "reported_by": "womens_federation"})
