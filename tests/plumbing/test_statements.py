"""Tests of prepared statements: they give the same results as other statements, outlive rollbacks, and recover if the server has forgotten them."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from plumbing import statements
from plumbing.pool import DatabaseUnavailable
from plumbing.rows import Columns

PAIRS = Columns("name text, number bigint")


@pytest.fixture
def pool(sandbox):
    pool = sandbox.pool("notify", 1)
    with pool.transaction() as tx:
        tx.run("create table if not exists things (name text primary key, number bigint)")
        tx.run("delete from things")
    yield pool
    sandbox.rows("drop table notify.things")


def count_prepared_statements(pool):
    """Return how many statements PostgreSQL keeps for the pool's connection, without the one that counts them."""
    with pool.transaction() as tx:
        return tx.rows("select count(*) - 1 from pg_prepared_statements")[0][0]


def test_every_kind_of_parameter_has_the_value_that_was_passed(pool):
    values = {
        "text": "50% %s $1 '\\ 虚构",
        "number": 2**40,
        "flag": True,
        "none": None,
        "at": datetime(2026, 3, 2, 1, 2, 3, 4, UTC),
        "codes": ["a", "b'"],
        "empty": [],
    }
    with pool.transaction() as tx:
        (row,) = tx.rows(
            "select %(text)s::text, %(number)s::bigint, %(flag)s::boolean, %(none)s::text, %(at)s::timestamptz, %(codes)s::text[], %(empty)s::text[],"
            " %(text)s::text = %(text)s, '100%%', %(bytes)s::bytea, now() + %(lead)s::interval - now()",
            {**values, "bytes": psycopg2.Binary(b"\x00\xff"), "lead": timedelta(days=2, seconds=5)},
        )

    assert row[:7] == tuple(values.values())
    assert (row[7], row[8], bytes(row[9]), row[10]) == (True, "100%", b"\x00\xff", timedelta(days=2, seconds=5))


def test_a_statement_is_prepared_once_per_connection_and_its_results_are_current(pool):
    before = count_prepared_statements(pool)
    for number in range(3):
        with pool.transaction() as tx:
            tx.insert("things", PAIRS, [(f"n{number}", number)])
            assert tx.rows("select count(*) from things where number >= %s", (0,)) == [(number + 1,)]

    assert count_prepared_statements(pool) == before + 2


def test_a_statement_prepared_in_a_rolled_back_transaction_stays_usable(pool):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pool.transaction() as tx:
            tx.insert("things", PAIRS, [("x", 1)])
            raise ZeroDivisionError
    with pool.transaction() as tx:
        tx.insert("things", PAIRS, [("x", 1)])
        assert tx.rows("select name from things where number = %s", (1,)) == [("x",)]


@pytest.mark.parametrize("change", ["discard all", "alter table notify.things alter column number type numeric"], ids=["discarded", "other column type"])
def test_a_statement_that_the_server_no_longer_accepts_is_prepared_again_on_a_new_connection(pool, sandbox, change):
    """DISCARD ALL is what a connection pooler such as PgBouncer sends before it gives a connection to another client."""
    with pool.transaction() as tx:
        tx.rows("select number from things where name = %s", ("x",))
    if change == "discard all":
        pool._idle_connections[0].connection.cursor().execute(change)
    else:
        sandbox.rows(change)

    with pytest.raises(DatabaseUnavailable), pool.transaction() as tx:
        tx.rows("select number from things where name = %s", ("x",))
    with pool.transaction() as tx:
        assert tx.rows("select number from things where name = %s", ("x",)) == []


def test_a_new_connection_after_a_lost_one_prepares_its_own_statements(pool, sandbox):
    with pool.transaction() as tx:
        tx.rows("select number from things where name = %s", ("x",))
        ((pid,),) = tx.rows("select pg_backend_pid()")
    sandbox.rows("select pg_terminate_backend(%s, 5000)", pid)
    with pytest.raises(DatabaseUnavailable), pool.transaction() as tx:
        tx.rows("select number from things where name = %s", ("x",))

    with pool.transaction() as tx:
        assert tx.rows("select number from things where name = %s", ("x",)) == []


