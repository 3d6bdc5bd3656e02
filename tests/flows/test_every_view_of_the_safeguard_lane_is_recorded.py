"""Agencies request the data of a dispute in the safeguard lane. Only police, courts and women's federation get it; each request is recorded."""

import pytest

from tests.county import NO_RISK, County


@pytest.fixture(scope="module")
def dispute_in_safeguard_lane(county: County) -> str:
    """Return the code of a dispute reported with a safeguard flag."""
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    return report.dispute


def recorded_accesses(county, dispute):
    """Return (agency, officer, reason, granted) of each recorded access attempt."""
    return county.rows("select agency, officer, reason, granted from intake.lane_accesses where dispute = %s order by seq", dispute)


def test_an_agency_inside_the_safeguard_lane_sees_the_hold_and_earlier_accesses(county, dispute_in_safeguard_lane):
    before = len(recorded_accesses(county, dispute_in_safeguard_lane))
    answer = county.look_up_safeguarded("police", dispute_in_safeguard_lane, "police_duty", "p-0815")

    assert answer.status_code == 200
    view = answer.json()
    assert (view["dispute"], view["held_by"], view["about"]["kind"]) == (dispute_in_safeguard_lane, ["hold"], "family")
    assert [entry["type"] for entry in view["entries"]] == ["safeguard.held", "step.applied"]
    assert recorded_accesses(county, dispute_in_safeguard_lane)[before:] == [("police", "p-0815", "police_duty", True)]
    assert county.look_up_safeguarded("court", dispute_in_safeguard_lane, "release").json()["looks"][-2]["agency"] == "police"
    assert "虚构" not in answer.text


@pytest.mark.parametrize("agency", ["grid", "mediation_centre", "judicial_bureau", "trade_union"])
def test_an_agency_outside_the_safeguard_lane_gets_not_found_for_every_code(county, dispute_in_safeguard_lane, agency):
    """That includes the grid (village-level workers, 网格), which reported the dispute."""
    ordinary = county.create_mediated_dispute()
    answers = [county.look_up_safeguarded(agency, code) for code in (dispute_in_safeguard_lane, ordinary, "620702-2026-000000-9")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert set(answers[0].headers) == set(answers[1].headers) == set(answers[2].headers)
    assert recorded_accesses(county, dispute_in_safeguard_lane)[-1] == (agency, "p-0815", "police_duty", False)  # the denied attempt is recorded


def test_a_request_for_safeguard_data_of_an_ordinary_dispute_gets_not_found(county):
    assert county.look_up_safeguarded("police", county.create_mediated_dispute()).status_code == 404


@pytest.mark.parametrize("changed", [{"reason": "curiosity"}, {"officer": "虚构甲"}, {"dispute": "R-1"}])
def test_a_request_for_safeguard_data_without_valid_code_reason_and_staff_number_is_rejected_and_not_recorded(county, dispute_in_safeguard_lane, changed):
    given = {"dispute": dispute_in_safeguard_lane, "reason": "police_duty", "officer": "p-0815"} | changed
    count = len(county.rows("select 1 from intake.lane_accesses"))

    assert county.look_up_safeguarded("police", **given).status_code == 400
    assert len(county.rows("select 1 from intake.lane_accesses")) == count


def test_a_recorded_access_to_the_safeguard_lane_cannot_be_changed_or_deleted(county, dispute_in_safeguard_lane):
    county.look_up_safeguarded("womens_federation", dispute_in_safeguard_lane, "support")
    for statement in ("delete from intake.lane_accesses", "update intake.lane_accesses set officer = 'nobody'"):
        with pytest.raises(Exception, match="the access log of the safeguard lane cannot be changed"):
            county.rows(statement)
