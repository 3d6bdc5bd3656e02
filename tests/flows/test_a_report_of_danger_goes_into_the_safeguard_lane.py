"""A report carries a danger flag. It goes into the safeguard lane: police, court and women's federation are notified, and other agencies cannot find the code."""

import pytest

from tests.county import DAMAN_COMMITTEE, NO_RISK, Lane, days_ago, found_outside


@pytest.mark.parametrize("risk", ["domestic_violence", "minor", "violence_threat"])
def test_a_report_of_danger_is_invisible_outside_the_lane(county, risk):
    report = county.grid.reports_dispute(risk=NO_RISK | {risk: True})
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"] and report.state == "registered"  # as for any report
    assert [county.attention_notices(agency, report.dispute) for agency in ("police", "court", "womens_federation")] == [1, 1, 1]
    assert county.published(report.dispute) == []
    assert found_outside(county, report.dispute) == []


def test_other_agencies_get_unknown_dispute_for_a_code_reported_into_the_lane(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    sent = [
        county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family"),
        county.mediation_centre.reports("dispute.screened", "620702-2026-000000-0", suitable=True, track="A", kind="family"),
        county.agency(DAMAN_COMMITTEE).reports("mediation.started", report.dispute),
    ]
    county.settle()

    assert [event.receipts for event in sent] == [["receipt.refused"]] * 3
    assert len({event.refusal["code"] for event in sent}) == 1 and sent[0].refusal == sent[1].refusal


def test_the_reporter_of_a_danger_gets_stayed_for_its_later_steps(county):
    report = county.mediation_centre.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    again = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()

    assert again.receipts == ["receipt.accepted", "receipt.rejected"]
    assert (again.refusal["code"], again.state) == ("stayed", "registered")


def test_later_reports_about_a_dispute_in_the_lane_reach_it(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    sent = []
    for agency, event_type, facts in (
        (county.police, "dv.warning_issued", {}),
        (county.womens_federation, "protection_order.applied", {"urgent": False}),
        (county.court, "dispute.stayed", {"reason": "jurisdiction"}),
    ):
        sent.append(agency.reports(event_type, report.dispute, **facts))
        county.settle()  # each in a batch of its own

    assert [event.receipts for event in sent] == [["receipt.accepted", "receipt.applied"]] * 3
    assert county.rows("select reported_in_lane, holds from intake.lane_records where code = %s", report.dispute) == [(True, ["hold", "stay"])]
    assert found_outside(county, report.dispute) == []


def test_a_released_dispute_is_registered_on_the_day_of_its_release(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"violence_threat": True})
    county.settle()
    released = county.police.reports("hold.released", report.dispute, reason="unfounded")
    county.settle()

    assert released.receipts == ["receipt.accepted", "receipt.applied"]
    assert report.receipts == ["receipt.accepted", "receipt.applied"]  # no second outcome receipt
    published = county.published(report.dispute)
    assert [event_type for producer, event_type in published if producer != "notify"] == ["dispute.registered", "step.applied", "deadline.set"]
    assert found_outside(county, report.dispute, Lane.WORDS) == []
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    assert screened.receipts == ["receipt.accepted", "receipt.applied"] and county.state(report.dispute) == "screened"


def test_a_dispute_released_in_the_past_is_registered_at_the_time_of_its_release(county):
    """The report, the release and the screening are reported weeks after they happened."""
    at = [days_ago(days) for days in (30, 28, 27)]
    report = county.grid.reports_dispute(risk=NO_RISK | {"violence_threat": True}, time=at[0])
    county.settle()
    county.police.reports("hold.released", report.dispute, reason="unfounded", time=at[1])
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family", time=at[2])
    county.settle()

    sent = dict(county.rows("select type, at from metrics.timeline where code = %s and type in ('dispute.registered', 'dispute.screened')", report.dispute))
    assert sent == {"dispute.registered": at[1], "dispute.screened": at[2]}
    assert county.rows("select opened_at from metrics.disputes where code = %s", report.dispute) == [(at[1],)]
