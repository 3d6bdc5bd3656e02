"""Tests of the private database server and broker: they listen on loopback only, separate the services, and keep data after a kill."""

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
from local.rabbitmq import PORT_NAMES as BROKER_PORTS

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI")), reason="DATABASE_URL or AMQP_URI names servers that tests must not kill"
)


@pytest.fixture
def private_servers(killable_servers):
    return killable_servers


def query(url, statement):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def test_servers_listen_on_loopback_only(private_servers):
    ports = {private_servers.ports[name] for name in ("database", *BROKER_PORTS)}
    listening = [connection.laddr for connection in psutil.net_connections("tcp") if connection.status == psutil.CONN_LISTEN and connection.laddr.port in ports]

    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert {address.port for address in listening} == ports


def test_second_start_of_servers_in_the_same_run_directory_is_refused(private_servers):
    with pytest.raises(AlreadyRunning, match=r"已有一个系统.*a system is already running"):
        Servers(private_servers.folder).start()

    assert query(private_servers.database_admin, "select 1") == [(1,)]


def test_password_files_are_readable_by_their_owner_only(private_servers):
    readable = [file for file in private_servers.folder.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]

    assert not [file for file in readable if file.name in ("secrets.json", "definitions.json", "password", "endpoints.json", ".erlang.cookie")]
    assert private_servers.folder.stat().st_mode & 0o077 == 0


def test_database_writes_committed_data_to_disk(private_servers):
    assert query(private_servers.database_admin, "show fsync") == [("on",)]
    assert query(private_servers.database_admin, "show synchronous_commit") == [("on",)]


def test_service_finds_its_tables_without_a_schema_name(private_servers):
    url = private_servers.services["intake"]["database"]
    query(url, "create table if not exists reports (n int)")

    assert query(url, "select table_schema from information_schema.tables where table_name = 'reports'") == [("intake",)]


@pytest.mark.parametrize("other_service", [name for name in SERVICES if name != "intake"])
def test_service_cannot_access_tables_of_another_service(private_servers, other_service):
    query(private_servers.services["intake"]["database"], "create table if not exists reports (n int)")
    url = private_servers.services[other_service]["database"]

    for forbidden in (
        "select * from intake.reports",
        "insert into intake.reports values (1)",
        "create table intake.theirs (n int)",
        "create table public.open (n int)",
        "create schema more",
        "set role intake",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(url, forbidden)


@pytest.mark.parametrize("forbidden", ["intake.events", "mediation.events"])
def test_agency_cannot_publish_to_the_exchange_of_a_service(private_servers, forbidden):
    connection = pika.BlockingConnection(pika.URLParameters(private_servers.amqp("police")))
    channel = connection.channel()
    channel.confirm_delivery()

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="403"):
        channel.basic_publish(forbidden, "0.dispute.registered", b"{}")
    connection.close()


def test_second_call_of_prepare_database_returns_the_same_addresses(private_servers):
    from deploy.roles import prepare_database

    urls = prepare_database(private_servers.database_admin, private_servers.keys["database"])

    assert urls == {name: addresses["database"] for name, addresses in private_servers.services.items()}


def test_database_keeps_committed_rows_after_a_kill(private_servers):
    url = private_servers.services["notify"]["database"]
    query(url, "create table kept (n int)")
    query(url, "insert into kept values (7)")
    port = private_servers.database.port

    private_servers.database.kill()
    assert not private_servers.database.is_running()
    private_servers.database.start()

    assert private_servers.database.port == port
    assert query(url, "select n from kept") == [(7,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to keep the data outside the run directory")
def test_database_files_outside_the_run_directory_are_replaced_if_the_directory_was_deleted(tmp_path, monkeypatch):
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
    assert query(roles.url_with_path(second.url, "postgres"), "select 1") == [(1,)]
    second.delete_data()
    assert not second.is_running() and not second.data.parent.exists()


def test_database_starts_although_its_pid_file_names_another_process(private_servers):
    private_servers.database.stop()
    other_process = subprocess.Popen(["sleep", "60"])
    (private_servers.database.data / "postmaster.pid").write_text(f"{other_process.pid}\n{private_servers.database.data}\n")

    private_servers.database.start()

    assert other_process.poll() is None
    assert query(private_servers.database_admin, "select 1") == [(1,)]
    other_process.kill()
    other_process.wait()
