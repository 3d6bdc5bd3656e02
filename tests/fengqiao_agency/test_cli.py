"""Tests of the command line of the client library."""

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


def test_send_prints_the_outcome_of_the_event(run_cli, broker, police, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AMQP_URI", broker.uri("police"))
    with FakeHub(broker.uri(), ["police"]):
        sent = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", input=json.dumps({"n": 1}))

    assert sent.exit_code == 0, sent.output
    assert "已生效" in sent.output and "620702-2026-" in sent.output


def test_send_without_a_broker_keeps_the_event_and_names_the_problem(run_cli):
    sent = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", "--wait", "1", input="{}")
    listed = run_cli("outbox")

    assert sent.exit_code == 3
    assert "连接不上消息服务器" in sent.output and "kept in the outbox" in sent.output
    assert "1  waiting" in listed.output


@pytest.mark.parametrize("data", ['{"name": "张某某"', '["张某某"]'])
def test_invalid_json_is_refused_without_printing_it(run_cli, data):
    sent = run_cli("send", "test.happened", "--subject", "110-1", "--data", "-", input=data)

    assert sent.exit_code == 2
    assert "JSON" in sent.output and "张" not in sent.output


def test_missing_setting_is_named_in_the_error(run_cli, monkeypatch):
    monkeypatch.delenv("FENGQIAO_OUTBOX")

    answer = run_cli("outbox")

    assert answer.exit_code == 2
    assert "FENGQIAO_OUTBOX" in answer.output and "发件箱" in answer.output


def test_help_is_in_chinese_and_english(run_cli):
    for words in (("--help",), ("send", "--help"), ("watch", "--help"), ("outbox", "--help")):
        text = run_cli(*words).output
        assert "枫桥" in text or "发件箱" in text
        assert "report" in text.lower() or "outbox" in text.lower()
