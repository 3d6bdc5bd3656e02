"""An agency states with agency.alive up to which time it has reported everything, over AMQP with the kit or over HTTP. Intake publishes its watermark."""

from datetime import UTC, datetime, timedelta

import httpx

from contracts.channels import DEFAULT_PARTITIONS
from tests.county import structured_event, wait_until

AGENCY = "ip_mediation"  # no other test reports in the name of this agency after the times below
UP_TO = datetime(2026, 11, 20, 9, tzinfo=UTC)
PUBLISHED_SQL = "select published_up_to from intake.watermarks where agency = %s and published_up_to >= %s"
HEARD_SQL = "select count(*) from {listener}.heard where source = 'intake' and subject like 'partition-%%'"


def test_a_statement_with_the_kit_is_confirmed_and_published_to_the_listeners(county):
    before = datetime.now(UTC)
    report = county.police.reports_dispute(time=before)
    county.police.agency.alive(before)

    wait_until(lambda: (county.police.agency.confirmed_up_to() or UP_TO) >= before, what="the hub's confirmation")
    wait_until(lambda: county.rows(PUBLISHED_SQL, county.police.code, before), what="the published watermark")
    county.settle()

    assert "receipt.accepted" in report.receipts
    for listener in ("mediation", "metrics"):
        assert county.rows(HEARD_SQL.format(listener=listener)) == [(DEFAULT_PARTITIONS,)]


def test_a_statement_over_http_is_answered_in_the_response_and_has_no_position_among_the_receipts(county):
    endpoints = county.system.endpoints
    headers = {"Authorization": f"Bearer {endpoints['agencies'][AGENCY]['token']}", "Content-Type": "application/cloudevents+json"}
    event = structured_event(AGENCY, "agency.alive") | {"subject": AGENCY, "data": {"up_to": UP_TO.isoformat()}}
    position = httpx.get(f"{endpoints['door']}/receipts", headers=headers, params={"after": 0}, trust_env=False).headers["Fengqiao-Position"]

    answers = [httpx.post(f"{endpoints['door']}/events", json=event, headers=headers, trust_env=False) for _ in range(2)]
    in_future = event | {"id": "ahead", "data": {"up_to": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}}
    refused = httpx.post(f"{endpoints['door']}/events", json=in_future, headers=headers, trust_env=False)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[0].json()["data"] == {"event": {"source": event["source"], "id": event["id"]}, "up_to": UP_TO.isoformat()}
    assert (refused.status_code, refused.json()["data"]["reason"]["code"]) == (422, "in_the_future")
    receipts = httpx.get(f"{endpoints['door']}/receipts", headers=headers, params={"after": position}, trust_env=False).json()
    assert [receipt["type"] for receipt in receipts] == ["receipt.refused"]
    wait_until(lambda: county.rows(PUBLISHED_SQL, AGENCY, UP_TO), what="the published watermark")
