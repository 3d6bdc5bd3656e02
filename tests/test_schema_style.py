"""Tests of the naming rules for tables, columns and constraints, in a database with all migrations applied."""

import re

import pytest

from contracts.channels import SERVICES

PROJECT_TABLES = "n.nspname in ('intake', 'mediation', 'metrics', 'notify') and c.relname not like '%yoyo%'"
COLUMNS_SQL = f"""
select n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, null) from pg_attribute a join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace where {PROJECT_TABLES} and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped order by 1, 2
"""
CONSTRAINTS_SQL = f"""
select n.nspname || '.' || c.relname, k.conname, k.contype::text, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace where {PROJECT_TABLES} order by 1, 2
"""
INDEXES_SQL = f"""
select n.nspname || '.' || c.relname, i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
  join pg_namespace n on n.oid = c.relnamespace where {PROJECT_TABLES} and x.indisunique and not exists (select 1 from pg_constraint k where k.conindid = i.oid)
"""
SENTENCE_PATTERN = re.compile(r"[a-z]+(_[a-z]+){2,}")
GENERATED_NAME_PATTERN = re.compile(r".*_(check|key|excl|idx)\d*")
ABBREVIATED_PREFIX_PATTERN = re.compile(r"(chk|ck|uq|uk|ux|ix|idx|pk|fk)_")


@pytest.fixture(scope="module")
def columns(sandbox):
    return sandbox.rows(COLUMNS_SQL)


@pytest.fixture(scope="module")
def constraints(sandbox):
    return sandbox.rows(CONSTRAINTS_SQL)


def is_a_sentence(name):
    return bool(SENTENCE_PATTERN.fullmatch(name)) and not GENERATED_NAME_PATTERN.fullmatch(name) and not ABBREVIATED_PREFIX_PATTERN.match(name)


def test_no_database_column_has_a_time_without_time_zone_or_an_inexact_number_type(columns):
    assert len(columns) > 150
    assert [
        column
        for column in columns
        if column[2] in ("timestamp without time zone", "time without time zone", "time with time zone", "money", "real", "double precision")
    ] == []


def test_names_of_timestamp_columns_end_in_at_and_of_date_columns_in_on(columns):
    by_type = {"timestamp with time zone": (r"at|.+_at|waits_since|(?:.+_)?up_to",), "date": (r"day|.+_on",)}

    assert [column for column in columns if column[2] in by_type and not re.fullmatch(by_type[column[2]][0], column[1])] == []


def test_names_of_tables_and_columns_are_lower_case_words_and_not_generic(columns):
    assert {table for table, _, _ in columns if not re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", table)} == set()
    assert [column for column in columns if not re.fullmatch(r"[a-z]+\d*(_[a-z]+\d*)*", column[1])] == []
    assert [column for column in columns if column[1] in ("data", "info", "value", "obj", "misc", "tmp")] == []


def test_the_name_of_a_database_constraint_reads_like_a_sentence(constraints):
    named = [constraint for constraint in constraints if constraint[2] in ("c", "u", "x")]

    assert len(named) > 15
    assert [constraint for constraint in named if not is_a_sentence(constraint[1])] == []


def test_the_name_of_a_unique_index_reads_like_a_sentence(sandbox):
    assert [index for index in sandbox.rows(INDEXES_SQL) if not is_a_sentence(index[1])] == []


def test_every_database_table_has_a_primary_key(columns, constraints):
    assert {table for table, _, _ in columns} - {table for table, _, kind, _ in constraints if kind == "p"} == set()


def test_no_foreign_key_refers_to_a_table_of_another_service(constraints):
    """Each schema belongs to one service, and services must not depend on each other's tables."""
    for table, _, kind, definition in constraints:
        if kind == "f":
            target = re.search(r"REFERENCES (\w+)\.", definition)
            assert target is None or target[1] == table.split(".")[0]


def test_is_a_sentence_rejects_abbreviated_and_generated_constraint_names():
    assert is_a_sentence("a_closed_dispute_has_an_outcome") and is_a_sentence("one_code_per_report")
    for name in ("chk_3", "uq_disputes", "disputes_state_check", "reports_code_key", "closed", "log_head_one_check", "uq_one_code_per_dispute"):
        assert not is_a_sentence(name)


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_of_every_service_has_the_tables_of_plumbing(sandbox, service):
    assert {table for (table,) in sandbox.rows("select tablename from pg_tables where schemaname = %s", service)} >= {
        "heard", "waiting", "parked", "parked_actions", "spoken", "published", "outbox",
    }  # fmt: skip
