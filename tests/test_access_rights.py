"""Tests of access rights: no database role and no broker user can read or write tables, queues or exchanges of another.

The rights are checked in the definitions, and by attempts on a real database and broker.
"""

import re
import uuid

import pika
import psycopg2
import pytest

from contracts import AGENCIES
from contracts.channels import DEAD_LETTERS, SERVICES, STREAMS, SUBSCRIPTIONS, agency_queue, exchange_of, inbox_of, queue_of, service_of
from deploy import broker
from tests.sandbox import AGENCIES as SANDBOX_AGENCIES

# ── the database ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_role_can_read_and_write_the_tables_of_its_own_schema_only(sandbox, service):
    tables = sandbox.rows("select schemaname, tablename from pg_tables where schemaname = any(%s)", list(SERVICES))
    assert len(tables) > 40
    connection = psycopg2.connect(sandbox.databases[service])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for schema, table in tables:
            for statement in (f'select 1 from {schema}."{table}" limit 1', f'delete from {schema}."{table}" where false'):
                if schema == service:
                    cursor.execute(statement)
                else:
                    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                        cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_role_of_a_service_cannot_gain_further_rights(sandbox, service):
    other = next(name for name in SERVICES if name != service)
    connection = psycopg2.connect(sandbox.databases[service])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in (
            f"set role {other}", "set role postgres", "create role another", "create database another", "create schema another", "create table public.open (n int)",
            f"create table {other}.mine (n int)", f"alter role {service} superuser", "select pg_read_file('/etc/passwd')", "copy (select 1) to program 'true'",
            "select passwd from pg_shadow",
        ):  # fmt: skip
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    connection.close()


# ── the broker: rights in its definitions ──────────────────────────────────────────────────────────────────────────────

DEFINITIONS = broker.definitions(dict.fromkeys((broker.ADMIN, *broker.SERVICES, *AGENCIES), "x"), 2)
PERMISSIONS_OF_USER = {right["user"]: right for right in DEFINITIONS["permissions"]}
TOPIC_PERMISSIONS_OF_USER = {right["user"]: right for right in DEFINITIONS["topic_permissions"]}
QUEUE_AND_EXCHANGE_NAMES = {entry["name"] for entry in (*DEFINITIONS["queues"], *DEFINITIONS["exchanges"])}


def names_matching(user, right):
    """Return the names of the queues and exchanges on which the broker user has this right (configure, write or read)."""
    return {name for name in QUEUE_AND_EXCHANGE_NAMES if re.search(PERMISSIONS_OF_USER[user][right], name)}


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agencys_broker_user_has_rights_only_on_its_inbox_queue_and_the_agencies_exchange(agency):
    assert (names_matching(agency, "configure"), names_matching(agency, "write"), names_matching(agency, "read")) == (set(), {"agencies"}, {inbox_of(agency)})


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_can_publish_only_with_routing_keys_that_begin_with_its_code(agency):
    rule = re.compile(TOPIC_PERMISSIONS_OF_USER[agency]["write"])

    assert [other for other in AGENCIES if rule.search(f"{other}.dispute.reported")] == [agency]
    assert not rule.search(agency) and not rule.search(f"x.{agency}.y") and not rule.search(f"{agency}x.y")


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_can_read_only_its_own_queues_and_write_only_its_own_streams(service):
    assert names_matching(service, "configure") == set()
    exchanges = {exchange_of(producer) for producer in STREAMS if service_of(producer) == service}
    assert names_matching(service, "write") == exchanges | ({"inboxes"} if service in ("intake", "notify") else set())
    expected = {queue_of(service, producer, partition) for producer in SUBSCRIPTIONS[service] for partition in (0, 1)}
    assert names_matching(service, "read") == expected | ({agency_queue(agency) for agency in AGENCIES} if service == "intake" else set())


