"""What happens when a report says that somebody is in danger?"""

import pytest

from tests.county import DAMAN_COMMITTEE, NO_RISK, Lane, days_ago, found_outside


@pytest.mark.parametrize("risk", ["domestic_violence", "minor", "violence_threat"])
def test_it_goes_into_the_lane_and_nobody_outside_sees_it(county, risk):
    report = county.grid.reports_dispute(risk=NO_RISK | {risk: True})
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"] and report.state == "registered"  # as for any report
    assert [county.attention_notices(agency, report.dispute) for agency in ("police", "court", "womens_federation")] == [1, 1, 1]
    assert county.published(report.dispute) == []
    assert found_outside(county, report.dispute) == []


def test_for_everybody_else_the_code_does_not_exist(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    told = [
        county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family"),
        county.mediation_centre.reports("dispute.screened", "620702-2026-000000-0", suitable=True, track="A", kind="family"),
        county.agency(DAMAN_COMMITTEE).reports("mediation.started", report.dispute),
    ]
    county.settle()

    assert [one.receipts for one in told] == [["receipt.refused"]] * 3
    assert len({one.refusal["code"] for one in told}) == 1 and told[0].refusal == told[1].refusal


def test_who_reported_it_meets_a_dispute_that_is_stayed(county):
    report = county.mediation_centre.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    again = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()

    assert again.receipts == ["receipt.accepted", "receipt.rejected"]
    assert (again.refusal["code"], again.state) == ("stayed", "registered")


def test_more_that_is_said_of_it_later_finds_its_way(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    told = []
    for agency, word, facts in (
        (county.police, "dv.warning_issued", {}),
        (county.womens_federation, "protection_order.applied", {"urgent": False}),
        (county.court, "dispute.stayed", {"reason": "jurisdiction"}),
    ):
        told.append(agency.reports(word, report.dispute, **facts))
        county.settle()  # each alone in its batch, after the report's

    assert [one.receipts for one in told] == [["receipt.accepted", "receipt.applied"]] * 3
    assert county.rows("select reported_in_lane, holds from intake.seals where code = %s", report.dispute) == [(True, ["hold", "stay"])]
    assert found_outside(county, report.dispute) == []


def test_released_it_begins_its_ordinary_life_that_day_like_any_other(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"violence_threat": True})
    county.settle()
    released = county.police.reports("hold.released", report.dispute, reason="unfounded")
    county.settle()

    assert released.receipts == ["receipt.accepted", "receipt.applied"]
    assert report.receipts == ["receipt.accepted", "receipt.applied"]  # not answered twice
    county_said = county.published(report.dispute)
    assert [word for producer, word in county_said if producer != "notify"] == ["dispute.registered", "step.applied", "deadline.set"]
    assert found_outside(county, report.dispute, Lane.WORDS) == []
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    assert screened.receipts == ["receipt.accepted", "receipt.applied"] and county.state(report.dispute) == "screened"


def test_released_in_the_past_it_is_registered_at_its_release_and_no_step_stands_before(county):
    """History is loaded: the report, the release and the screening happened weeks ago."""
    at = [days_ago(days) for days in (30, 28, 27)]
    report = county.grid.reports_dispute(risk=NO_RISK | {"violence_threat": True}, time=at[0])
    county.settle()
    county.police.reports("hold.released", report.dispute, reason="unfounded", time=at[1])
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family", time=at[2])
    county.settle()

    told = dict(county.rows("select type, at from metrics.timeline where code = %s and type in ('dispute.registered', 'dispute.screened')", report.dispute))
    assert told == {"dispute.registered": at[1], "dispute.screened": at[2]}
    assert county.rows("select opened_at from metrics.disputes where code = %s", report.dispute) == [(at[1],)]
