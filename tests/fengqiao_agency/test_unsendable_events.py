"""Tests of events that cannot be sent: only the events of the same dispute wait for a person; the events of all other disputes are answered."""

import json
import logging

import pytest
from typer.testing import CliRunner

from fengqiao_agency import Agency
from fengqiao_agency.cli import app
from fengqiao_agency.envelope import MAX_BYTES
from tests.county import SETTLE_SECONDS

from .fake_hub import FakeHub

EVENT_TYPE = "test.happened"
VALID_IDS = [f"good-{n}" for n in range(20)]


def report_and_damage(agency, columns, event_id="bad"):
    """Report two events of one dispute, then change columns of the first event's row in the outbox file, as a damaged disk could."""
    agency.report_many([(EVENT_TYPE, "110-bad", {"n": 1}, None, event_id), (EVENT_TYPE, "110-bad", {"n": 2}, None, "next")])
    for column, value in columns.items():
        agency.outbox._durable_db.execute(f"update outbox set {column} = ? where subject = '110-bad' and seq = (select min(seq) from outbox)", (value,))


def report_valid_events(agency):
    agency.report_many([(EVENT_TYPE, f"110-{event}", {}, None, event) for event in VALID_IDS])


def states_of_events(agency, *events):
    return [agency.outbox.find_event(event).state for event in events]


def returned_events(agency):
    return [(row.id, row.reason["code"]) for row in agency.outbox.list_recent_events(10, "returned")]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"id": "x" * 300}, "bad_id"),
        ({"id": "with a blank"}, "bad_id"),
        ({"id": b"\xff\xfe"}, "bad_id"),
        ({"type": "x" * 300}, "bad_type"),
        ({"headers": "{not json"}, "bad_headers"),
        ({"headers": "[1, 2]"}, "bad_headers"),
        ({"headers": "[" * 100_000}, "bad_headers"),
        ({"headers": None}, "bad_headers"),
        ({"headers": json.dumps({"x" * 300: "y"})}, "not_encodable"),
        ({"headers": json.dumps({"ce-id": 10**30})}, "not_encodable"),
        ({"headers": json.dumps({"ce-id": 1.5})}, "not_encodable"),
        ({"body": b"x" * (MAX_BYTES + 1)}, "too_large"),
        ({"body": None}, "bad_body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_event_waits_for_a_person_and_events_of_other_disputes_are_answered(broker, police, caplog, columns, code):
    caplog.set_level(logging.ERROR)
    report_and_damage(police, columns)
    report_valid_events(police)
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        assert states_of_events(police, *VALID_IDS, "next") == ["applied"] * len(VALID_IDS) + ["held"]

    ((_, code_found),) = returned_events(police)
    assert code_found == code
    (row,) = police.outbox.list_recent_events(10, "returned")
    assert row.reason["zh"] and row.reason["en"]
    assert [zh for zh, _ in police.problems()] == ["有事件无法发送，需人工处理，请运行 fengqiao-agency outbox --state returned"]
    assert row.reason["zh"] in caplog.text and row.reason["en"] in caplog.text


def test_event_with_headers_that_are_not_utf8_does_not_prevent_the_sending_of_other_events(broker, police):
    report_and_damage(police, {})
    police.outbox._durable_db.execute("update outbox set headers = cast(x'7bff7d' as text) where id = 'bad'")
    report_valid_events(police)
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        assert states_of_events(police, *VALID_IDS) == ["applied"] * len(VALID_IDS)

    assert returned_events(police) == [("bad", "bad_headers")]


def test_discarding_an_undeliverable_event_releases_the_next_event_of_its_dispute(broker, police, monkeypatch):
    report_and_damage(police, {"headers": "{"})
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        monkeypatch.setenv("FENGQIAO_OUTBOX", police.outbox.path)
        listing = CliRunner().invoke(app, ["outbox", "--state", "returned"])
        discarded = CliRunner().invoke(app, ["outbox", "--discard", "bad"])
        second_discard = CliRunner().invoke(app, ["outbox", "--discard", "bad"])
        assert police.settle(SETTLE_SECONDS)

    assert "bad_headers" in listing.output and "无法读取" in listing.output and "cannot be read" in listing.output
    assert (discarded.exit_code, second_discard.exit_code) == (0, 2)
    assert states_of_events(police, "bad", "next") == ["refused", "applied"]
    assert police.problems() == []


@pytest.fixture
def message_size_limit(broker):
    """Limit the size of a message in the broker to 4,096 bytes during the test."""
    broker.servers.broker.ctl("eval", "application:set_env(rabbit, max_message_size, 4096).")
    yield
    broker.servers.broker.ctl("eval", "application:set_env(rabbit, max_message_size, 134217728).")


def test_event_that_makes_the_broker_close_the_channel_is_marked_as_undeliverable(broker, police, message_size_limit):
    large_events = [(EVENT_TYPE, f"110-large-{n}", {"text": "x" * 5000}, None, f"large-{n}") for n in range(2)]
    police.report_many([(EVENT_TYPE, f"110-{event}", {}, None, event) for event in VALID_IDS[:10]])
    police.report_many([*large_events, (EVENT_TYPE, "110-large-0", {}, None, "next")])
    police.report_many([(EVENT_TYPE, f"110-{event}", {}, None, event) for event in VALID_IDS[10:]])
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(60) is False
        assert states_of_events(police, *VALID_IDS, "next") == ["applied"] * len(VALID_IDS) + ["held"]

    assert sorted(returned_events(police)) == [("large-0", "refused_by_broker"), ("large-1", "refused_by_broker")]


def test_event_that_makes_the_broker_close_the_connection_is_marked_as_undeliverable(broker, police):
    report_and_damage(police, {"headers": json.dumps({"ce-id": "bad", "x": "x" * 200_000})})  # these headers are larger than an AMQP frame may be
    report_valid_events(police)
    with FakeHub(broker.uri(), ["police"]):
        police.start()
        assert police.outbox.wait_until(lambda: returned_events(police), 60)
        assert police.settle(SETTLE_SECONDS) is False
        assert states_of_events(police, *VALID_IDS, "next") == ["applied"] * len(VALID_IDS) + ["held"]

    assert returned_events(police) == [("bad", "refused_by_broker")]


def test_login_as_another_broker_user_is_shown_as_a_problem_and_makes_no_event_undeliverable(broker, tmp_path):
    agency = Agency("police", broker.uri("court"), str(tmp_path / "outbox.db"))
    report_valid_events(agency)
    agency._publisher.start()
    try:
        assert agency.outbox.wait_until(lambda: agency._publisher.connection.problem in ("user", "forbidden"), 20)
        assert agency.outbox.count_by_state() == {"waiting": len(VALID_IDS)}
        assert any("机构代码" in zh for zh, _ in agency.problems())
    finally:
        agency.stop()
        agency.outbox.close()


def test_internal_error_of_the_publisher_is_not_shown_as_an_unreachable_broker(broker, police, monkeypatch):
    monkeypatch.setattr(police._publisher, "_build_message", lambda *_: 1 / 0)
    report_valid_events(police)
    police.start()

    assert police.outbox.wait_until(lambda: police._publisher.connection.problem == "failed", 20)
    assert police.outbox.count_by_state() == {"waiting": len(VALID_IDS)}
