"""Tests of the operator's tool for parked events and dead letters (plumbing.parked): its output, its effects and the recorded actions."""

import base64
import json

import pika
import pytest
from typer.testing import CliRunner

from contracts.channels import DEAD_LETTERS, UNROUTED, agency_queue, partition_of, queue_of
from plumbing.events import Delivery
from plumbing.parked import app
from tests.county import wait_until
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B, make_event
from tests.sandbox import AT_REST_KEY

NOTIFY_QUEUE = queue_of("notify", "mediation", 0)


@pytest.fixture
def run_tool(empty_sandbox, tmp_path, monkeypatch):
    """Function that runs the parked tool with these arguments, asserts its exit code and returns its output."""
    connections = tmp_path / "relay.json"
    connections.write_text(json.dumps({name: {"database": url} for name, url in empty_sandbox.databases.items()}))
    monkeypatch.setenv("FENGQIAO_RELAY", str(connections))
    monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps({"notify": base64.b64encode(AT_REST_KEY).decode()}))
    monkeypatch.setenv("AMQP_URI", empty_sandbox.amqp("admin"))
    monkeypatch.setenv("USER", "operator-wang")
    monkeypatch.setenv("LOGNAME", "operator-wang")

    def run_tool(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return result.output

    return run_tool


@pytest.fixture
def park(listener):
    """Function that stores an event as parked and returns its number in the list of parked events."""

    def park(event, reason="KeyError at domain.py:7"):
        listener.park(event, reason)
        with listener.pool.transaction() as tx:
            return tx.rows("select max(id) from parked")[0][0]

    return park


def load_operator_actions(sandbox):
    return sandbox.rows("select who, action, source, subject, event_id, note from notify.parked_actions order by id")


def test_the_list_command_shows_parked_events_with_reason_and_number_of_waiting_events(run_tool, park, listener):
    assert "no event is parked" in run_tool("list")
    number = park(make_event(1))
    listener.hear(make_event(2), make_event(3))
    park(make_event(1, DISPUTE_B), "ValueError at rules.py:12")

    lines = [line for line in run_tool("list").splitlines() if "notify" in line]
    assert len(lines) == 2
    assert [word in lines[0] for word in (f" {number} ", "parked", "mediation", DISPUTE_A, f"{DISPUTE_A}/1", "step.applied", "KeyError at domain.py:7")] == [
        True
    ] * 7
    assert lines[0].split("│")[-2].strip() == "2" and lines[1].split("│")[-2].strip() == "0"
    assert "ValueError" not in run_tool("list", "--service", "intake")


def test_the_show_command_shows_event_content_only_with_the_body_option_and_records_that(run_tool, park, empty_sandbox):
    event = make_event(1)
    event.delivery = Delivery('{"parties": [{"name": "虚构甲"}]}'.encode(), user_id="police")
    number = park(event)

    assert "虚构甲" not in run_tool("show", "notify", number)
    assert load_operator_actions(empty_sandbox) == []
    assert "虚构甲" in run_tool("show", "notify", number, "--body")
    assert load_operator_actions(empty_sandbox) == [("operator-wang", "read", "mediation", DISPUTE_A, f"{DISPUTE_A}/1", "")]
    assert "operator-wang read" in run_tool("show", "notify", number)


def test_the_content_of_a_parked_event_cannot_be_shown_without_the_encryption_key(run_tool, park, monkeypatch, empty_sandbox):
    number = park(make_event(1))
    for keys in ({}, {"notify": base64.b64encode(bytes(32)).decode()}):
        monkeypatch.setenv("FENGQIAO_AT_REST_KEYS", json.dumps(keys))
        run_tool("show", "notify", number, "--body", code=2)
    assert load_operator_actions(empty_sandbox) == []


def test_an_event_replayed_by_an_operator_is_due_for_a_retry_at_once(run_tool, park, empty_sandbox):
    number = park(make_event(1))
    park(make_event(1, DISPUTE_B))
    run_tool("replay", "notify", number, "--note", "mended")

    assert empty_sandbox.rows("select subject, status, next_attempt_at <= now() from notify.parked order by id") == [
        (DISPUTE_A, "retry", True),
        (DISPUTE_B, "parked", None),
    ]
    assert load_operator_actions(empty_sandbox) == [("operator-wang", "replay", "mediation", DISPUTE_A, f"{DISPUTE_A}/1", "mended")]


@pytest.mark.parametrize(
    ("options", "replayed"),
    [(["--all"], [DISPUTE_A, DISPUTE_B]), (["--reason", "KeyError"], [DISPUTE_A]), (["--type", "deadline.set"], [DISPUTE_B]), (["--type", "x"], [])],
)
def test_the_replay_command_selects_parked_events_by_type_by_reason_or_all_of_them(run_tool, park, empty_sandbox, options, replayed):
    park(make_event(1))
    park(make_event(1, DISPUTE_B, type="deadline.set"), "ValueError at rules.py:12")
    run_tool("replay", *options)

    assert [subject for (subject,) in empty_sandbox.rows("select subject from notify.parked where status = 'retry' order by id")] == replayed
    assert len(load_operator_actions(empty_sandbox)) == len(replayed)


def test_the_replay_command_is_refused_without_a_valid_selection_of_events(run_tool, park):
    park(make_event(1))

    run_tool("replay", code=2)
    run_tool("replay", "notify", 999_999_999, code=2)
    run_tool("replay", "nobody", 1, code=2)


def test_the_discard_command_requires_a_reason_and_only_marks_the_event_for_the_service(run_tool, park, empty_sandbox):
    number = park(make_event(1))
    run_tool("discard", "notify", number, code=2)
    run_tool("discard", "notify", number, "--note", "  ", code=2)
    assert load_operator_actions(empty_sandbox) == []

    run_tool("discard", "notify", number, "--note", "agreed with the centre by telephone", "--who", "li")
    assert empty_sandbox.rows("select status from notify.parked") == [("discard",)]
    assert load_operator_actions(empty_sandbox) == [("li", "discard", "mediation", DISPUTE_A, f"{DISPUTE_A}/1", "agreed with the centre by telephone")]


def test_the_discard_command_deletes_an_unreadable_message_itself(run_tool, park, empty_sandbox):
    unreadable = make_event(1)
    unreadable.source = unreadable.type = "unreadable"
    unreadable.subject = unreadable.id = "f" * 64
    number = park(unreadable)
    run_tool("discard", "notify", number, "--note", "an experiment")

    assert empty_sandbox.rows("select 1 from notify.parked union all select 1 from notify.heard") == []
    assert load_operator_actions(empty_sandbox) == [("operator-wang", "discard", "unreadable", "f" * 64, "f" * 64, "an experiment")]


def test_the_tool_for_parked_events_needs_only_the_settings_of_its_service(run_tool, park, empty_sandbox, monkeypatch):
    number = park(make_event(1))
    monkeypatch.delenv("FENGQIAO_RELAY")
    monkeypatch.setenv("FENGQIAO_SERVICE", "notify")
    monkeypatch.setenv("DATABASE_URL", empty_sandbox.databases["notify"])

    assert DISPUTE_A in run_tool("list")
    run_tool("replay", "notify", number)


# ── dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def empty_queues(empty_sandbox):
    """The sandbox; the queues that these tests use are emptied before and after the test."""
    empty_sandbox.purge(DEAD_LETTERS, UNROUTED, NOTIFY_QUEUE, agency_queue("police"))
    yield empty_sandbox
    empty_sandbox.purge(DEAD_LETTERS, UNROUTED, NOTIFY_QUEUE, agency_queue("police"))


def reject_all_messages(sandbox, queue):
    """Reject every message of this queue, so that the broker moves the messages to the dead-letter queue."""
    channel = sandbox.channel()
    for _ in range(channel.queue_declare(queue, passive=True).method.message_count):
        method, _, _ = next(channel.consume(queue, inactivity_timeout=10))
        channel.basic_reject(method.delivery_tag, requeue=False)
    channel.connection.close()
    wait_until(lambda: sandbox.count(DEAD_LETTERS))


def test_the_dead_letters_command_lists_a_dead_letter_and_puts_it_back_into_its_queue(run_tool, empty_queues, listener):
    subject = next(
        code for code in (DISPUTE_A, DISPUTE_B) if empty_queues.publish("mediation", {"subject": code, "sequence": 1}) or empty_queues.count(NOTIFY_QUEUE)
    )
    reject_all_messages(empty_queues, NOTIFY_QUEUE)
    listed = run_tool("dead-letters")
    assert NOTIFY_QUEUE in listed and "mediation.events 0.step.applied" in listed and "rejected" in listed
    wait_until(lambda: empty_queues.count(DEAD_LETTERS) == 1)  # the broker requeues the listed messages shortly after the tool has ended

    assert "sent" in run_tool("dead-letters", "--put-back")
    wait_until(lambda: empty_queues.count(DEAD_LETTERS) == 0 and empty_queues.count(NOTIFY_QUEUE) == 1)
    ((_, properties, body),) = empty_queues.take_all(NOTIFY_QUEUE)
    assert json.loads(body)["subject"] == subject
    assert "x-death" not in (properties.headers or {})


def test_a_bundle_that_was_delivered_too_often_is_listed_and_put_back_complete(run_tool, empty_queues):
    """After twenty returns, for example because the process was killed each time, the broker moves the whole bundle to the dead letters."""
    subject = next(code for code in (DISPUTE_A, DISPUTE_B) if partition_of(code) == 0)
    empty_queues.publish_bundle("mediation", *({"subject": subject, "sequence": n} for n in (1, 2, 3)))
    for returned in range(21):
        wait_until(lambda: empty_queues.count(NOTIFY_QUEUE) == 1)
        channel = empty_queues.channel()
        next(channel.consume(NOTIFY_QUEUE, inactivity_timeout=10))
        channel.connection.close()  # the broker requeues the unacknowledged message and counts the return
        if returned < 20:
            assert empty_queues.count(DEAD_LETTERS) == 0
    wait_until(lambda: empty_queues.count(DEAD_LETTERS) == 1)
    listed = run_tool("dead-letters")
    assert "delivery_limit" in listed and f"{subject}/1+2" in listed and "mediation.events 0.bundle" in listed

    wait_until(lambda: empty_queues.count(DEAD_LETTERS) == 1)
    assert "sent" in run_tool("dead-letters", "--put-back", "--id", f"{subject}/1+2")
    wait_until(lambda: empty_queues.count(DEAD_LETTERS) == 0 and empty_queues.count(NOTIFY_QUEUE) == 1)
    ((_, properties, body),) = empty_queues.take_all(NOTIFY_QUEUE)
    assert properties.content_type == "application/cloudevents-batch+json"
    assert [event["sequence"] for event in json.loads(body)] == ["1", "2", "3"]


def test_an_agencys_unroutable_event_is_put_back_with_the_user_id_of_the_agency(run_tool, empty_queues):
    """Intake accepts only messages with the agency's user id, which only the agency and the broker's administrator can set."""
    admin = empty_queues.channel()
    admin.queue_unbind(agency_queue("police"), "agencies", "police.#")
    try:
        channel = empty_queues.channel("police")
        properties = pika.BasicProperties(user_id="police", message_id="e-1", content_type="application/json", headers={"ce-id": "e-1"}, delivery_mode=2)
        channel.basic_publish("agencies", "police.dispute.reported", b"{}", properties)
        channel.connection.close()
        wait_until(lambda: empty_queues.count(UNROUTED))
    finally:
        admin.queue_bind(agency_queue("police"), "agencies", "police.#")
        admin.connection.close()

    run_tool("dead-letters", "--put-back", "--id", "e-1")
    ((method, properties, body),) = empty_queues.take_all(agency_queue("police"))
    assert (method.routing_key, properties.user_id, properties.message_id, properties.headers, body) == (
        "police.dispute.reported", "police", "e-1", {"ce-id": "e-1"}, b"{}",
    )  # fmt: skip


def test_an_unroutable_event_is_listed_and_can_be_put_back_after_a_queue_was_bound(run_tool, empty_queues):
    channel = empty_queues.channel()
    channel.basic_publish("agencies", "newcomer.dispute.reported", b"{}", pika.BasicProperties(message_id="e-2", delivery_mode=2))
    wait_until(lambda: empty_queues.count(UNROUTED))
    assert "agencies newcomer.dispute.reported" in run_tool("dead-letters", "--queue", UNROUTED)

    channel.queue_bind(agency_queue("police"), "agencies", "newcomer.#")
    try:
        run_tool("dead-letters", "--put-back")
        wait_until(lambda: empty_queues.count(UNROUTED) == 0 and empty_queues.count(agency_queue("police")) == 1)
    finally:
        channel.queue_unbind(agency_queue("police"), "agencies", "newcomer.#")
        channel.connection.close()


def test_the_list_of_dead_letters_shows_no_message_content(run_tool, empty_queues):
    channel = empty_queues.channel()
    channel.basic_publish("agencies", "newcomer.x", "虚构甲".encode(), pika.BasicProperties(message_id="e-3"))
    channel.connection.close()
    wait_until(lambda: empty_queues.count(UNROUTED))

    assert "虚构甲" not in run_tool("dead-letters")


def test_a_parked_event_of_the_safeguard_lane_is_listed_without_its_dispute_code(run_tool, park):
    """Operators may not see which disputes are in the safeguard lane, except with `show --body`, which is recorded."""
    number = park(make_event(1, source="mediation-safeguard", type="safeguard.held"))

    for shown in (run_tool("list"), run_tool("show", "notify", number)):
        assert "mediation" in shown and "KeyError" in shown
        assert not [word for word in (DISPUTE_A, "safeguard", "held", "/s1") if word in shown]
    assert DISPUTE_A in run_tool("show", "notify", number, "--body")
    assert "operator-wang read" in run_tool("show", "notify", number)


def test_an_event_of_another_epoch_is_listed_and_can_only_be_discarded(run_tool, listener, empty_sandbox):
    listener.hear(make_event(1), make_event(1, epoch=2))
    ((number,),) = empty_sandbox.rows("select id from notify.parked")

    assert "conflict" in run_tool("list")
    run_tool("replay", "notify", number, code=2)
    run_tool("discard", "notify", number, "--note", "compared by hand")
    assert empty_sandbox.rows("select 1 from notify.parked") == []
    assert load_operator_actions(empty_sandbox)[-1][1:4] == ("discard", "mediation", DISPUTE_A)
    assert listener.hear(make_event(2)) == [(DISPUTE_A, 2)]
