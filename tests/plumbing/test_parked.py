"""What can an operator do about an event that could not be applied, and is it written down?"""

import base64
import json

import pika
import pytest
from typer.testing import CliRunner

from contracts.channels import DEAD_LETTERS, UNROUTED, agency_queue, queue_of
from plumbing.events import Delivery
from plumbing.parked import app
from tests.apart import KEY
from tests.county import wait_until
from tests.plumbing.conftest import A, B, heard

NOTIFY_QUEUE = queue_of("notify", "mediation", 0)


@pytest.fixture
def tool(fresh, tmp_path, monkeypatch):
    """tool("list", …) is what the operator types; it gives what is printed, and fails if the tool does."""
    places = tmp_path / "relay.json"
    places.write_text(json.dumps({name: {"database": url} for name, url in fresh.databases.items()}))
    monkeypatch.setenv("FENGQIAO_RELAY", str(places))
    monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps({"notify": base64.b64encode(KEY).decode()}))
    monkeypatch.setenv("AMQP_URI", fresh.amqp("admin"))
    monkeypatch.setenv("USER", "operator-wang")
    monkeypatch.setenv("LOGNAME", "operator-wang")

    def tool(*words, code=0):
        result = CliRunner().invoke(app, list(map(str, words)))
        assert result.exit_code == code, result.output
        return result.output

    return tool


@pytest.fixture
def park(listener):
    """park(event, reason) leaves it to a person; returns its number."""

    def park(event, reason="KeyError at domain.py:7"):
        listener.parks(event, reason)
        with listener.pool.transaction() as tx:
            return tx.rows("select max(id) from parked")[0][0]

    return park


def actions(apart):
    return apart.rows("select who, action, source, subject, event_id, note from notify.parked_actions order by id")


def test_the_list_says_what_is_parked_why_and_what_waits_behind_it(tool, park, listener):
    assert "nothing is parked" in tool("list")
    number = park(heard(1))
    listener.hears(heard(2), heard(3))
    park(heard(1, B), "ValueError at rules.py:12")

    lines = [line for line in tool("list").splitlines() if "notify" in line]
    assert len(lines) == 2
    assert [word in lines[0] for word in (f" {number} ", "parked", "mediation", A, f"{A}/1", "step.applied", "KeyError at domain.py:7")] == [True] * 7
    assert lines[0].split("│")[-2].strip() == "2" and lines[1].split("│")[-2].strip() == "0"
    assert "ValueError" not in tool("list", "--service", "intake")


def test_what_an_event_carries_is_shown_only_when_asked_and_that_is_written_down(tool, park, fresh):
    event = heard(1)
    event.delivery = Delivery('{"parties": [{"name": "虚构甲"}]}'.encode(), user_id="police")
    number = park(event)

    assert "虚构甲" not in tool("show", "notify", number)
    assert actions(fresh) == []
    assert "虚构甲" in tool("show", "notify", number, "--body")
    assert actions(fresh) == [("operator-wang", "read", "mediation", A, f"{A}/1", "")]
    assert "operator-wang read" in tool("show", "notify", number)


def test_without_the_key_at_rest_nothing_can_be_read(tool, park, monkeypatch, fresh):
    number = park(heard(1))
    for keys in ({}, {"notify": base64.b64encode(bytes(32)).decode()}):
        monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps(keys))
        tool("show", "notify", number, "--body", code=2)
    assert actions(fresh) == []


def test_a_replayed_event_is_due_at_once(tool, park, fresh):
    number = park(heard(1))
    park(heard(1, B))
    tool("replay", "notify", number, "--note", "mended")

    assert fresh.rows("select subject, status, next_attempt_at <= now() from notify.parked order by id") == [(A, "retry", True), (B, "parked", None)]
    assert actions(fresh) == [("operator-wang", "replay", "mediation", A, f"{A}/1", "mended")]


@pytest.mark.parametrize(
    ("which", "replayed"), [(["--all"], [A, B]), (["--reason", "KeyError"], [A]), (["--type", "deadline.set"], [B]), (["--type", "x"], [])]
)
def test_many_are_replayed_by_what_they_have_in_common(tool, park, fresh, which, replayed):
    park(heard(1))
    park(heard(1, B, type="deadline.set"), "ValueError at rules.py:12")
    tool("replay", *which)

    assert [subject for (subject,) in fresh.rows("select subject from notify.parked where status = 'retry' order by id")] == replayed
    assert len(actions(fresh)) == len(replayed)


def test_replaying_names_something_or_says_all(tool, park):
    park(heard(1))

    tool("replay", code=2)
    tool("replay", "notify", 999_999_999, code=2)
    tool("replay", "nobody", 1, code=2)


def test_a_discard_says_why_and_is_handed_to_the_service(tool, park, fresh):
    number = park(heard(1))
    tool("discard", "notify", number, code=2)
    tool("discard", "notify", number, "--note", "  ", code=2)
    assert actions(fresh) == []

    tool("discard", "notify", number, "--note", "agreed with the centre by telephone", "--who", "li")
    assert fresh.rows("select status from notify.parked") == [("discard",)]
    assert actions(fresh) == [("li", "discard", "mediation", A, f"{A}/1", "agreed with the centre by telephone")]


