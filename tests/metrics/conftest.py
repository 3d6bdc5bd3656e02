"""Fixtures of the tests of the metrics service. They use a new database on the test server, not the database of the system under test."""

from pathlib import Path

import psycopg2
import pytest

from deploy.roles import url_with_path

MIGRATIONS = Path(__file__).parents[2] / "services/metrics/migrations"


@pytest.fixture(scope="session")
def metrics_database(servers):
    """URL of a new database with the tables of the metrics service."""
    admin = psycopg2.connect(servers.database_admin)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("drop database if exists metrics_tests with (force)")
        cursor.execute("create database metrics_tests")
    admin.close()
    url = url_with_path(servers.database_admin, "metrics_tests")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("create schema metrics")
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            cursor.execute(migration.read_text())
    connection.close()
    return url


@pytest.fixture
def pool(metrics_database):
    """Connection pool of the metrics test database, with all tables emptied."""
    from plumbing.pool import Pool
    from plumbing.settings import Settings

    pool = Pool(Settings(service="metrics", database_url=metrics_database, amqp_uri="", at_rest_key=bytes(32)))
    with pool.transaction() as tx:
        tx.run(
            "truncate metrics.disputes, metrics.deadlines, metrics.timeline, metrics.open_cube, metrics.open_waits, metrics.daily_counts, metrics.daily_totals,"
            " metrics.daily_disputes, metrics.totals, metrics.as_of, metrics.watermarks, metrics.changes"
        )
        tx.run("update metrics.head set last_change = 0, writer = 0")
    yield pool
    pool.close()


@pytest.fixture
def hear(pool):
    """hear(batch, …): apply each batch of events to the read model in one transaction, as the metrics service does."""
    from services.metrics import domain, store

    cache = store.DisputeCache()

    def hear(*batches):
        for batch in batches:
            with pool.transaction() as tx:
                changes = domain.fold(cache.load(tx, batch), batch)
                change = store.save(tx, changes, cache.writer)
            cache.keep(changes.disputes, change)

    return hear


@pytest.fixture
def dashboard(pool):
    """URL of a running dashboard, served by uvicorn on a free port."""
    import threading
    import time

    import uvicorn

    from services.metrics.web.app import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(pool.settings, is_demo=True), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive(), "the server did not stop: streams are still open"
