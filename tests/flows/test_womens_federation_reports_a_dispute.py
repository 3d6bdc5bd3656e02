"""What happens when the women's federation reports a dispute?"""

from tests.county import DAMAN_TOWN


def test_womens_federation_reports_a_dispute(county):
    report = county.womens_federation.reports_dispute(place={"township": DAMAN_TOWN}, kind="family")
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert report.state == "registered"
    assert county.published(report.dispute) == [
        ("intake", "dispute.registered"),
        ("mediation", "step.applied"),
        ("mediation", "deadline.set"),
        ("notify", "notice.sent"),
    ]
    assert county.notices("mediation_centre", report.dispute) == ["notice.deadline"]
