"""What happens when a report says that somebody is in danger?"""

from tests.county import NO_RISK

SECRET = "虚构丙-不得留存"


def test_it_is_refused_with_the_way_to_go_and_nothing_of_it_is_kept(county):
    report = county.womens_federation.reports(risk=NO_RISK | {"domestic_violence": True}, parties=[{"role": "applicant", "name": SECRET}])
    county.settle()

    assert report.receipts == ["receipt.refused"]
    assert report.refusal["code"] == "safeguard_needed"
    assert "110" in report.refusal["zh"]
    assert county.rows("select body_sealed from intake.log where event_id = %s", report.id) == [(None,)]
