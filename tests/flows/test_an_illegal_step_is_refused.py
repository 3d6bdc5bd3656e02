"""What happens when an agency reports a step that is not possible?"""

from tests.county import DAMAN_COMMITTEE


def test_a_body_that_was_not_asked_cannot_take_the_dispute_and_is_told_why(county):
    report = county.womens_federation.reports()
    county.settle()

    step = county.agency(DAMAN_COMMITTEE).says("referral.accepted", report.dispute, conflict_of_interest=False)
    county.settle()

    assert step.receipts == ["receipt.accepted", "receipt.rejected"]
    assert step.refusal["code"] == "illegal_here"
    assert "不能办理" in step.refusal["zh"] and "not possible" in step.refusal["en"]
    assert county.state(report.dispute) == "registered"


def test_mediation_does_not_start_before_everybody_consented(county):
    code = county.accepted_for_mediation()
    committee = county.agency(DAMAN_COMMITTEE)
    committee.says("consent.given", code, party="applicant", how="in_writing")

    started = committee.says("mediation.started", code)
    county.settle()

    assert started.receipts[-1] == "receipt.rejected"
    assert started.refusal["code"] == "consent_missing"
    assert "人民调解法第17条" in started.refusal["zh"]


def test_an_agency_cannot_say_what_is_not_its_to_say(county):
    report = county.womens_federation.reports()
    county.settle()

    step = county.womens_federation.says("mediation.started", report.dispute)
    county.settle()

    assert step.receipts == ["receipt.refused"]
    assert step.refusal["code"] == "not_yours_to_say"
