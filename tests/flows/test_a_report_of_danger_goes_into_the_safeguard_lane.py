"""A dispute report with a danger flag goes into the safeguard lane (events that only police, courts and women's federation see).

These agencies are notified. For all other agencies, the code of the dispute is unknown.
"""

import pytest

from tests.county import DAMAN_COMMITTEE, NO_RISK, SafeguardLane, days_ago, find_outside_safeguard_lane


@pytest.mark.parametrize("risk", ["domestic_violence", "minor", "violence_threat"])
def test_a_report_with_a_danger_flag_is_invisible_outside_the_safeguard_lane(county, risk):
    report = county.grid.reports_dispute(risk=NO_RISK | {risk: True})
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"] and report.state == "registered"  # the same receipts as for any other report
    assert [county.count_attention_notices(agency, report.dispute) for agency in ("police", "court", "womens_federation")] == [1, 1, 1]
    assert county.published_events(report.dispute) == []
    assert find_outside_safeguard_lane(county, report.dispute) == []


def test_other_agencies_get_unknown_dispute_for_the_code_of_a_dispute_reported_into_the_safeguard_lane(county):
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


def test_later_steps_of_the_agency_that_reported_a_danger_are_rejected_as_stayed(county):
    report = county.mediation_centre.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    again = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()

    assert again.receipts == ["receipt.accepted", "receipt.rejected"]
    assert (again.refusal["code"], again.state) == ("stayed", "registered")


def test_later_safeguard_steps_about_a_dispute_in_the_safeguard_lane_are_applied(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    sent = []
    for agency, event_type, facts in (
        (county.police, "dv.warning_issued", {}),
        (county.womens_federation, "protection_order.applied", {"urgent": False}),
        (county.court, "dispute.stayed", {"reason": "jurisdiction"}),
    ):
        sent.append(agency.reports(event_type, report.dispute, **facts))
        county.settle()  # wait, so that each event is processed in a separate batch

    assert [event.receipts for event in sent] == [["receipt.accepted", "receipt.applied"]] * 3
    assert county.rows("select reported_in_lane, holds from intake.lane_records where code = %s", report.dispute) == [(True, ["hold", "stay"])]
    assert find_outside_safeguard_lane(county, report.dispute) == []


def test_a_dispute_released_from_the_safeguard_lane_is_published_as_registered_after_the_release(county):
    report = county.grid.reports_dispute(risk=NO_RISK | {"violence_threat": True})
    county.settle()
    released = county.police.reports("hold.released", report.dispute, reason="unfounded")
    county.settle()

    assert released.receipts == ["receipt.accepted", "receipt.applied"]
    assert report.receipts == ["receipt.accepted", "receipt.applied"]  # the release causes no second outcome receipt
    published_events = county.published_events(report.dispute)
    assert [event_type for producer, event_type in published_events if producer != "notify"] == ["dispute.registered", "dispute.reported"]
    assert [change["clock"] for change in county.changes_of_deadlines(report.dispute, "set")][:1] == ["screening"]
    assert find_outside_safeguard_lane(county, report.dispute, SafeguardLane.FORBIDDEN_TEXTS) == []
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    assert screened.receipts == ["receipt.accepted", "receipt.applied"] and county.state(report.dispute) == "screened"


def test_a_dispute_with_a_release_reported_late_is_published_as_registered_at_the_time_of_the_release(county):
    """The dispute, its release and its screening are reported weeks after they happened."""
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
