"""Tests of the client library's command line: exit codes, printed outcomes and error sentences without personal data."""

import json

import pytest
from typer.testing import CliRunner

from fengqiao_agency.cli import app, format_notice

from .fake_hub import FakeHub


@pytest.fixture
def run_cli(tmp_path, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AGENCY", "police")
    monkeypatch.setenv("FENGQIAO_AMQP_URI", "amqp://police:x@127.0.0.1:1/fengqiao")
    monkeypatch.setenv("FENGQIAO_OUTBOX", str(tmp_path / "cli.db"))
    return lambda *args, **options: CliRunner().invoke(app, list(args), **options)


def test_send_command_prints_the_outcome_and_the_dispute_code(run_cli, broker, police, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AMQP_URI", broker.uri("police"))
    with FakeHub(broker.uri(), ["police"]):
        send_result = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", input=json.dumps({"n": 1}))

    assert send_result.exit_code == 0, send_result.output
    assert "已生效" in send_result.output and "620702-2026-" in send_result.output


def test_send_command_without_a_broker_stores_the_event_and_prints_the_problem(run_cli):
    send_result = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", "--wait", "1", input="{}")
    outbox_result = run_cli("outbox")

    assert send_result.exit_code == 3
    assert "连接不上消息服务器" in send_result.output and "kept in the outbox" in send_result.output
    assert "1  waiting" in outbox_result.output


@pytest.mark.parametrize("data", ['{"name": "张某某"', '["张某某"]'])
def test_invalid_json_is_refused_with_an_error_that_does_not_contain_it(run_cli, data):
    send_result = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", input=data)

    assert send_result.exit_code == 2
    assert "JSON" in send_result.output and "张" not in send_result.output


def test_alive_command_prints_that_the_hub_has_confirmed_the_time(run_cli, broker, police, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AMQP_URI", broker.uri("police"))
    with FakeHub(broker.uri(), ["police"]):
        result = run_cli("alive", "--up-to", "2026-03-04T12:00:00+08:00")

    assert result.exit_code == 0, result.output
    assert "已确认" in result.output and "2026-03-04T12:00:00+08:00" in result.output


def test_alive_command_prints_the_reason_of_a_refusal(run_cli, broker, police, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AMQP_URI", broker.uri("police"))
    with FakeHub(broker.uri(), ["police"], refuse=lambda event: True):
        result = run_cli("alive")

    assert result.exit_code == 1
    assert "in_the_future" in result.output


def test_alive_command_is_not_confirmed_while_an_event_is_not_answered(run_cli):
    run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", "--wait", "0", input="{}")
    result = run_cli("alive", "--wait", "0.5")

    assert result.exit_code == 3
    assert "every event in the outbox must have a receipt" in result.output


def test_error_sentence_for_a_missing_setting_contains_the_name_of_the_setting(run_cli, monkeypatch):
    monkeypatch.delenv("FENGQIAO_OUTBOX")

    result = run_cli("outbox")

    assert result.exit_code == 2
    assert "FENGQIAO_OUTBOX" in result.output and "发件箱" in result.output


def test_help_texts_of_all_commands_are_in_chinese_and_english(run_cli):
    for arguments in (("--help",), ("send", "--help"), ("alive", "--help"), ("watch", "--help"), ("outbox", "--help")):
        text = run_cli(*arguments).output
        assert "枫桥" in text or "发件箱" in text or "声明" in text
        assert "report" in text.lower() or "outbox" in text.lower()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"clock": "routing", "due_at": "2026-03-06T15:59:59Z"}, "routing  期限 / due 2026-03-06T15:59:59Z"),
        ({"clock": "routing", "paused": True}, "routing  停止计算 / paused"),
        (
            {"clock": "routing", "notice": "notice.overdue", "why": "met_in_time"},
            "routing  不再有效的通知 / no longer holds: notice.overdue  事由 / because met_in_time",
        ),
        ({"step": "dispute.archived", "handled_by": []}, "  现由 / now with -"),
        ({"changed": ["township", "kind"]}, "  已更正 / corrected: township, kind"),
    ],
)
def test_watch_shows_in_words_what_a_notice_says(data, line):
    assert format_notice(data) == line
