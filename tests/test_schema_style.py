"""Do the tables keep the house's rules? Looked up in a database that was migrated just now."""

import re

import pytest

from contracts.channels import SERVICES

OURS = "n.nspname in ('intake', 'mediation', 'metrics', 'notify') and c.relname not like '%yoyo%'"
COLUMNS = f"""
select n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, null) from pg_attribute a join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace where {OURS} and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped order by 1, 2
"""
CONSTRAINTS = f"""
select n.nspname || '.' || c.relname, k.conname, k.contype::text, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace where {OURS} order by 1, 2
"""
INDEXES = f"""
select n.nspname || '.' || c.relname, i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
  join pg_namespace n on n.oid = c.relnamespace where {OURS} and x.indisunique and not exists (select 1 from pg_constraint k where k.conindid = i.oid)
"""
A_SENTENCE = re.compile(r"[a-z]+(_[a-z]+){2,}")
AUTOMATIC = re.compile(r".*_(check|key|excl|idx)\d*")
JARGON = re.compile(r"(chk|ck|uq|uk|ux|ix|idx|pk|fk)_")


@pytest.fixture(scope="module")
def columns(apart):
    return apart.rows(COLUMNS)


@pytest.fixture(scope="module")
def constraints(apart):
    return apart.rows(CONSTRAINTS)


def is_a_sentence(name):
    return bool(A_SENTENCE.fullmatch(name)) and not AUTOMATIC.fullmatch(name) and not JARGON.match(name)


def test_no_column_holds_a_time_without_its_zone(columns):
    assert len(columns) > 150
    assert [
        column
        for column in columns
        if column[2] in ("timestamp without time zone", "time without time zone", "time with time zone", "money", "real", "double precision")
    ] == []


def test_an_instant_ends_in_at_and_a_date_in_on(columns):
    by_type = {"timestamp with time zone": (r"at|.+_at|waits_since",), "date": (r"day|.+_on",)}

    assert [column for column in columns if column[2] in by_type and not re.fullmatch(by_type[column[2]][0], column[1])] == []


def test_names_are_plain_words(columns):
    assert {table for table, _, _ in columns if not re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", table)} == set()
    assert [column for column in columns if not re.fullmatch(r"[a-z]+\d*(_[a-z]+\d*)*", column[1])] == []
    assert [column for column in columns if column[1] in ("data", "info", "value", "obj", "misc", "tmp")] == []


def test_what_a_constraint_guarantees_is_its_name(constraints):
    named = [constraint for constraint in constraints if constraint[2] in ("c", "u", "x")]

    assert len(named) > 15
    assert [constraint for constraint in named if not is_a_sentence(constraint[1])] == []


def test_so_does_a_unique_index(apart):
    assert [index for index in apart.rows(INDEXES) if not is_a_sentence(index[1])] == []


def test_every_table_has_a_primary_key(columns, constraints):
    assert {table for table, _, _ in columns} - {table for table, _, kind, _ in constraints if kind == "p"} == set()


def test_no_table_points_into_anothers_schema(constraints):
    """A foreign key would be a query across."""
    for table, _, kind, definition in constraints:
        if kind == "f":
            target = re.search(r"REFERENCES (\w+)\.", definition)
            assert target is None or target[1] == table.split(".")[0]


def test_the_rule_knows_a_sentence_when_it_sees_one():
    assert is_a_sentence("a_closed_dispute_has_an_outcome") and is_a_sentence("one_code_per_report")
    for name in ("chk_3", "uq_disputes", "disputes_state_check", "reports_code_key", "closed", "log_head_one_check", "uq_one_code_per_dispute"):
        assert not is_a_sentence(name)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_what_plumbing_needs(apart, service):
    assert {table for (table,) in apart.rows("select tablename from pg_tables where schemaname = %s", service)} >= {
        "heard", "waiting", "parked", "parked_actions", "spoken", "outbox",
    }  # fmt: skip
