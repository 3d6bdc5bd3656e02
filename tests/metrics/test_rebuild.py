"""Test of the list of tables that a rebuild of the read model replaces."""

from plumbing.recovery.rebuild import POSITION_TABLES
from services.metrics.store import READ_MODEL_TABLES

# Tables that a rebuild keeps: those with which the service publishes, the record of migrations and of operators, and the numbers of changes.
KEPT_TABLES = {"epoch", "spoken", "published", "outbox", "parked_actions", "migration_checksums", "head", "changes"}


def test_a_rebuild_replaces_every_table_of_the_read_model(sandbox):
    tables = {table for (table,) in sandbox.rows("select tablename from pg_tables where schemaname = 'metrics' and tablename not like '%yoyo%'")}

    assert tables == {*POSITION_TABLES, *READ_MODEL_TABLES} | KEPT_TABLES