def test_statements_without_a_needed_result_are_sent_with_the_next_query_or_the_commit_in_their_order(pool, monkeypatch):
    sent = []
    original_send = statements.StatementPipeline.send
    monkeypatch.setattr(statements.StatementPipeline, "send", lambda self: (sent.append(len(self._queue)), original_send(self)))
    with pool.transaction() as tx:
        tx.insert("things", PAIRS, [("x", 1)])
        tx.write("update things set number = number + %s", (10,))
        assert tx.rows("select number from things") == [(11,)]
        tx.write("update things set number = number * %s", (2,))
        assert sent == [1 + 3 * 2]  # BEGIN, and three statements with a PREPARE each
    assert len(sent) == 2
    with pool.transaction() as tx:
        assert tx.rows("select number from things") == [(22,)]


def test_an_error_in_a_queued_statement_is_raised_with_the_commit_and_nothing_is_stored(pool):
    with pytest.raises(psycopg2.errors.UniqueViolation), pool.transaction() as tx:
        tx.write("insert into things values (%s, %s)", ("x", 1))
        tx.insert("things", PAIRS, [("x", 2)])
        tx.write("delete from things where number = %s", (7,))
    with pool.transaction() as tx:
        assert tx.rows("select count(*) from things") == [(0,)]
        tx.write("delete from things where number = %s", (7,))  # not prepared yet, because the server had not reached it
        tx.insert("things", PAIRS, [("x", 2)])
    with pool.transaction() as tx:
        assert tx.rows("select number from things") == [(2,)]


def test_a_transaction_without_statements_sends_nothing_to_the_server(pool, monkeypatch):
    with pool.transaction() as tx:
        tx.rows("select 1")
    monkeypatch.setattr(statements.StatementPipeline, "send", lambda self: pytest.fail("something was sent"))

    with pool.transaction():
        pass


def test_long_queued_statements_are_sent_before_the_end_of_the_transaction(pool, monkeypatch):
    monkeypatch.setattr(statements, "MAX_QUEUED_BYTES", 1000)
    with pool.transaction() as tx:
        for number in range(50):
            tx.insert("things", PAIRS, [(f"{number}" * 20, number)])
            assert tx._pipeline._queued_bytes <= 1000


def test_a_statement_that_cannot_be_prepared_is_an_error(pool):
    with pytest.raises(psycopg2.Error), pool.transaction() as tx:
        tx.rows("select %s is null", (None,))  # the type of the parameter cannot be determined


def test_statements_whose_text_contains_values_are_refused_after_a_limit(pool, monkeypatch):
    monkeypatch.setattr(statements, "MAX_STATEMENTS", 20)
    with pytest.raises(statements.TooManyStatements), pool.transaction() as tx:
        for number in range(30):
            tx.rows(f"select {number}")


def test_a_statement_is_planned_again_while_its_table_grows(pool):
    """The plans are counted in pg_prepared_statements, which counts from zero after each PREPARE."""
    sql = "select name from things where number = %s"
    executed = []
    for _ in range(70):
        with pool.transaction() as tx:
            tx.rows(sql, (1,))
            name = tx._pipeline._statements[sql].name
            executed += tx.rows("select generic_plans from pg_prepared_statements where name = %s", (name,))

    assert [count for (count,) in executed].count(1) == 4  # prepared first, and again at the executions 5, 17 and 65
    assert max(executed) == (48,)


def test_generic_plans_find_rows_by_index_even_if_the_table_was_empty_when_they_were_made(pool):
    sql = f"select t.number from things t join {PAIRS.rows} using (name)"
    with pool.transaction() as tx:
        tx.rows(sql, PAIRS.parameters([("x", 1)]))
        tx.insert("things", PAIRS, [(f"n{number}", number) for number in range(5000)])
        assert len(tx.rows(sql, PAIRS.parameters([(f"n{number}", 0) for number in range(0, 5000, 50)]))) == 100
    with pool.transaction() as tx:
        plan = "\n".join(line for (line,) in tx.rows("explain select number from things where name = 'n7'"))  # not prepared: explain is a utility statement

    assert "Index Scan" in plan and "Seq Scan" not in plan
