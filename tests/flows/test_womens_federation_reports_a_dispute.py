"""The women's federation reports a dispute. The dispute is registered, the federation gets two receipts, and the centre is notified."""

from tests.county import DAMAN_TOWN


def test_a_dispute_reported_by_the_womens_federation_is_registered_and_the_report_gets_two_receipts(county):
    report = county.womens_federation.reports_dispute(place={"township": DAMAN_TOWN}, kind="family")
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert report.state == "registered"
    assert county.published_events(report.dispute) == [
        ("intake", "dispute.registered"),
        ("mediation", "dispute.reported"),
        ("notify", "notice.sent"),
    ]
    assert county.notices("mediation_centre", report.dispute) == ["notice.deadline"]
