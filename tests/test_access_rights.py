"""Tests of access rights: no role of the database and no user of the broker can read or write what belongs to another.

The rights are checked in the definitions, and by attempts on the real database and broker.
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
def test_a_service_can_read_and_write_its_own_tables_and_no_others(sandbox, service):
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
def test_a_service_role_cannot_gain_further_rights(sandbox, service):
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
RIGHTS = {right["user"]: right for right in DEFINITIONS["permissions"]}
TOPIC_RIGHTS = {right["user"]: right for right in DEFINITIONS["topic_permissions"]}
ALL_NAMES = {entry["name"] for entry in (*DEFINITIONS["queues"], *DEFINITIONS["exchanges"])}


def names_matching(user, right):
    """Return the queues and exchanges on which the user has this right (configure, write or read)."""
    return {name for name in ALL_NAMES if re.search(RIGHTS[user][right], name)}


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_has_rights_on_its_inbox_and_the_agencies_exchange_only(agency):
    assert (names_matching(agency, "configure"), names_matching(agency, "write"), names_matching(agency, "read")) == (set(), {"agencies"}, {inbox_of(agency)})


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_can_publish_with_its_own_routing_keys_only(agency):
    rule = re.compile(TOPIC_RIGHTS[agency]["write"])

    assert [other for other in AGENCIES if rule.search(f"{other}.dispute.reported")] == [agency]
    assert not rule.search(agency) and not rule.search(f"x.{agency}.y") and not rule.search(f"{agency}x.y")


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_can_read_its_queues_and_write_its_own_streams_only(service):
    assert names_matching(service, "configure") == set()
    exchanges = {exchange_of(producer) for producer in STREAMS if service_of(producer) == service}
    assert names_matching(service, "write") == exchanges | ({"inboxes"} if service in ("intake", "notify") else set())
    expected = {queue_of(service, producer, partition) for producer in SUBSCRIPTIONS[service] for partition in (0, 1)}
    assert names_matching(service, "read") == expected | ({agency_queue(agency) for agency in AGENCIES} if service == "intake" else set())


# ── the broker: attempts ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def attempt(sandbox):
    """attempt(user, action) runs the action on a channel of the user. Returns None, or the reply code if the broker refuses it."""

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


def publishing(exchange, key, **properties):
    return lambda channel: channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(**properties))


def consuming(queue):
    return lambda channel: (channel.basic_consume(queue, lambda *_: None), channel.connection.process_data_events(0))


POLICE, COURT = SANDBOX_AGENCIES


def test_an_agency_can_publish_its_events_and_read_its_inbox(attempt, sandbox):
    assert attempt(POLICE, publishing("agencies", f"{POLICE}.dispute.reported", user_id=POLICE)) is None
    assert attempt(POLICE, consuming(inbox_of(POLICE))) is None
    sandbox.purge(agency_queue(POLICE))


@pytest.mark.parametrize(
    "action",
    [
        publishing("agencies", f"{COURT}.dispute.reported"),
        publishing("agencies", "dispute.reported"),
        publishing("agencies", "#"),
        publishing("inboxes", COURT),
        publishing("inboxes", POLICE),
        publishing("dead-letters", "x"),
        publishing("unrouted", "x"),
        publishing("", inbox_of(COURT)),
        publishing("", queue_of("mediation", "intake", 0)),
        publishing("amq.topic", "x"),
        *(publishing(exchange_of(producer), "0.dispute.registered") for producer in STREAMS),
        consuming(inbox_of(COURT)),
        consuming(agency_queue(POLICE)),
        consuming(agency_queue(COURT)),
        consuming(queue_of("mediation", "intake", 0)),
        consuming(DEAD_LETTERS),
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
def test_the_broker_refuses_an_agency_everything_else(attempt, action):
    assert attempt(POLICE, action) == 403


def test_a_message_with_the_user_id_of_another_agency_is_refused(attempt):
    assert attempt(POLICE, publishing("agencies", f"{POLICE}.dispute.reported", user_id=COURT)) == 406


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_cannot_publish_as_another_or_declare_queues(attempt, service):
    for other in STREAMS:
        if service_of(other) != service:
            assert attempt(service, publishing(exchange_of(other), "0.x")) == 403
    assert attempt(service, publishing("agencies", f"{POLICE}.x")) == 403
    assert attempt(service, consuming(inbox_of(POLICE))) == 403
    assert attempt(service, lambda channel: channel.queue_declare(uuid.uuid4().hex)) == 403


def test_wrong_credentials_are_refused(sandbox):
    for uri in (sandbox.amqp(POLICE).replace(sandbox.servers.keys["broker"][POLICE], "guessed"), "amqp://guest:guest@" + sandbox.amqp(POLICE).split("@")[1]):
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            pika.BlockingConnection(pika.URLParameters(uri))


@pytest.mark.parametrize("user", AGENCIES)
def test_every_agency_can_log_in_with_its_own_account(servers, user):
    pika.BlockingConnection(pika.URLParameters(servers.amqp(user))).close()
