"""A service cannot process an event. The event is parked and only its own dispute waits; an operator replays or discards it."""

import json
import time

import pika
import pytest
from typer.testing import CliRunner

from plumbing.parked import app
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN, days_ago, wait_until


@pytest.fixture
def run_tool(county, monkeypatch):
    monkeypatch.setenv("FENGQIAO_RELAY", str(county.system.servers.folder / "relay.json"))
    monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps(county.system.servers.keys["at_rest"]))

    def run_tool(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), *(["--who", "operator-wang"] if arguments[0] != "list" else [])])
        assert result.exit_code == 0, result.output
        return result.output

    return run_tool


@pytest.fixture
def reject_writes(county):
    """Return a function that makes the database refuse rows with this value of a column until restore() or the end of the test."""
    statements = []

    def reject(service, table, column, value):
        remedy = f"alter table {service}.{table} drop constraint if exists broken_for_a_test"
        county.rows(f"{remedy}, add constraint broken_for_a_test check ({column} <> %s) not valid", value)
        statements.append(remedy)

    def restore():
        while statements:
            county.rows(statements.pop())

    reject.restore = restore
    yield reject
    restore()


def parked_row(county, service):
    """Return the number of the parked event, or None. Five of the six tries are skipped to save half a minute."""
    county.rows(f"update {service}.parked set attempts = 5, next_attempt_at = now() where status = 'retry' and attempts < 5")
    found = county.rows(f"select id from {service}.parked where status = 'parked'")
    return found[0][0] if found else None


def dispute_with_parked_routing(county, reject_writes):
    """Park the routing of a dispute in mediation. Return its code, the routing, a later report that waits behind it, and the parked row's number."""
    report = county.womens_federation.reports_dispute()
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    reject_writes("mediation", "transitions", "code || event_type", f"{report.dispute}dispute.routed")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    wait_until(lambda: routed.receipts == ["receipt.accepted"])
    again = county.womens_federation.reports_dispute(report_no=county.rows("select report_no from intake.reports where code = %s", report.dispute)[0][0])
    row = wait_until(lambda: parked_row(county, "mediation"), what="the step was parked")
    return report.dispute, routed, again, row


def test_a_parked_step_is_replayed_after_its_cause_is_removed(county, reject_writes, run_tool):
    code, routed, again, row = dispute_with_parked_routing(county, reject_writes)
    other = county.womens_federation.reports_dispute()
    wait_until(lambda: other.receipts == ["receipt.accepted", "receipt.applied"])  # other disputes are processed
    line = next(line for line in run_tool("list").splitlines() if code in line)
    assert "step.reported" in line and "CheckViolation 23514" in line and line.split("│")[-2].strip() == "1"
    assert routed.receipts == again.receipts == ["receipt.accepted"]

    reject_writes.restore()
    run_tool("replay", "mediation", row)
    county.settle()

    assert routed.receipts == again.receipts == ["receipt.accepted", "receipt.applied"]
    assert routed.state == again.state == county.state(code) == "routed"
    assert county.rows("select who, action, subject from mediation.parked_actions where subject = %s", code) == [("operator-wang", "replay", code)]


def test_a_discarded_step_is_rejected_and_later_events_are_processed(county, reject_writes, run_tool):
    code, routed, again, row = dispute_with_parked_routing(county, reject_writes)
    run_tool("discard", "mediation", row, "--note", "the centre has withdrawn it by telephone")
    county.settle()

    assert routed.receipts == ["receipt.accepted", "receipt.rejected"]
    assert routed.refusal["code"] == "discarded_by_operator" and routed.state == "screened"
    assert again.receipts == ["receipt.accepted", "receipt.applied"]  # the waiting report is processed
    assert county.state(code) == "screened"
    assert county.rows("select action, note from mediation.parked_actions where subject = %s", code) == [
        ("discard", "the centre has withdrawn it by telephone")
    ]
    assert county.rows("select count(*) from mediation.parked") == county.rows("select count(*) from mediation.waiting") == [(0,)]


def test_a_report_parked_in_intake_is_discarded_and_the_agency_gets_a_refusal(county, reject_writes, run_tool):
    reject_writes("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    row = wait_until(lambda: parked_row(county, "intake"))
    assert report.receipts == []
    assert "虚构甲" not in run_tool("show", "intake", row) and "虚构甲" in run_tool("show", "intake", row, "--body")

    run_tool("discard", "intake", row, "--note", "a test")
    county.settle()
    assert report.receipts == ["receipt.refused"] and report.refusal["code"] == "discarded_by_operator"
    assert county.rows("select action from intake.parked_actions where event_id = %s order by id", report.id) == [("read",), ("discard",)]


def test_a_report_parked_in_intake_is_replayed(county, reject_writes, run_tool):
    reject_writes("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    row = wait_until(lambda: parked_row(county, "intake"))
    reject_writes.restore()
    run_tool("replay", "intake", row)
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"]


def test_an_event_that_waits_behind_a_parked_report_and_fails_itself_is_retried(county, reject_writes):
    """Agencies' events have no sequence number, so nothing but the retry brings the second one back."""
    subject = f"GRID-{time.time_ns()}"
    first, second = (f"{subject}-{which}" for which in ("first", "second"))
    reject_writes("intake", "log", "event_id", first)
    publish_without_kit(county, "grid", first, subject)
    wait_until(lambda: county.rows("select 1 from intake.parked where event_id = %s", first))
    publish_without_kit(county, "grid", second, subject)
    wait_until(lambda: county.rows("select 1 from intake.waiting where event_id = %s", second))

    reject_writes("intake", "log", "event_id", second)  # the first one can be written now
    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", first))
    reject_writes.restore()

    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", second))
    county.settle()


def publish_without_kit(county, agency, event_id, report_no):
    """Publish a report without the kit, which would send the second one only after the first was answered."""
    data = {"report_no": report_no, "channel": "grid", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}
    envelope = {"specversion": "1.0", "id": event_id, "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": report_no,
                "time": days_ago(0).isoformat(), "datacontenttype": "application/json", "data": data}  # fmt: skip
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][agency]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event_id, user_id=agency)
    channel.basic_publish("agencies", f"{agency}.dispute.reported", json.dumps(envelope).encode(), properties)
    connection.close()


def test_a_failing_listener_delays_no_other_service(county, reject_writes, run_tool):
    """Metrics cannot write one dispute; mediation and notify continue."""
    report = county.womens_federation.reports_dispute()
    county.settle()
    reject_writes("metrics", "timeline", "code || type", f"{report.dispute}dispute.screened")
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    row = wait_until(lambda: parked_row(county, "metrics"))
    assert (screened.state, routed.state) == ("screened", "routed")
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("registered",)]

    reject_writes.restore()
    run_tool("replay", "metrics", row)
    county.settle()
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("routed",)]