def test_bytes_that_are_no_event_are_discarded_by_the_tool_itself(tool, park, fresh):
    lost = heard(1)
    lost.source = lost.type = "unreadable"
    lost.subject = lost.id = "f" * 64
    number = park(lost)
    tool("discard", "notify", number, "--note", "an experiment")

    assert fresh.rows("select 1 from notify.parked union all select 1 from notify.heard") == []
    assert actions(fresh) == [("operator-wang", "discard", "unreadable", "f" * 64, "f" * 64, "an experiment")]


def test_one_service_by_its_own_settings(tool, park, fresh, monkeypatch):
    number = park(heard(1))
    monkeypatch.delenv("FENGQIAO_RELAY")
    monkeypatch.setenv("FENGQIAO_SERVICE", "notify")
    monkeypatch.setenv("DATABASE_URL", fresh.databases["notify"])

    assert A in tool("list")
    tool("replay", "notify", number)


# ── dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def letters(fresh):
    """Nothing dead, nothing unrouted."""
    fresh.purge(DEAD_LETTERS, UNROUTED, NOTIFY_QUEUE, agency_queue("police"))
    yield fresh
    fresh.purge(DEAD_LETTERS, UNROUTED, NOTIFY_QUEUE, agency_queue("police"))


def die(apart, queue):
    """The broker gives up on everything in this queue."""
    channel = apart.channel()
    for _ in range(channel.queue_declare(queue, passive=True).method.message_count):
        method, _, _ = next(channel.consume(queue, inactivity_timeout=10))
        channel.basic_reject(method.delivery_tag, requeue=False)
    channel.connection.close()
    wait_until(lambda: apart.count(DEAD_LETTERS))


def test_a_dead_letter_is_seen_and_put_back_where_it_came_from(tool, letters, listener):
    subject = next(code for code in (A, B) if letters.tell("mediation", {"subject": code, "sequence": 1}) or letters.count(NOTIFY_QUEUE))
    die(letters, NOTIFY_QUEUE)
    listed = tool("dead-letters")
    assert NOTIFY_QUEUE in listed and "mediation.events 0.step.applied" in listed and "rejected" in listed
    wait_until(lambda: letters.count(DEAD_LETTERS) == 1)  # the broker puts back what was only looked at a moment after the tool has ended

    assert "sent" in tool("dead-letters", "--put-back")
    wait_until(lambda: letters.count(DEAD_LETTERS) == 0 and letters.count(NOTIFY_QUEUE) == 1)
    ((_, properties, body),) = letters.take_all(NOTIFY_QUEUE)
    assert json.loads(body)["subject"] == subject
    assert "x-death" not in (properties.headers or {})


def test_what_an_agency_sent_while_its_queue_was_not_bound_comes_back_in_its_own_name(tool, letters):
    """Intake believes only what carries the agency's name, and only the broker's administrator may write it for them."""
    admin = letters.channel()
    admin.queue_unbind(agency_queue("police"), "agencies", "police.#")
    try:
        channel = letters.channel("police")
        properties = pika.BasicProperties(user_id="police", message_id="e-1", content_type="application/json", headers={"ce-id": "e-1"}, delivery_mode=2)
        channel.basic_publish("agencies", "police.dispute.reported", b"{}", properties)
        channel.connection.close()
        wait_until(lambda: letters.count(UNROUTED))
    finally:
        admin.queue_bind(agency_queue("police"), "agencies", "police.#")
        admin.connection.close()

    tool("dead-letters", "--put-back", "--id", "e-1")
    ((method, properties, body),) = letters.take_all(agency_queue("police"))
    assert (method.routing_key, properties.user_id, properties.message_id, properties.headers, body) == (
        "police.dispute.reported", "police", "e-1", {"ce-id": "e-1"}, b"{}",
    )  # fmt: skip


def test_what_an_agency_sent_to_nowhere_is_seen_and_goes_on_when_there_is_a_queue(tool, letters):
    channel = letters.channel()
    channel.basic_publish("agencies", "newcomer.dispute.reported", b"{}", pika.BasicProperties(message_id="e-2", delivery_mode=2))
    wait_until(lambda: letters.count(UNROUTED))
    assert "agencies newcomer.dispute.reported" in tool("dead-letters", "--queue", UNROUTED)

    channel.queue_bind(agency_queue("police"), "agencies", "newcomer.#")
    try:
        tool("dead-letters", "--put-back")
        wait_until(lambda: letters.count(UNROUTED) == 0 and letters.count(agency_queue("police")) == 1)
    finally:
        channel.queue_unbind(agency_queue("police"), "agencies", "newcomer.#")
        channel.connection.close()


def test_the_tool_never_shows_what_a_letter_carries(tool, letters):
    channel = letters.channel()
    channel.basic_publish("agencies", "newcomer.x", "虚构甲".encode(), pika.BasicProperties(message_id="e-3"))
    channel.connection.close()
    wait_until(lambda: letters.count(UNROUTED))

    assert "虚构甲" not in tool("dead-letters")


def test_of_the_safeguard_lane_no_line_names_the_dispute(tool, park):
    """An operator is not inside. Who asks for what is carried is written down."""
    number = park(heard(1, source="mediation-safeguard", type="safeguard.held"))

    for shown in (tool("list"), tool("show", "notify", number)):
        assert "mediation" in shown and "KeyError" in shown
        assert not [word for word in (A, "safeguard", "held", "/s1") if word in shown]
    assert A in tool("show", "notify", number, "--body")
    assert "operator-wang read" in tool("show", "notify", number)
