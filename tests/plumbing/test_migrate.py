"""Tests of migrations: they are only added, and a process refuses tables that were not migrated by exactly this release."""

import json
from contextlib import closing

import psycopg2
import pytest

from deploy import roles
from plumbing import migrate
from plumbing.events import DomainEvent
from plumbing.migrate import UnknownSchema
from plumbing.pool import Pool
from tests.plumbing.conftest import DISPUTE_A, make_event
from tests.plumbing.test_outbox import NOTICE_SENT

DATABASE = "fengqiao_migrations"


@pytest.fixture
def url(sandbox):
    """URL of a new database with the tables of notify, as this release creates them."""
    server = roles.url_with_path(sandbox.servers.database_admin, "postgres")
    roles.drop_database(server, DATABASE)
    roles.make_database(server, DATABASE)
    passwords = {"notify": sandbox.servers.keys["database"]["notify"]}
    url = roles.prepare_database(roles.url_with_path(sandbox.servers.database_admin, DATABASE), passwords)["notify"]
    migrate.migrate("notify", url)
    yield url
    roles.drop_database(server, DATABASE)


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    """Copy of the migrations, as the files of a next release that may be changed."""
    for file in [*migrate.migration_files("notify"), *migrate.migration_files("intake")]:
        copy = tmp_path / file.relative_to(migrate.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(migrate, "ROOT", tmp_path)
    return tmp_path


def execute(url, sql):
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_released_migrations_are_unchanged():
    """The list is written before a release: python -m plumbing.migrate --write-checksums."""
    present = {name: digest for service in migrate.SERVICES for name, digest in migrate.checksums(service).items()}
    released = migrate.load_released()

    assert released.keys() <= present.keys(), "a released migration was deleted or renamed"
    assert [name for name, digest in released.items() if present[name] != digest] == [], "a released migration was changed; add a new one instead"


def test_the_list_of_released_migrations_has_all_of_them_after_it_was_written(monkeypatch, tmp_path):
    monkeypatch.setattr(migrate, "RELEASED_FILE", tmp_path / "released.json")

    assert migrate.load_released() == {}
    assert migrate.write_released() == len(json.loads((tmp_path / "released.json").read_text())) > 10
    assert migrate.load_released()["notify/0002_notify"] == migrate.checksums("notify")["notify/0002_notify"]


def test_an_applied_migration_that_was_changed_is_refused(url, next_release):
    file = next_release / "services/notify/migrations/0002_notify.sql"
    file.write_text(file.read_text() + "-- changed")

    for check in (migrate.check_at_start, migrate.migrate):
        with pytest.raises(UnknownSchema, match=r"notify/0002_notify.*add a new one instead"):
            check("notify", url)


def test_a_process_refuses_tables_that_are_not_migrated_yet(url, next_release):
    (next_release / "services/notify/migrations/0099_next.sql").write_text("create table notify.next_release (id int primary key);")

    with pytest.raises(UnknownSchema, match=r"0099_next.*run python -m plumbing.migrate notify first"):
        migrate.check_at_start("notify", url)


def test_a_process_refuses_tables_of_a_newer_release(url):
    execute(url, "insert into migration_checksums (name, sha256) values ('notify/0099_next', '0')")

    for check in (migrate.check_at_start, migrate.migrate):
        with pytest.raises(UnknownSchema, match="newer release"):
            check("notify", url)


def test_data_of_this_release_is_found_again_after_an_upgrade_to_a_next_release(url, next_release, sandbox):
    """A made-up next release adds a column and a table and fills them from the data of this release."""
    pool = Pool(sandbox.settings("notify", database_url=url), 1, prepares_statements=True)
    with pool.transaction() as tx:
        tx.unheard([make_event(1), make_event(2)])
        tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
    before = execute(url, "select * from heard"), execute(url, "select message_id, body from published"), execute(url, "select * from spoken")
    (next_release / "plumbing/migrations/0099_next.sql").write_text(
        "alter table heard add column note text not null default 'none'; create table next_release as select subject from spoken; alter table next_release add primary key (subject);"
    )

    assert migrate.migrate("notify", url) == 1
    migrate.check_at_start("notify", url)
    assert [row[:-1] for row in execute(url, "select * from heard")] == before[0]
    assert (execute(url, "select message_id, body from published"), execute(url, "select * from spoken")) == before[1:]
    assert execute(url, "select note from heard") == [("none",)] and execute(url, "select subject from next_release") == [(DISPUTE_A,)]
    with pool.transaction() as tx:
        assert [event.sequence for event in tx.unheard([make_event(2), make_event(3)])] == [3]
        tx.say([DomainEvent("notice.sent", DISPUTE_A, NOTICE_SENT)])
    pool.close()
    assert execute(url, "select last_sequence from spoken") == [(2,)]
    assert migrate.migrate("notify", url) == 0
