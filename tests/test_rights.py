"""Can anybody see or say what is not theirs? Asked of the real database and the real broker."""

import re
import uuid

import pika
import psycopg2
import pytest

from contracts import AGENCIES
from contracts.channels import DEAD_LETTERS, HEARS, SERVICES, STREAMS, agency_queue, exchange_of, inbox_of, queue_of, service_of
from deploy import broker
from tests.apart import AGENCIES as HERE

# ── the database ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_and_writes_its_own_tables_and_no_other(apart, service):
    tables = apart.rows("select schemaname, tablename from pg_tables where schemaname = any(%s)", list(SERVICES))
    assert len(tables) > 40
    connection = psycopg2.connect(apart.databases[service])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for schema, table in tables:
            for words in (f'select 1 from {schema}."{table}" limit 1', f'delete from {schema}."{table}" where false'):
                if schema == service:
                    cursor.execute(words)
                else:
                    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                        cursor.execute(words)
    connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_not_become_more(apart, service):
    other = next(name for name in SERVICES if name != service)
    connection = psycopg2.connect(apart.databases[service])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for words in (
            f"set role {other}", "set role postgres", "create role another", "create database another", "create schema another", "create table public.open (n int)",
            f"create table {other}.mine (n int)", f"alter role {service} superuser", "select pg_read_file('/etc/passwd')", "copy (select 1) to program 'true'",
            "select passwd from pg_shadow",
        ):  # fmt: skip
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(words)
    connection.close()


# ── the broker: what each name may touch, by its rights ───────────────────────────────────────────────────────────────

DOCUMENT = broker.definitions(dict.fromkeys((broker.ADMIN, *broker.SERVICES, *AGENCIES), "x"), 2)
RIGHTS = {right["user"]: right for right in DOCUMENT["permissions"]}
TOPICS = {right["user"]: right for right in DOCUMENT["topic_permissions"]}
EVERYTHING = {thing["name"] for thing in (*DOCUMENT["queues"], *DOCUMENT["exchanges"])}


def may(user, what):
    return {name for name in EVERYTHING if re.search(RIGHTS[user][what], name)}


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_touches_its_inbox_and_the_agencies_exchange(agency):
    assert (may(agency, "configure"), may(agency, "write"), may(agency, "read")) == (set(), {"agencies"}, {inbox_of(agency)})


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_speaks_under_its_own_name_only(agency):
    rule = re.compile(TOPICS[agency]["write"])

    assert [other for other in AGENCIES if rule.search(f"{other}.dispute.reported")] == [agency]
    assert not rule.search(agency) and not rule.search(f"x.{agency}.y") and not rule.search(f"{agency}x.y")


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_hears_what_it_is_told_and_speaks_for_itself(service):
    assert may(service, "configure") == set()
    voices = {exchange_of(producer) for producer in STREAMS if service_of(producer) == service}
    assert may(service, "write") == voices | ({"inboxes"} if service in ("intake", "notify") else set())
    expected = {queue_of(service, producer, partition) for producer in HEARS[service] for partition in (0, 1)}
    assert may(service, "read") == expected | ({agency_queue(agency) for agency in AGENCIES} if service == "intake" else set())


# ── the broker: asked ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def attempt(apart):
    """attempt(user, do) is None if the broker let it be done, else the code of its refusal."""

    def attempt(user, do):
        channel = apart.channel(user)
        try:
            do(channel)
            return None
        except pika.exceptions.ChannelClosedByBroker as refused:
            return refused.reply_code
        finally:
            channel.connection.close()

    return attempt


def publishing(exchange, key, **properties):
    return lambda channel: channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(**properties))


def taking(queue):
    return lambda channel: (channel.basic_consume(queue, lambda *_: None), channel.connection.process_data_events(0))


POLICE, COURT = HERE


def test_an_agency_may_do_what_it_is_there_for(attempt, apart):
    assert attempt(POLICE, publishing("agencies", f"{POLICE}.dispute.reported", user_id=POLICE)) is None
    assert attempt(POLICE, taking(inbox_of(POLICE))) is None
    apart.purge(agency_queue(POLICE))


@pytest.mark.parametrize(
    "do",
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
        taking(inbox_of(COURT)),
        taking(agency_queue(POLICE)),
        taking(agency_queue(COURT)),
        taking(queue_of("mediation", "intake", 0)),
        taking(DEAD_LETTERS),
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
def test_the_police_may_not(attempt, do):
    assert attempt(POLICE, do) == 403


def test_nobody_signs_with_anothers_name(attempt):
    assert attempt(POLICE, publishing("agencies", f"{POLICE}.dispute.reported", user_id=COURT)) == 406


@pytest.mark.parametrize("service", broker.SERVICES)
def test_a_service_may_not_speak_as_another_or_declare(attempt, service):
    for other in STREAMS:
        if service_of(other) != service:
            assert attempt(service, publishing(exchange_of(other), "0.x")) == 403
    assert attempt(service, publishing("agencies", f"{POLICE}.x")) == 403
    assert attempt(service, taking(inbox_of(POLICE))) == 403
    assert attempt(service, lambda channel: channel.queue_declare(uuid.uuid4().hex)) == 403


def test_a_stranger_does_not_get_in(apart):
    for uri in (apart.amqp(POLICE).replace(apart.servers.keys["broker"][POLICE], "guessed"), "amqp://guest:guest@" + apart.amqp(POLICE).split("@")[1]):
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            pika.BlockingConnection(pika.URLParameters(uri))


@pytest.mark.parametrize("user", AGENCIES)
def test_every_agency_has_a_name_and_a_password_of_its_own(servers, user):
    pika.BlockingConnection(pika.URLParameters(servers.amqp(user))).close()
