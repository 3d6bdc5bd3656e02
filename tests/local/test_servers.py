"""Private servers: on loopback only, each service in its own rooms, alive again after a kill. One pair serves all tests of this file."""

import os
import shutil
import socket
import subprocess

import pika
import psutil
import psycopg2
import pytest

from contracts.channels import SERVICES
from deploy import roles
from local import AlreadyRunning, Servers, postgresql, programs
from local.postgresql import PostgreSQL
from local.rabbitmq import PORTS as BROKER_PORTS

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI")), reason="DATABASE_URL or AMQP_URI names servers that are not ours to kill"
)


@pytest.fixture
def private_servers(killable):
    return killable


def ask(url, statement):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def test_everything_listens_on_loopback_only(private_servers):
    ours = {private_servers.ports[name] for name in ("database", *BROKER_PORTS)}
    listening = [connection.laddr for connection in psutil.net_connections("tcp") if connection.status == psutil.CONN_LISTEN and connection.laddr.port in ours]

    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert {address.port for address in listening} == ours


def test_a_second_start_in_the_same_place_is_refused(private_servers):
    with pytest.raises(AlreadyRunning, match=r"已有一个系统.*one runs already"):
        Servers(private_servers.folder).start()

    assert ask(private_servers.database_admin, "select 1") == [(1,)]


def test_passwords_are_closed_to_others(private_servers):
    readable = [file for file in private_servers.folder.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]

    assert not [file for file in readable if file.name in ("secrets.json", "definitions.json", "password", "endpoints.json", ".erlang.cookie")]
    assert private_servers.folder.stat().st_mode & 0o077 == 0


def test_confirmed_data_reach_the_disk(private_servers):
    assert ask(private_servers.database_admin, "show fsync") == [("on",)]
    assert ask(private_servers.database_admin, "show synchronous_commit") == [("on",)]


def test_a_service_finds_its_own_tables_without_naming_its_schema(private_servers):
    url = private_servers.services["intake"]["database"]
    ask(url, "create table if not exists reports (n int)")

    assert ask(url, "select table_schema from information_schema.tables where table_name = 'reports'") == [("intake",)]


@pytest.mark.parametrize("stranger", [name for name in SERVICES if name != "intake"])
def test_no_service_reads_or_writes_anothers_tables(private_servers, stranger):
    ask(private_servers.services["intake"]["database"], "create table if not exists reports (n int)")
    url = private_servers.services[stranger]["database"]

    for forbidden in (
        "select * from intake.reports",
        "insert into intake.reports values (1)",
        "create table intake.theirs (n int)",
        "create table public.open (n int)",
        "create schema more",
        "set role intake",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(url, forbidden)


@pytest.mark.parametrize("forbidden", ["intake.events", "mediation.events"])
def test_no_agency_speaks_as_a_service(private_servers, forbidden):
    connection = pika.BlockingConnection(pika.URLParameters(private_servers.amqp("police")))
    channel = connection.channel()
    channel.confirm_delivery()

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="403"):
        channel.basic_publish(forbidden, "0.dispute.registered", b"{}")
    connection.close()


def test_roles_can_be_prepared_twice(private_servers):
    from deploy.roles import prepare_database

    urls = prepare_database(private_servers.database_admin, private_servers.keys["database"])

    assert urls == {name: addresses["database"] for name, addresses in private_servers.services.items()}


def test_the_database_keeps_what_was_committed_when_it_is_killed(private_servers):
    url = private_servers.services["notify"]["database"]
    ask(url, "create table kept (n int)")
    ask(url, "insert into kept values (7)")
    port = private_servers.database.port

    private_servers.database.kill()
    assert not private_servers.database.is_running()
    private_servers.database.start()

    assert private_servers.database.port == port
    assert ask(url, "select n from kept") == [(7,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to keep the data outside the run directory")
def test_data_that_lie_elsewhere_do_not_outlive_their_run_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(postgresql, "_has_user_namespaces", lambda: False)

    def start():
        server = PostgreSQL(tmp_path / "run/postgresql", programs.find_postgresql(), free_port)
        server.start()
        return server

    (tmp_path / "run").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]
    first = start()
    first.stop()
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").mkdir()
    second = start()

    assert not second.data.is_relative_to(tmp_path)
    assert ask(roles.with_path(second.url, "postgres"), "select 1") == [(1,)]
    second.discard()
    assert not second.is_running() and not second.data.parent.exists()


def test_a_pid_file_of_the_dead_does_not_keep_the_database_from_starting(private_servers):
    private_servers.database.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    (private_servers.database.data / "postmaster.pid").write_text(f"{stranger.pid}\n{private_servers.database.data}\n")

    private_servers.database.start()

    assert stranger.poll() is None
    assert ask(private_servers.database_admin, "select 1") == [(1,)]
    stranger.kill()
    stranger.wait()
