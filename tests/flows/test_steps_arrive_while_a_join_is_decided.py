"""Steps about a dispute arrive before the mediation service has decided a join of that dispute. They wait for the decision.

Then they take effect on the dispute to which the code refers after the decision.
"""

import json
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from contracts import AGENCY_EVENTS
from tests.county import SafeguardLane, find_outside_safeguard_lane
from tests.intake.people import person


def register_two_disputes(county, n):
    """Register two disputes and return their codes; the first is to be joined to the second."""
    police = county.police.reports_dispute(report_no=f"110-while-{n}", kind="contract", parties=[person(n), person(n + 1, "respondent")])
    grid = county.grid.reports_dispute(report_no=f"W-while-{n}", kind="consumer", parties=[person(n + 2), person(n + 3, "respondent")])
    county.settle()
    return police.dispute, grid.dispute


def post_batch(county, *events):
    """Post events of the mediation centre in one HTTP request, in this order. Each event is (type, subject, data)."""
    batch = [
        {"specversion": "1.0", "id": str(uuid4()), "source": "/agencies/mediation_centre", "type": event_type, "subject": subject,
         "time": datetime.now(UTC).isoformat(), "datacontenttype": "application/json", "data": data}
        for event_type, subject, data in events
    ]  # fmt: skip
    headers = {"Content-Type": "application/cloudevents-batch+json", **county._token("mediation_centre")}
    assert httpx.post(f"{county.system.endpoints['door']}/events", content=json.dumps(batch), headers=headers, timeout=60).status_code == 202
    county.settle()


def test_joining_a_step_and_undoing_the_join_have_the_same_result_in_one_batch_as_one_by_one(county):
    fast, slow = register_two_disputes(county, 41), register_two_disputes(county, 51)
    screened = {"suitable": True, "track": "A", "kind": "contract"}

    def steps_of_centre(ending, into):
        yield "reports.joined", ending, {"into": into}
        yield "dispute.screened", ending, screened  # the code is joined at this point, so the continuing dispute is screened
        yield "reports.unjoined", into, {"reported_by": "police"}
        yield "dispute.screened", ending, screened

    post_batch(county, *steps_of_centre(*fast))
    for event in steps_of_centre(*slow):
        post_batch(county, event)

    for ending, into in (fast, slow):
        assert county.rows("select merged_into, pending_request_seq from intake.disputes where code = any(%s)", [ending, into]) == [(None, None)] * 2
        assert (county.state_from_history(ending), county.state_from_history(into)) == (county.state(ending), county.state(into)) == ("screened", "screened")
    assert county.rows("select count(*) from intake.waiting_steps") == county.rows("select count(*) from intake.join_requests") == [(0,)]


def test_each_step_that_waits_for_a_join_gets_one_outcome_with_the_code_of_the_continuing_dispute(county):
    ending, into = register_two_disputes(county, 61)
    joined = county.mediation_centre.reports("reports.joined", ending, into=into)
    screened = county.mediation_centre.reports("dispute.screened", ending, suitable=True, track="A", kind="contract")
    county.settle()

    assert joined.receipts == screened.receipts == ["receipt.accepted", "receipt.applied"]
    assert (screened.dispute, county.state(ending), county.state(into)) == (into, "closed", "screened")
    sequences = county.rows("select last_sequence from intake.spoken where subject = any(%s) and source = 'intake' order by subject", [ending, into])
    heard = county.rows("select last_sequence from mediation.heard where subject = any(%s) and source = 'intake' order by subject", [ending, into])
    assert sequences == heard


def test_steps_that_waited_for_a_refused_join_take_effect_on_their_own_dispute(county):
    ending, into = register_two_disputes(county, 71)
    county.court.reports("dispute.stayed", ending, reason="jurisdiction")
    county.settle()
    joined = county.mediation_centre.reports("reports.joined", ending, into=into)
    again = county.grid.reports("dispute.reported", ending, **AGENCY_EVENTS["dispute.reported"].example)
    county.settle()

    assert joined.receipts == ["receipt.accepted", "receipt.rejected"] and joined.refusal["code"] == "stayed"
    assert (again.dispute, again.receipts) == (ending, ["receipt.accepted", "receipt.applied"])
    assert ("intake", "dispute.merged") not in county.published_events(ending) and ("intake", "dispute.unmerged") not in county.published_events(ending)


def test_a_police_warning_about_a_joined_code_holds_the_continuing_dispute(county):
    ending, into = register_two_disputes(county, 81)
    joined = county.mediation_centre.reports("reports.joined", ending, into=into)
    warning = county.police.reports("dv.warning_issued", ending)
    county.settle()

    holds = county.rows("select code from intake.lane_records where holds <> '{}' and code = any(%s)", [ending, into])
    held = into if joined.receipts[-1] == "receipt.applied" else ending
    assert warning.receipts == ["receipt.accepted", "receipt.applied"] and (held,) in holds
    screened = county.mediation_centre.reports("dispute.screened", held, suitable=True, track="A", kind="contract")
    county.settle()
    assert screened.refusal["code"] == "stayed"
    assert find_outside_safeguard_lane(county, held, SafeguardLane.FORBIDDEN_TEXTS) == []