# ── the broker: attempts ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def attempt(sandbox):
    """Function that runs an action on a channel of a broker user. Returns None, or the AMQP reply code if the broker refuses the action."""

    def attempt(user, action):
        channel = sandbox.channel(user)
        try:
            action(channel)
            return None
        except pika.exceptions.ChannelClosedByBroker as refused:
            return refused.reply_code
        finally:
            channel.connection.close()

    return attempt


def publish_action(exchange, key, **properties):
    return lambda channel: channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(**properties))


def consume_action(queue):
    return lambda channel: (channel.basic_consume(queue, lambda *_: None), channel.connection.process_data_events(0))


POLICE, COURT = SANDBOX_AGENCIES


def test_the_broker_accepts_an_agencys_events_and_lets_it_read_its_inbox_queue(attempt, sandbox):
    assert attempt(POLICE, publish_action("agencies", f"{POLICE}.dispute.reported", user_id=POLICE)) is None
    assert attempt(POLICE, consume_action(inbox_of(POLICE))) is None
    sandbox.purge(agency_queue(POLICE))


@pytest.mark.parametrize(
    "action",
    [
        publish_action("agencies", f"{COURT}.dispute.reported"),
        publish_action("agencies", "dispute.reported"),
        publish_action("agencies", "#"),
        publish_action("inboxes", COURT),
        publish_action("inboxes", POLICE),
        publish_action("dead-letters", "x"),
        publish_action("unrouted", "x"),
        publish_action("", inbox_of(COURT)),
        publish_action("", queue_of("mediation", "intake", 0)),
        publish_action("amq.topic", "x"),
        *(publish_action(exchange_of(producer), "0.dispute.registered") for producer in STREAMS),
        consume_action(inbox_of(COURT)),
        consume_action(agency_queue(POLICE)),
        consume_action(agency_queue(COURT)),
        consume_action(queue_of("mediation", "intake", 0)),
        consume_action(DEAD_LETTERS),
        lambda channel: channel.basic_get(inbox_of(COURT)),
        lambda channel: channel.queue_purge(inbox_of(COURT)),
        lambda channel: channel.queue_delete(inbox_of(POLICE)),
        lambda channel: channel.queue_declare(uuid.uuid4().hex),
        lambda channel: channel.queue_declare("", exclusive=True),
        lambda channel: channel.exchange_declare(uuid.uuid4().hex),
        lambda channel: channel.queue_bind(inbox_of(POLICE), "intake.events", "#"),
        lambda channel: channel.queue_bind(inbox_of(POLICE), "inboxes", COURT),
        lambda channel: channel.queue_bind(inbox_of(POLICE), "agencies", "#"),
        lambda channel: channel.exchange_bind("agencies", "intake.events", "#"),
    ],
)
def test_the_broker_refuses_an_agency_any_other_exchange_queue_or_routing_key(attempt, action):
    assert attempt(POLICE, action) == 403


def test_the_broker_refuses_a_message_with_the_user_id_of_another_agency(attempt):
    assert attempt(POLICE, publish_action("agencies", f"{POLICE}.dispute.reported", user_id=COURT)) == 406


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_cannot_publish_as_another_service_or_declare_a_queue(attempt, service):
    for other in STREAMS:
        if service_of(other) != service:
            assert attempt(service, publish_action(exchange_of(other), "0.x")) == 403
    assert attempt(service, publish_action("agencies", f"{POLICE}.x")) == 403
    assert attempt(service, consume_action(inbox_of(POLICE))) == 403
    assert attempt(service, lambda channel: channel.queue_declare(uuid.uuid4().hex)) == 403


def test_the_broker_refuses_wrong_credentials(sandbox):
    for uri in (sandbox.amqp(POLICE).replace(sandbox.servers.keys["broker"][POLICE], "guessed"), "amqp://guest:guest@" + sandbox.amqp(POLICE).split("@")[1]):
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            pika.BlockingConnection(pika.URLParameters(uri))


@pytest.mark.parametrize("user", AGENCIES)
def test_every_agency_can_connect_to_the_broker_with_its_own_account(servers, user):
    pika.BlockingConnection(pika.URLParameters(servers.amqp(user))).close()
