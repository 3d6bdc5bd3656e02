"""The read model's own database for these tests."""

import os
from pathlib import Path

import psycopg2
import pytest

MIGRATIONS = Path(__file__).parents[2] / "services/metrics/migrations"


@pytest.fixture(scope="session")
def metrics_database():
    """A PostgreSQL whose schema `metrics` is made anew by our migrations; its URL."""
    url = os.environ.get("METRICS_TEST_DATABASE_URL")
    if not url:
        pytest.skip("no PostgreSQL: set METRICS_TEST_DATABASE_URL")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists metrics cascade; create schema metrics")
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            cursor.execute(migration.read_text())
    return url


@pytest.fixture
def pool(metrics_database):
    from plumbing.database import Pool
    from plumbing.settings import Settings

    pool = Pool(Settings(service="metrics", database_url=metrics_database, amqp_uri="", at_rest_key=bytes(32)))
    with pool.transaction() as tx:
        tx.run(
            "truncate metrics.disputes, metrics.deadlines, metrics.timeline, metrics.open_cube, metrics.open_waits, metrics.flow, metrics.days,"
            " metrics.moves, metrics.totals, metrics.as_of, metrics.changes"
        )
        tx.run("update metrics.head set last_change = 0")
    yield pool
    pool.close()


@pytest.fixture
def hear(pool):
    """hear(batch, …): what the service does with each batch once it is in sequence."""
    from services.metrics import domain, store

    def hear(*batches):
        for batch in batches:
            with pool.transaction() as tx:
                changes = domain.fold(store.load(tx, batch), batch)
                store.save(tx, changes)

    return hear
