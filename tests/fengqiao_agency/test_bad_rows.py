"""One bad row in the outbox is set aside alone: a person sees it, its own dispute waits, and all others are answered."""

import json
import logging

import pytest
from typer.testing import CliRunner

from fengqiao_agency import Agency
from fengqiao_agency.cli import app
from fengqiao_agency.envelope import MAX_BYTES
from tests.county import SETTLE_SECONDS

from .hub import Hub

TYPE = "test.happened"
GOOD = [f"good-{n}" for n in range(20)]


def plant(agency, columns, event_id="bad"):
    """One event and a later one of its dispute, then the first row changed in the file, as by an older version or a damaged disk."""
    agency.report_many([(TYPE, "110-bad", {"n": 1}, None, event_id), (TYPE, "110-bad", {"n": 2}, None, "behind")])
    for column, value in columns.items():
        agency.outbox._sure.execute(f"update outbox set {column} = ? where subject = '110-bad' and seq = (select min(seq) from outbox)", (value,))


def report_good(agency):
    agency.report_many([(TYPE, f"110-{event}", {}, None, event) for event in GOOD])


def states(agency, *events):
    return [agency.outbox.find(event).state for event in events]


def returned(agency):
    return [(row.id, row.reason["code"]) for row in agency.outbox.recent(10, "returned")]


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
def test_a_damaged_row_waits_for_a_person_and_others_are_answered(broker, police, caplog, columns, code):
    caplog.set_level(logging.ERROR)
    plant(police, columns)
    report_good(police)
    with Hub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        assert states(police, *GOOD, "behind") == ["applied"] * len(GOOD) + ["held"]

    ((_, found),) = returned(police)
    assert found == code
    (row,) = police.outbox.recent(10, "returned")
    assert row.reason["zh"] and row.reason["en"]
    assert [zh for zh, _ in police.problems()] == ["有事件无法发送，需人工处理，请运行 fengqiao-agency outbox --state returned"]
    assert row.reason["zh"] in caplog.text and row.reason["en"] in caplog.text


def test_text_that_is_not_utf8_keeps_no_other_row_from_being_read(broker, police):
    plant(police, {})
    police.outbox._sure.execute("update outbox set headers = cast(x'7bff7d' as text) where id = 'bad'")
    report_good(police)
    with Hub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        assert states(police, *GOOD) == ["applied"] * len(GOOD)

    assert returned(police) == [("bad", "bad_headers")]


def test_a_person_sees_why_and_drops_it_and_its_dispute_goes_on(broker, police, monkeypatch):
    plant(police, {"headers": "{"})
    with Hub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(SETTLE_SECONDS) is False
        monkeypatch.setenv("FENGQIAO_OUTBOX", police.outbox.path)
        listed = CliRunner().invoke(app, ["outbox", "--state", "returned"])
        dropped = CliRunner().invoke(app, ["outbox", "--discard", "bad"])
        again = CliRunner().invoke(app, ["outbox", "--discard", "bad"])
        assert police.settle(SETTLE_SECONDS)

    assert "bad_headers" in listed.output and "无法读取" in listed.output and "cannot be read" in listed.output
    assert (dropped.exit_code, again.exit_code) == (0, 2)
    assert states(police, "bad", "behind") == ["refused", "applied"]
    assert police.problems() == []


@pytest.fixture
def small_messages(broker):
    """The broker takes messages of at most 4,096 bytes for a while."""
    broker.servers.broker.ctl("eval", "application:set_env(rabbit, max_message_size, 4096).")
    yield
    broker.servers.broker.ctl("eval", "application:set_env(rabbit, max_message_size, 134217728).")


def test_a_message_for_which_the_broker_closes_the_channel_is_found(broker, police, small_messages):
    large = [(TYPE, f"110-large-{n}", {"text": "x" * 5000}, None, f"large-{n}") for n in range(2)]
    police.report_many([(TYPE, f"110-{event}", {}, None, event) for event in GOOD[:10]])
    police.report_many([*large, (TYPE, "110-large-0", {}, None, "behind")])
    police.report_many([(TYPE, f"110-{event}", {}, None, event) for event in GOOD[10:]])
    with Hub(broker.uri(), ["police"]):
        police.start()
        assert police.settle(60) is False
        assert states(police, *GOOD, "behind") == ["applied"] * len(GOOD) + ["held"]

    assert sorted(returned(police)) == [("large-0", "refused_by_broker"), ("large-1", "refused_by_broker")]


def test_a_message_for_which_the_broker_closes_the_connection_is_found(broker, police):
    plant(police, {"headers": json.dumps({"ce-id": "bad", "x": "x" * 200_000})})  # more than a frame holds
    report_good(police)
    with Hub(broker.uri(), ["police"]):
        police.start()
        assert police.outbox.wait_until(lambda: returned(police), 60)
        assert police.settle(SETTLE_SECONDS) is False
        assert states(police, *GOOD, "behind") == ["applied"] * len(GOOD) + ["held"]

    assert returned(police) == [("bad", "refused_by_broker")]


def test_a_wrong_user_is_no_events_fault_and_is_named(broker, tmp_path):
    agency = Agency("police", broker.uri("court"), str(tmp_path / "outbox.db"))
    report_good(agency)
    agency._publisher.start()
    try:
        assert agency.outbox.wait_until(lambda: agency._publisher.link.problem in ("user", "forbidden"), 20)
        assert agency.outbox.counts() == {"waiting": len(GOOD)}
        assert any("机构代码" in zh for zh, _ in agency.problems())
    finally:
        agency.stop()
        agency.outbox.close()


def test_an_error_of_the_kit_itself_is_not_called_an_unreachable_broker(broker, police, monkeypatch):
    monkeypatch.setattr(police._publisher, "_message", lambda *_: 1 / 0)
    report_good(police)
    police.start()

    assert police.outbox.wait_until(lambda: police._publisher.link.problem == "failed", 20)
    assert police.outbox.counts() == {"waiting": len(GOOD)}
