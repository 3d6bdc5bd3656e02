"""Tests of logging: log lines contain the details that an operator needs, and never what parties told an agency."""

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
def configure_logging(capsys):
    """Function that configures logging as a process does, and returns a function that returns the new log lines as dicts. Restores the old configuration."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def configure_logging():
        logs.configure("notify", "INFO")
        return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    yield configure_logging
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def test_a_log_line_is_a_json_object_with_details_in_separate_fields(configure_logging):
    lines = configure_logging()
    structlog.get_logger().warning("Gap: later events wait.", dispute="620702-2026-000123-1", source="intake", missing=7)

    (line,) = lines()
    assert {"event", "level", "ts", "service", "dispute", "source", "missing"} == set(line)
    assert (line["service"], line["level"], line["missing"]) == ("notify", "warning", 7)


def test_a_log_field_outside_the_list_of_allowed_fields_is_dropped(configure_logging):
    lines = configure_logging()
    structlog.get_logger().error(
        "x", name=SECRETS[0], body={"phone": SECRETS[1]}, data=SECRETS[2], exc_info=ValueError(SECRETS[0]), exception=SECRETS[1], event_id="e-1"
    )

    (line,) = lines()
    assert set(line) == {"event", "level", "ts", "service", "event_id"}


def test_log_messages_below_the_configured_level_are_dropped(configure_logging):
    lines = configure_logging()
    structlog.get_logger().debug("x")

    assert lines() == []


def test_log_records_of_libraries_are_written_as_json_without_their_arguments(configure_logging):
    lines = configure_logging()
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


def test_error_messages_of_messaging_libraries_are_kept_out_of_the_log(configure_logging):
    lines = configure_logging()
    for library in ("nameko.containers", "amqp", "pika.channel", "kombu", "yoyo.migrations"):
        logging.getLogger(library).error("error handling %s", SECRETS[0])

    assert lines() == []


def test_the_description_of_an_exception_does_not_quote_its_text():
    def raise_key_error():
        raise KeyError(SECRETS[0])

    with pytest.raises(KeyError) as failed:
        raise_key_error()
    assert logs.describe(failed.value).startswith("KeyError at test_logs.py:")


@pytest.mark.parametrize(
    ("sql", "sqlstate", "names_column"),
    [
        ("select %s::int", "22P02", False),  # the database's error message quotes the invalid value
        ("select %s::timestamptz", "22007", False),
        ("insert into notify.notices (id) values (%s)", "23502", True),  # the database's error message names the column
    ],
)
def test_the_description_of_a_database_error_does_not_quote_invalid_values(sandbox, sql, sqlstate, names_column):
    with pytest.raises(psycopg2.Error) as failed, sandbox.pool("notify", 1).transaction() as tx:
        tx.run(sql, (SECRETS[0],))

    text = logs.describe(failed.value)
    assert sqlstate in text and SECRETS[0] not in text
    assert ("column" in text) == names_column


def _log_calls():
    """Yield (file:line, names of the logged fields) for every call of `log.<level>(…)` in plumbing and the services."""
    for path in sorted([*ROOT.glob("plumbing/**/*.py"), *ROOT.glob("services/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                # Field names in `**fields` are not visible in the source.
                yield f"{path.relative_to(ROOT)}:{node.lineno}", {keyword.arg for keyword in node.keywords if keyword.arg}


def test_every_field_that_the_code_logs_is_in_the_list_of_allowed_fields():
    calls = list(_log_calls())

    assert len(calls) > 15
    assert {place: fields - logs.ALLOWED_FIELDS for place, fields in calls if fields - logs.ALLOWED_FIELDS} == {}
