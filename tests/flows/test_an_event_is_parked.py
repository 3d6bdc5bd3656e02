"""A service cannot process an event. The event is parked, and only events about the same dispute wait; an operator replays or discards it."""

import json
import time

import pika
import pytest
from typer.testing import CliRunner

from plumbing.parked import app
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN, days_ago, wait_until


@pytest.fixture
def run_parked_events_tool(county, monkeypatch):
    """Return a function that runs the command for parked events and returns its output."""
    monkeypatch.setenv("FENGQIAO_RELAY", str(county.system.servers.folder / "relay.json"))
    monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps(county.system.servers.keys["at_rest"]))

    def run_parked_events_tool(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), *(["--who", "operator-wang"] if arguments[0] != "list" else [])])
        assert result.exit_code == 0, result.output
        return result.output

    return run_parked_events_tool


@pytest.fixture
def reject_writes(county):
    """Return a function that makes the database reject rows with a given value of a column, until restore() is called or the test ends."""
    statements = []

    def reject_value(service, table, column, value):
        remedy = f"alter table {service}.{table} drop constraint if exists broken_for_a_test"
        county.rows(f"{remedy}, add constraint broken_for_a_test check ({column} <> %s) not valid", value)
        statements.append(remedy)

    def restore():
        while statements:
            county.rows(statements.pop())

    reject_value.restore = restore
    yield reject_value
    restore()


def find_parked_event(county, service):
    """Return the id of the parked event, or None. Five of the six retries are skipped to save half a minute."""
    county.rows(f"update {service}.parked set attempts = 5, next_attempt_at = now() where status = 'retry' and attempts < 5")
    found = county.rows(f"select id from {service}.parked where status = 'parked'")
    return found[0][0] if found else None


def dispute_with_parked_routing(county, reject_writes):
    """Make the mediation service park the routing step of a dispute.

    Return the dispute code, the routing step, a later report that waits behind it, and the id of the parked event.
    """
    report = county.womens_federation.reports_dispute()
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    reject_writes("mediation", "transitions", "code || event_type", f"{report.dispute}dispute.routed")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    wait_until(lambda: routed.receipts == ["receipt.accepted"])
    again = county.womens_federation.reports_dispute(report_no=county.rows("select report_no from intake.reports where code = %s", report.dispute)[0][0])
    parked_id = wait_until(lambda: find_parked_event(county, "mediation"), what="the step was parked")
    return report.dispute, routed, again, parked_id


def test_a_parked_step_is_processed_when_an_operator_replays_it_after_the_fault_is_removed(county, reject_writes, run_parked_events_tool):
    code, routed, again, parked_id = dispute_with_parked_routing(county, reject_writes)
    other = county.womens_federation.reports_dispute()
    wait_until(lambda: other.receipts == ["receipt.accepted", "receipt.applied"])  # events about other disputes are processed
    line = next(line for line in run_parked_events_tool("list").splitlines() if code in line)
    assert "step.reported" in line and "CheckViolation 23514" in line and line.split("│")[-2].strip() == "1"
    assert routed.receipts == again.receipts == ["receipt.accepted"]

    reject_writes.restore()
    run_parked_events_tool("replay", "mediation", parked_id)
    county.settle()

    assert routed.receipts == again.receipts == ["receipt.accepted", "receipt.applied"]
    assert routed.state == again.state == county.state(code) == "routed"
    assert county.rows("select who, action, subject from mediation.parked_actions where subject = %s", code) == [("operator-wang", "replay", code)]


def test_a_parked_step_that_an_operator_discards_is_rejected_and_later_events_are_processed(county, reject_writes, run_parked_events_tool):
    code, routed, again, parked_id = dispute_with_parked_routing(county, reject_writes)
    run_parked_events_tool("discard", "mediation", parked_id, "--note", "the centre has withdrawn it by telephone")
    county.settle()

    assert routed.receipts == ["receipt.accepted", "receipt.rejected"]
    assert routed.refusal["code"] == "discarded_by_operator" and routed.state == "screened"
    assert again.receipts == ["receipt.accepted", "receipt.applied"]  # the report that waited is processed
    assert county.state(code) == "screened"
    assert county.rows("select action, note from mediation.parked_actions where subject = %s", code) == [
        ("discard", "the centre has withdrawn it by telephone")
    ]
    assert county.rows("select count(*) from mediation.parked") == county.rows("select count(*) from mediation.waiting") == [(0,)]


def test_a_report_that_is_parked_in_intake_and_discarded_by_an_operator_is_refused(county, reject_writes, run_parked_events_tool):
    reject_writes("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    parked_id = wait_until(lambda: find_parked_event(county, "intake"))
    assert report.receipts == []
    assert "虚构甲" not in run_parked_events_tool("show", "intake", parked_id) and "虚构甲" in run_parked_events_tool("show", "intake", parked_id, "--body")

    run_parked_events_tool("discard", "intake", parked_id, "--note", "a test")
    county.settle()
    assert report.receipts == ["receipt.refused"] and report.refusal["code"] == "discarded_by_operator"
    assert county.rows("select action from intake.parked_actions where event_id = %s order by id", report.id) == [("read",), ("discard",)]


def test_a_report_that_is_parked_in_intake_and_replayed_by_an_operator_is_applied(county, reject_writes, run_parked_events_tool):
    reject_writes("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    parked_id = wait_until(lambda: find_parked_event(county, "intake"))
    reject_writes.restore()
    run_parked_events_tool("replay", "intake", parked_id)
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"]


def test_an_event_that_waited_behind_a_parked_report_and_then_fails_is_retried(county, reject_writes):
    """Agencies' events have no sequence number, so a waiting event that fails is processed again only by the retry."""
    subject = f"GRID-{time.time_ns()}"
    first, second = (f"{subject}-{which}" for which in ("first", "second"))
    reject_writes("intake", "log", "event_id", first)
    publish_without_kit(county, "grid", first, subject)
    wait_until(lambda: county.rows("select 1 from intake.parked where event_id = %s", first))
    publish_without_kit(county, "grid", second, subject)
    wait_until(lambda: county.rows("select 1 from intake.waiting where event_id = %s", second))

    reject_writes("intake", "log", "event_id", second)  # from now on, the first event can be written and the second cannot
    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", first))
    reject_writes.restore()

    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", second))
    county.settle()


def publish_without_kit(county, agency, event_id, report_no):
    """Publish a dispute report without the agency client library (kit), which would wait for a receipt before it sends the next event."""
    data = {"report_no": report_no, "channel": "grid", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}
    envelope = {"specversion": "1.0", "id": event_id, "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": report_no,
                "time": days_ago(0).isoformat(), "datacontenttype": "application/json", "data": data}  # fmt: skip
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][agency]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event_id, user_id=agency)
    channel.basic_publish("agencies", f"{agency}.dispute.reported", json.dumps(envelope).encode(), properties)
    connection.close()


def test_a_service_that_cannot_process_an_event_does_not_delay_other_services(county, reject_writes, run_parked_events_tool):
    """The metrics service cannot write an event of one dispute; the services mediation and notify continue."""
    report = county.womens_federation.reports_dispute()
    county.settle()
    reject_writes("metrics", "timeline", "code || type", f"{report.dispute}dispute.screened")
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    parked_id = wait_until(lambda: find_parked_event(county, "metrics"))
    wait_until(lambda: screened.receipts == routed.receipts == ["receipt.accepted", "receipt.applied"])
    assert (screened.state, routed.state) == ("screened", "routed")
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("registered",)]

    reject_writes.restore()
    run_parked_events_tool("replay", "metrics", parked_id)
    county.settle()
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("routed",)]
