"""What happens when an event cannot be applied, and what can an operator do about it?"""

import json
import time

import pika
import pytest
from typer.testing import CliRunner

from plumbing.parked import app
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN, days_ago, wait_until


@pytest.fixture
def tool(county, monkeypatch):
    monkeypatch.setenv("FENGQIAO_RELAY", str(county.system.servers.folder / "relay.json"))
    monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps(county.system.servers.keys["at_rest"]))

    def tool(*words):
        result = CliRunner().invoke(app, [*map(str, words), *(["--who", "operator-wang"] if words[0] != "list" else [])])
        assert result.exit_code == 0, result.output
        return result.output

    return tool


@pytest.fixture
def broken(county):
    """broken(service, table, column, value): nothing with this value can be written, until mend() or the end of the test."""
    undo = []

    def break_it(service, table, column, value):
        remedy = f"alter table {service}.{table} drop constraint if exists broken_for_a_test"
        county.rows(f"{remedy}, add constraint broken_for_a_test check ({column} <> %s) not valid", value)
        undo.append(remedy)

    def mend():
        while undo:
            county.rows(undo.pop())

    break_it.mend = mend
    yield break_it
    mend()


def parked(county, service):
    """The one event that a person has to look at; of its six tries, over half a minute, all but the last are left out."""
    county.rows(f"update {service}.parked set attempts = 5, next_attempt_at = now() where status = 'retry' and attempts < 5")
    found = county.rows(f"select id from {service}.parked where status = 'parked'")
    return found[0][0] if found else None


def screened_but_stuck(county, broken):
    """A dispute whose routing mediation cannot write; what waits behind it."""
    report = county.womens_federation.reports_dispute()
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.settle()
    broken("mediation", "transitions", "code || word", f"{report.dispute}dispute.routed")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    wait_until(lambda: routed.receipts == ["receipt.accepted"])
    again = county.womens_federation.reports_dispute(report_no=county.rows("select report_no from intake.reports where code = %s", report.dispute)[0][0])
    row = wait_until(lambda: parked(county, "mediation"), what="the step was parked")
    return report.dispute, routed, again, row


def test_a_parked_step_is_replayed_when_the_cause_is_mended(county, broken, tool):
    code, routed, again, row = screened_but_stuck(county, broken)
    other = county.womens_federation.reports_dispute()
    wait_until(lambda: other.receipts == ["receipt.accepted", "receipt.applied"])  # another dispute goes on
    line = next(line for line in tool("list").splitlines() if code in line)
    assert "step.reported" in line and "CheckViolation 23514" in line and line.split("│")[-2].strip() == "1"
    assert routed.receipts == again.receipts == ["receipt.accepted"]

    broken.mend()
    tool("replay", "mediation", row)
    county.settle()

    assert routed.receipts == again.receipts == ["receipt.accepted", "receipt.applied"]
    assert routed.state == again.state == county.state(code) == "routed"
    assert county.rows("select who, action, subject from mediation.parked_actions where subject = %s", code) == [("operator-wang", "replay", code)]


def test_a_parked_step_is_discarded_and_the_agency_told(county, broken, tool):
    code, routed, again, row = screened_but_stuck(county, broken)
    tool("discard", "mediation", row, "--note", "the centre has withdrawn it by telephone")
    county.settle()

    assert routed.receipts == ["receipt.accepted", "receipt.rejected"]
    assert routed.refusal["code"] == "discarded_by_operator" and routed.state == "screened"
    assert again.receipts == ["receipt.accepted", "receipt.applied"]  # what waited behind it goes on
    assert county.state(code) == "screened"
    assert county.rows("select action, note from mediation.parked_actions where subject = %s", code) == [
        ("discard", "the centre has withdrawn it by telephone")
    ]
    assert county.rows("select count(*) from mediation.parked") == county.rows("select count(*) from mediation.waiting") == [(0,)]


def test_a_report_that_intake_cannot_take_is_discarded_and_the_agency_told(county, broken, tool):
    broken("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    row = wait_until(lambda: parked(county, "intake"))
    assert report.receipts == []
    assert "虚构甲" not in tool("show", "intake", row) and "虚构甲" in tool("show", "intake", row, "--body")

    tool("discard", "intake", row, "--note", "a test")
    county.settle()
    assert report.receipts == ["receipt.refused"] and report.refusal["code"] == "discarded_by_operator"
    assert county.rows("select action from intake.parked_actions where event_id = %s order by id", report.id) == [("read",), ("discard",)]


def test_a_report_that_intake_could_not_take_is_replayed(county, broken, tool):
    broken("intake", "disputes", "registered_by", "grid")
    report = county.grid.reports_dispute()
    row = wait_until(lambda: parked(county, "intake"))
    broken.mend()
    tool("replay", "intake", row)
    county.settle()

    assert report.receipts == ["receipt.accepted", "receipt.applied"]


def test_what_waited_behind_a_report_and_fails_itself_is_not_forgotten(county, broken):
    """Agencies' events have no number of their own: when the first is in and the second is not, the second must still have its turn."""
    subject = f"GRID-{time.time_ns()}"
    first, second = (f"{subject}-{which}" for which in ("first", "second"))
    broken("intake", "log", "event_id", first)
    say_plainly(county, "grid", first, subject)
    wait_until(lambda: county.rows("select 1 from intake.parked where event_id = %s", first))
    say_plainly(county, "grid", second, subject)
    wait_until(lambda: county.rows("select 1 from intake.waiting where event_id = %s", second))

    broken("intake", "log", "event_id", second)  # the first could be taken now
    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", first))
    broken.mend()

    wait_until(lambda: county.rows("select 1 from intake.log where event_id = %s", second))
    county.settle()


def say_plainly(county, agency, event_id, report_no):
    """Without the kit, which would hold the second back until the first is answered."""
    data = {"report_no": report_no, "channel": "grid", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}
    envelope = {"specversion": "1.0", "id": event_id, "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": report_no,
                "time": days_ago(0).isoformat(), "datacontenttype": "application/json", "data": data}  # fmt: skip
    connection = pika.BlockingConnection(pika.URLParameters(county.system.endpoints["agencies"][agency]["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event_id, user_id=agency)
    channel.basic_publish("agencies", f"{agency}.dispute.reported", json.dumps(envelope).encode(), properties)
    connection.close()


def test_a_listener_that_cannot_write_holds_up_nobody_else(county, broken, tool):
    """The read model is stuck on one dispute: its life goes on."""
    report = county.womens_federation.reports_dispute()
    county.settle()
    broken("metrics", "timeline", "code || type", f"{report.dispute}dispute.screened")
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    row = wait_until(lambda: parked(county, "metrics"))
    assert (screened.state, routed.state) == ("screened", "routed")
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("registered",)]

    broken.mend()
    tool("replay", "metrics", row)
    county.settle()
    assert county.rows("select state from metrics.disputes where code = %s", report.dispute) == [("routed",)]
