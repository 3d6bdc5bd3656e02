"""Tests of log lines: they contain the facts an operator needs, and never what parties told an agency."""

import ast
import json
import logging

import psycopg2
import pytest
import structlog

from deploy.files import ROOT
from plumbing import logs

SECRETS = ("虚构甲", "13900000000", "62070219800101001X")


@pytest.fixture
def configure(capsys):
    """lines = configure() configures logging as a process does; lines() returns what has been logged since. The previous configuration is restored."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def configure():
        logs.configure("notify", "INFO")
        return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    yield configure
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def test_a_log_line_is_json_with_facts_in_fields(configure):
    lines = configure()
    structlog.get_logger().warning("Gap: later events wait.", dispute="620702-2026-000123-1", source="intake", missing=7)

    (line,) = lines()
    assert {"event", "level", "ts", "service", "dispute", "source", "missing"} == set(line)
    assert (line["service"], line["level"], line["missing"]) == ("notify", "warning", 7)


def test_a_field_outside_the_allowed_list_is_dropped(configure):
    lines = configure()
    structlog.get_logger().error(
        "x", name=SECRETS[0], body={"phone": SECRETS[1]}, data=SECRETS[2], exc_info=ValueError(SECRETS[0]), exception=SECRETS[1], event_id="e-1"
    )

    (line,) = lines()
    assert set(line) == {"event", "level", "ts", "service", "event_id"}


def test_messages_below_the_log_level_are_dropped(configure):
    lines = configure()
    structlog.get_logger().debug("x")

    assert lines() == []


def test_log_records_of_libraries_have_the_same_format_and_no_arguments(configure):
    lines = configure()
    logging.getLogger("some_library").warning("could not handle %s of %s", *SECRETS[:2])
    logging.getLogger("some_library").warning(f"could not handle {SECRETS[2]}")
    try:
        raise ValueError(SECRETS[0])
    except ValueError:
        logging.getLogger("some_library").exception("failed")

    found = lines()
    assert [line["service"] for line in found] == ["notify"] * 3
    assert not any(secret in json.dumps(found, ensure_ascii=False) for secret in SECRETS)
    assert found[2]["reason"].startswith("ValueError at test_logs.py:")


def test_messaging_libraries_log_nothing_themselves(configure):
    lines = configure()
    for library in ("nameko.containers", "amqp", "pika.channel", "kombu", "yoyo.migrations"):
        logging.getLogger(library).error("error handling %s", SECRETS[0])

    assert lines() == []


def test_the_description_of_an_error_contains_no_values():
    def fails():
        raise KeyError(SECRETS[0])

    with pytest.raises(KeyError) as failed:
        fails()
    assert logs.describe(failed.value).startswith("KeyError at test_logs.py:")


@pytest.mark.parametrize(
    ("sql", "sqlstate", "names_column"),
    [
        ("select %s::int", "22P02", False),  # quotes the value
        ("select %s::timestamptz", "22007", False),
        ("insert into notify.notices (id) values (%s)", "23502", True),  # names the column
    ],
)
def test_the_description_of_a_database_error_contains_no_values(sandbox, sql, sqlstate, names_column):
    with pytest.raises(psycopg2.Error) as failed, sandbox.pool("notify", 1).transaction() as tx:
        tx.run(sql, (SECRETS[0],))

    text = logs.describe(failed.value)
    assert sqlstate in text and SECRETS[0] not in text
    assert ("column" in text) == names_column


def _log_calls():
    """Yield (file:line, fields) of every call of `log.<level>(…)` in plumbing and the services."""
    for path in sorted([*ROOT.glob("plumbing/**/*.py"), *ROOT.glob("services/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                yield (
                    f"{path.relative_to(ROOT)}:{node.lineno}",
                    {keyword.arg for keyword in node.keywords if keyword.arg},
                )  # the names in `**fields` are not visible in the source


def test_every_logged_field_is_in_the_allowed_list():
    calls = list(_log_calls())

    assert len(calls) > 15
    assert {place: fields - logs.FIELDS for place, fields in calls if fields - logs.FIELDS} == {}
