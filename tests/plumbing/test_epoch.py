"""Tests of the epoch: a process notices that its database or its broker is older than what was recorded outside them."""

import psycopg2
import pytest

from plumbing import epoch, first_epoch
from plumbing.epoch import EpochFile, RecoveryNeeded
from plumbing.pool import DatabaseUnavailable
from tests.plumbing.conftest import DISPUTE_A, make_event


@pytest.fixture
def file(tmp_path):
    return EpochFile(tmp_path / "epoch.json")


@pytest.fixture
def cursor(empty_sandbox):
    connection = psycopg2.connect(empty_sandbox.databases["notify"])
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


def last_message(sandbox):
    return sandbox.rows("select last_value from notify.message_ids")[0][0]


def test_a_database_that_is_as_new_as_recorded_passes_the_check(file, cursor, empty_sandbox):
    file.begin(1, {"notify": last_message(empty_sandbox)})

    assert epoch.check_database(cursor, "notify", file) == 1
    assert epoch.check_database(cursor, "notify", None) is None


def test_a_database_older_than_recorded_is_noticed_and_the_command_is_named(file, cursor, empty_sandbox):
    file.begin(1, {"notify": last_message(empty_sandbox) + 1})

    with pytest.raises(RecoveryNeeded, match=r"请先运行 ./fengqiao recover \| .*run ./fengqiao recover first"):
        epoch.check_database(cursor, "notify", file)


def test_a_database_of_another_epoch_and_a_missing_file_are_noticed(file, cursor):
    with pytest.raises(RecoveryNeeded, match="missing"):
        epoch.check_database(cursor, "notify", file)
    file.begin(2, {})
    with pytest.raises(RecoveryNeeded, match="epoch 1, the present epoch is 2"):
        epoch.check_database(cursor, "notify", file)


def test_a_record_with_a_lower_number_does_not_replace_a_higher_one(file):
    file.begin(1, {})
    file.record_published("notify", 7)
    file.record_published("notify", 5)
    file.record_published("intake", 3)

    assert file.read() == {"epoch": 1, "published": {"notify": 7, "intake": 3}}


def test_a_damaged_file_counts_as_missing(file):
    file.path.write_text("{")

    assert file.read() is None


def test_no_transaction_reaches_a_database_that_was_restored(file, empty_sandbox, monkeypatch):
    monkeypatch.setenv(epoch.SETTING, str(file.path))
    file.begin(1, {"notify": last_message(empty_sandbox) + 1})

    with pytest.raises(DatabaseUnavailable, match="recover"), empty_sandbox.pool("notify").transaction():
        pass


def test_a_service_records_how_far_it_has_processed_events(file, empty_sandbox, monkeypatch):
    monkeypatch.setenv(epoch.SETTING, str(file.path))
    file.begin(1, {})
    pool = empty_sandbox.pool("notify")
    with pool.transaction() as tx:
        tx.unheard([make_event(1, DISPUTE_A)])
    pool.record_mark()

    assert file.read()["published"] == {"notify": last_message(empty_sandbox)}


def test_a_broker_without_the_marker_of_the_epoch_is_noticed(empty_sandbox):
    with pytest.raises(RecoveryNeeded, match="marker of epoch 9"):
        epoch.check_broker(empty_sandbox.amqp("notify"), 9)


def test_a_service_sees_the_marker_that_the_administrator_declared(empty_sandbox):
    first_epoch.declare_marker(empty_sandbox.amqp("admin"), 3)

    epoch.check_broker(empty_sandbox.amqp("notify"), 3)
    first_epoch.declare_marker(empty_sandbox.amqp("admin"), 4)
    with pytest.raises(RecoveryNeeded):
        epoch.check_broker(empty_sandbox.amqp("notify"), 3)


def test_a_broker_that_does_not_answer_is_not_checked():
    epoch.check_broker("amqp://guest:guest@127.0.0.1:1/", 1)
