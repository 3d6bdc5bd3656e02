"""What happens when a report says that somebody is in danger?"""

import pytest

from tests.county import NO_RISK
from tests.everywhere import found_in_logs, found_in_tables

SECRET = "虚构丙-不得留存"


@pytest.mark.parametrize("risk", ["domestic_violence", "minor", "violence_threat"])
def test_it_is_refused_with_the_way_to_go_and_nothing_of_it_is_kept(county, risk):
    report = county.womens_federation.reports(risk=NO_RISK | {risk: True}, parties=[{"role": "applicant", "name": SECRET}])
    county.settle()

    assert report.receipts == ["receipt.refused"]
    assert report.refusal["code"] == "safeguard_needed"
    assert "110" in report.refusal["zh"]
    assert county.rows("select dispute, body_sealed from intake.log where event_id = %s", report.id) == [(None, None)]
    assert county.rows("select count(*) from intake.parked") == [(0,)]
    assert found_in_tables(county.rows, [SECRET]) == found_in_logs(county.system, [SECRET]) == []


def test_a_later_step_that_reveals_it_is_refused_as_well(county):
    report = county.womens_federation.reports()
    county.settle()
    screened = county.mediation_centre.says(
        "dispute.screened", report.dispute, suitable=True, track="A", kind="family", risk=NO_RISK | {"domestic_violence": True}
    )
    county.settle()

    assert screened.receipts == ["receipt.refused"] and screened.refusal["code"] == "safeguard_needed"
    assert county.state(report.dispute) == "registered"
