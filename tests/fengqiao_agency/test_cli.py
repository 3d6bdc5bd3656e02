"""What a person or a script meets at the terminal."""

import json

import pytest
from typer.testing import CliRunner

from fengqiao_agency.cli import app

from .hub import Hub


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AGENCY", "police")
    monkeypatch.setenv("FENGQIAO_AMQP_URI", "amqp://police:x@127.0.0.1:1/fengqiao")
    monkeypatch.setenv("FENGQIAO_OUTBOX", str(tmp_path / "cli.db"))
    return lambda *args, **more: CliRunner().invoke(app, list(args), **more)


def test_an_event_is_sent_and_its_outcome_shown(run, broker, police, monkeypatch):
    monkeypatch.setenv("FENGQIAO_AMQP_URI", broker.uri("police"))
    with Hub(broker.uri(), ["police"]):
        sent = run("send", "test.happened", "--subject", "110-1", "--data", "-", input=json.dumps({"n": 1}))

    assert sent.exit_code == 0, sent.output
    assert "已生效" in sent.output and "620702-2026-" in sent.output


def test_with_the_broker_away_the_event_is_kept_and_the_person_told(run):
    sent = run("send", "test.happened", "--subject", "110-1", "--data", "-", "--wait", "1", input="{}")
    listed = run("outbox")

    assert sent.exit_code == 3
    assert "连接不上消息服务器" in sent.output and "kept in the outbox" in sent.output
    assert "1  waiting" in listed.output


@pytest.mark.parametrize("data", ['{"name": "张某某"', '["张某某"]'])
def test_bad_data_is_refused_without_repeating_it(run, data):
    sent = run("send", "test.happened", "--subject", "110-1", "--data", "-", input=data)

    assert sent.exit_code == 2
    assert "JSON" in sent.output and "张" not in sent.output


def test_a_missing_setting_is_named(run, monkeypatch):
    monkeypatch.delenv("FENGQIAO_OUTBOX")

    answer = run("outbox")

    assert answer.exit_code == 2
    assert "FENGQIAO_OUTBOX" in answer.output and "发件箱" in answer.output


def test_help_speaks_both_languages(run):
    for words in (("--help",), ("send", "--help"), ("watch", "--help"), ("outbox", "--help")):
        text = run(*words).output
        assert "枫桥" in text or "发件箱" in text
        assert "report" in text.lower() or "outbox" in text.lower()
