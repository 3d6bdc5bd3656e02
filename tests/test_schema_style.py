"""House rules for the tables, and the walls between them: read from a real, freshly migrated database."""

import pika
import psycopg2
import pytest

from contracts import AGENCIES, HEARS
from contracts.channels import AGENCIES_EXCHANGE, agency_queue, exchange_of, inbox_of

SERVICES = tuple(HEARS)


def rows(url, sql, *params):
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall()
    finally:
        connection.close()


def test_no_instant_is_without_its_zone(apart):
    found = rows(
        apart.database_admin,
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema = any(%s) and data_type = 'timestamp without time zone' and table_name !~ '^_?yoyo'",
        list(SERVICES),
    )

    assert not found


def test_a_named_constraint_is_a_sentence(apart):
    """PostgreSQL's own names end in what they are; ours say what they guarantee."""
    found = rows(
        apart.database_admin,
        "select conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace join pg_class t on t.oid = c.conrelid"
        r" where nspname = any(%s) and contype in ('c', 'u') and t.relname !~ '^_?yoyo' and conname !~ '_(check|key)\d*$'",
        list(SERVICES),
    )

    assert found
    assert not [name for (name,) in found if name.startswith(("chk", "uq", "ck_")) or name.count("_") < 2]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_own_tables_and_nobody_elses(apart, service):
    tables = rows(apart.database_admin, "select schemaname, tablename from pg_tables where schemaname = any(%s)", list(SERVICES))
    assert {schema for schema, _ in tables} == set(SERVICES)

    for schema, table in tables:
        if schema == service:
            rows(apart.databases[service], f'select * from "{schema}"."{table}" limit 1')
        else:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                rows(apart.databases[service], f'select * from "{schema}"."{table}" limit 1')


# ── the broker ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def police(servers):
    connection = pika.BlockingConnection(pika.URLParameters(servers.amqp("police")))
    yield connection.channel()
    if connection.is_open:
        connection.close()


def test_an_agency_cannot_speak_as_another(police):
    police.confirm_delivery()
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        police.basic_publish(AGENCIES_EXCHANGE, "court.dispute.reported", b"{}")
        police.connection.process_data_events(2)

    assert refused.value.reply_code == 403


def test_an_agency_cannot_sign_with_anothers_name(police):
    police.confirm_delivery()
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        police.basic_publish(AGENCIES_EXCHANGE, "police.dispute.reported", b"{}", pika.BasicProperties(user_id="court"))
        police.connection.process_data_events(2)

    assert refused.value.reply_code == 406


@pytest.mark.parametrize("queue", [inbox_of("court"), agency_queue("police"), "mediation.intake-events.0", "dead-letters"])
def test_an_agency_hears_its_own_inbox_only(police, queue):
    assert police.basic_get(inbox_of("police"), auto_ack=False) is not None
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        police.basic_get(queue)

    assert refused.value.reply_code == 403


@pytest.mark.parametrize("user", [*SERVICES, "police"])
def test_nobody_but_the_administrator_makes_or_removes_a_queue(servers, user):
    connection = pika.BlockingConnection(pika.URLParameters(servers.amqp(user)))
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            connection.channel().queue_declare("a.queue.of.my.own")
    finally:
        connection.close()

    assert refused.value.reply_code == 403


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_speaks_on_its_own_exchange_only(servers, service):
    for speaker in SERVICES:
        if speaker == service:
            continue
        connection = pika.BlockingConnection(pika.URLParameters(servers.amqp(service)))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
                channel.basic_publish(exchange_of(speaker), "0.x", b"")
            assert refused.value.reply_code == 403
        finally:
            connection.close()


def test_every_agency_has_a_user_of_its_own(servers):
    for code in AGENCIES:
        pika.BlockingConnection(pika.URLParameters(servers.amqp(code))).close()
