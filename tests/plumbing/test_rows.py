"""Tests of bulk SQL parameters (plumbing.rows): rows reach the database unchanged, whatever values they contain."""

from datetime import UTC, date, datetime

import psycopg2
import pytest

from plumbing.rows import NULL_MARKER, SEPARATOR, TEXT_FORMATTERS, Columns

ALL_TYPES_COLUMNS = Columns(
    "code text, small smallint, step int, seq bigint, held boolean, on_day date, at timestamptz, body bytea, letter utf8, facts jsonb, owed_by text[]"
)
EXAMPLE_TIME = datetime(2026, 3, 2, 2, 30, 0, 123456, tzinfo=UTC)
EXAMPLE_ROWS = [
    (
        "620702-2026-000123-1",
        1,
        7,
        2**40,
        True,
        date(2026, 3, 2),
        EXAMPLE_TIME,
        b"\x00\xff{}",
        '{"原因": "\\\\ \\""}'.encode(),
        {"why": ['a "quoted" \\ one', None]},
        ["court", 'a"b\\c', "", "null"],
    ),
    (None,) * 11,
    ("", 0, -1, 0, False, date(1990, 1, 1), EXAMPLE_TIME, b"", b"", [], []),
    ("妇联〔2026〕42号 'quoted' \\ \n", 2, 0, -5, True, date(2026, 3, 2), EXAMPLE_TIME, bytes(range(256)), b"plain", "text", ["一", "二"]),
]


@pytest.fixture(scope="module")
def cursor(servers):
    connection = psycopg2.connect(servers.database_admin)
    yield connection.cursor()
    connection.close()


def round_trip(cursor, columns, rows):
    cursor.execute(f"select * from {columns.rows}", columns.parameters(rows))
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    "rows", [EXAMPLE_ROWS, EXAMPLE_ROWS[:1], EXAMPLE_ROWS[1:2], EXAMPLE_ROWS[2:3], EXAMPLE_ROWS * 100], ids=["mixed", "one", "only_nulls", "only_empty", "many"]
)
def test_rows_sent_as_bulk_parameters_are_returned_unchanged(cursor, rows):
    assert round_trip(cursor, ALL_TYPES_COLUMNS, rows) == rows


@pytest.mark.parametrize(
    "text", [SEPARATOR, NULL_MARKER, f"a{SEPARATOR}b{NULL_MARKER}", SEPARATOR * 3, "\ue000", f"{SEPARATOR}{NULL_MARKER}\ue000\ue001", NULL_MARKER + "x"]
)
def test_a_text_that_contains_the_separators_is_returned_unchanged(cursor, text):
    rows = [(text, "a"), ("b", None), (None, text), ("", "")]

    assert round_trip(cursor, Columns("one text, two text"), rows) == rows


def test_bulk_parameters_accept_timestamps_and_dates_as_text(cursor):
    assert round_trip(cursor, Columns("at timestamptz, day date"), [("2026-03-02T10:30:00.123456+08:00", "2026-03-02")]) == [(EXAMPLE_TIME, date(2026, 3, 2))]


def test_the_example_rows_cover_every_supported_column_type():
    assert set(TEXT_FORMATTERS) == {"text", "smallint", "int", "bigint", "boolean", "date", "timestamptz", "bytea", "utf8", "jsonb", "text[]"}


def test_the_names_of_a_columns_object_are_a_comma_separated_list():
    assert Columns("code text, step int").names == "code, step"


def test_bulk_parameters_of_an_empty_list_give_no_rows(cursor):
    assert round_trip(cursor, ALL_TYPES_COLUMNS, []) == []
