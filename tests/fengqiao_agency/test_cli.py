"""Tests of the client library's command line: exit codes, printed outcomes and error sentences without personal data."""

import json

import pytest
from typer.testing import CliRunner

from fengqiao_agency.cli import app

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


def test_error_sentence_for_a_missing_setting_contains_the_name_of_the_setting(run_cli, monkeypatch):
    monkeypatch.delenv("FENGQIAO_OUTBOX")

    result = run_cli("outbox")

    assert result.exit_code == 2
    assert "FENGQIAO_OUTBOX" in result.output and "发件箱" in result.output


def test_help_texts_of_all_commands_are_in_chinese_and_english(run_cli):
    for arguments in (("--help",), ("send", "--help"), ("watch", "--help"), ("outbox", "--help")):
        text = run_cli(*arguments).output
        assert "枫桥" in text or "发件箱" in text
        assert "report" in text.lower() or "outbox" in text.lower()
