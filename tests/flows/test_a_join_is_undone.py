"""Two disputes were joined by mistake, and the join is undone.

The reports then have separate codes again, and the separated dispute resumes in its former state.
"""

from tests.county import DAMAN_COMMITTEE
from tests.intake.people import person


def count_reported_disputes(county, *codes):
    return county.rows("select coalesce(sum(count), 0)::int from metrics.daily_disputes where code = any(%s) and figure = 'reported'", list(codes))[0][0]


def test_after_an_automatic_join_is_undone_the_second_report_has_a_separate_code(county):
    police = county.police.reports_dispute(report_no="110-undo-1", kind="seed_contract", parties=[person(31), person(32, "respondent")])
    county.settle()
    women = county.womens_federation.reports_dispute(report_no="FL-undo-1", kind="seed_contract", parties=[person(31), person(32, "respondent")])
    county.settle()
    joint = police.dispute
    assert women.dispute == joint

    undone = county.mediation_centre.reports("reports.unjoined", joint, reported_by="womens_federation")
    county.settle()
    own = women.dispute

    assert undone.receipts == ["receipt.accepted", "receipt.applied"]
    assert own != joint and undone.dispute == own == county.womens_federation.agency.code_of("FL-undo-1")
    assert women.receipts == ["receipt.accepted", "receipt.applied", "receipt.moved"]
    assert (county.state(own), county.state(joint)) == ("registered", "registered")
    assert ("intake", "dispute.unmerged") in county.published_events(own) and ("intake", "dispute.unmerged") in county.published_events(joint)
    assert count_reported_disputes(county, joint, own) == 2
    assert county.rows("select reporter from mediation.disputes where code = %s", own) == [("womens_federation",)]


def test_after_a_join_by_the_centre_is_undone_the_dispute_resumes_in_its_former_state(county):
    police = county.police.reports_dispute(report_no="110-undo-2", kind="labour", parties=[person(33), person(34, "respondent")])
    grid = county.grid.reports_dispute(report_no="W-undo-2", kind="labour", parties=[person(35), person(36, "respondent")])
    county.settle()
    one, other = police.dispute, grid.dispute
    county.mediation_centre.reports("dispute.screened", one, suitable=True, track="A", kind="labour")
    county.mediation_centre.reports("dispute.routed", one, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()
    county.mediation_centre.reports("reports.joined", one, into=other)
    county.settle()
    assert (county.state(one), police.dispute, count_reported_disputes(county, one, other)) == ("closed", other, 1)

    undone = county.mediation_centre.reports("reports.unjoined", other, reported_by="police")
    county.settle()

    assert undone.receipts[-1] == "receipt.applied" and police.dispute == one
    assert (county.state(one), county.state_from_history(one)) == ("routed", "routed")
    assert count_reported_disputes(county, one, other) == 2
    accepted = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", one, conflict_of_interest=False)
    county.settle()
    assert accepted.receipts[-1] == "receipt.applied"


def test_undoing_a_join_that_does_not_exist_is_refused(county):
    police = county.police.reports_dispute(kind="medical")
    county.settle()
    undone = county.mediation_centre.reports("reports.unjoined", police.dispute, reported_by="police")
    county.settle()

    assert undone.refusal["code"] == "nothing_to_unjoin" and "公安" in undone.refusal["zh"]
