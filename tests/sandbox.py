"""Sandbox: a separate database and virtual host on the test servers, which no process of the system uses. For tests of single components."""

import base64
import json
from contextlib import closing

import pika
import psycopg2
from nacl.public import PrivateKey

from contracts.channels import DEFAULT_PARTITIONS, agency_queue, exchange_of, inbox_of, partition_of, routing_key
from deploy import broker, roles
from local.servers import Servers
from plumbing import bundles
from plumbing.events import event_id_of
from plumbing.migrate import migrate
from plumbing.pool import Pool
from plumbing.settings import Settings
from tests.shared_servers import make_vhost

DATABASE_NAME = "fengqiao_sandbox"
AGENCIES = ("police", "court")  # the only agencies with queues in the sandbox, because declaring the queues of all agencies would take seconds
AT_REST_KEY = bytes(range(32))
SEAL_PRIVATE_KEY = PrivateKey(bytes(range(32, 64)))  # private key of intake; agencies encrypt party data with its public key


class Sandbox:
    """New database with all migrations applied, and new virtual host with empty queues."""

    def __init__(self, servers: Servers):
        self.servers = servers
        with closing(_connect(roles.url_with_path(servers.database_admin, "postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {DATABASE_NAME} with (force)")
        roles.make_database(roles.url_with_path(servers.database_admin, "postgres"), DATABASE_NAME)
        self.database_admin = roles.url_with_path(servers.database_admin, DATABASE_NAME)
        self.databases = roles.prepare_database(self.database_admin, servers.keys["database"])
        for service, url in self.databases.items():
            migrate(service, url)
        self.vhost = f"{servers.vhost}_sandbox"
        make_vhost(servers.management, self.vhost, self._make_broker_definitions())
        self._admin_connection = _connect(self.database_admin)
        self._pools: list[Pool] = []
        self._cached_channel: pika.adapters.blocking_connection.BlockingChannel | None = None

    def close(self):
        if self._cached_channel and self._cached_channel.connection.is_open:
            self._cached_channel.connection.close()
        for pool in self._pools:
            pool.close()
        self._admin_connection.close()

    def amqp(self, user: str) -> str:
        return roles.url_with_path(self.servers.amqp(user), self.vhost)

    def settings(self, service: str, **others) -> Settings:
        values = {
            "service": service,
            "database_url": self.databases[service],
            "amqp_uri": self.amqp(service),
            "at_rest_key": AT_REST_KEY,
            "partitions_heard": (0, 1),
        }
        values |= {"seal_private_key": bytes(SEAL_PRIVATE_KEY)} if service == "intake" else {}
        return Settings(**(values | others))

    def pool(self, service: str, size: int = 4, partitions: int = DEFAULT_PARTITIONS, **others) -> Pool:
        """Return a new connection pool for a service. Idle connections of earlier pools are closed, because hundreds of tests share one server."""
        for earlier in self._pools:
            earlier.close()
        self._pools.append(Pool(self.settings(service, partitions=partitions), size, **{"prepares_statements": True, **others}))
        return self._pools[-1]

    def environment(self, service: str, **others) -> dict[str, str]:
        """Return the environment variables for a process of this service."""
        return {
            "FENGQIAO_SERVICE": service,
            "DATABASE_URL": self.databases[service],
            "AMQP_URI": self.amqp(service),
            "FENGQIAO_AT_REST_KEY": base64.b64encode(AT_REST_KEY).decode(),
            **({"FENGQIAO_SEAL_PRIVATE_KEY": base64.b64encode(bytes(SEAL_PRIVATE_KEY)).decode()} if service == "intake" else {}),
            **others,
        }

    def rows(self, sql: str, *params) -> list[tuple]:
        """Execute a statement as the database administrator, and return its rows. Reconnects if a test has restarted the server."""
        try:
            return self._execute(sql, params)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            if not self._admin_connection.closed:
                raise
        self._admin_connection = _connect(self.database_admin)
        return self._execute(sql, params)

    def stored_events(self, service: str, exchange: str | None = None) -> list[tuple[str, str, dict]]:
        """Return the events in the outbox of a service, in order, as (exchange, routing key, event). A bundle gives one entry for each of its events.

        The routing key of an event in a bundle is the key that the event would have as a message of its own.
        """
        rows = self.rows(
            f"select o.exchange, o.routing_key, coalesce(o.body, p.body) from {service}.outbox o left join {service}.published p using (id)"
            " where coalesce(o.exchange = %s, true) order by id",
            exchange,
        )
        events = [(found, key, json.loads(body)) for found, key, bundle in rows for body in bundles.split_body(bytes(bundle))]
        return [(found, key.replace(f".{bundles.BUNDLE_KEY}", f".{event['type']}"), event) for found, key, event in events]

    def empty(self, *services: str) -> None:
        """Delete all rows of the inbox and outbox tables in the schemas of these services."""
        tables = ("heard", "waiting", "parked", "parked_actions", "spoken", "published", "outbox")
        self.rows("; ".join(f"delete from {service}.{table}" for service in services for table in tables))

    def _execute(self, sql, params):
        with self._admin_connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall() if cursor.description else []

    # ── the broker ────────────────────────────────────────────────────────────────────────────────────────────────────

    def channel(self, user: str = broker.ADMIN) -> pika.adapters.blocking_connection.BlockingChannel:
        """Return a new channel with publisher confirms. The caller closes its connection."""
        parameters = pika.URLParameters(self.amqp(user))
        parameters.heartbeat = 0
        channel = pika.BlockingConnection(parameters).channel()
        channel.confirm_delivery()
        return channel

    def count(self, queue: str) -> int:
        """Return how many messages are ready for delivery in the queue."""
        return self._shared_channel().queue_declare(queue, passive=True).method.message_count

    def purge(self, *queues: str) -> None:
        for queue in queues:
            self._shared_channel().queue_purge(queue)

    def take_all(self, queue: str) -> list[tuple]:
        """Consume and acknowledge all messages that are in the queue now. Return them as (method, properties, body).

        The method consumes, because basic.get is not possible on a queue with a single active consumer. Messages published during the call stay in the queue.
        """
        channel = self.channel()
        message_count = channel.queue_declare(queue, passive=True).method.message_count
        channel.basic_qos(prefetch_count=min(message_count, 65_535))
        taken = []
        for message in channel.consume(queue, inactivity_timeout=30) if message_count else ():
            assert message[0] is not None, f"{queue} had {message_count} messages and delivered only {len(taken)}"
            taken.append(message)
            if len(taken) == message_count:
                channel.cancel()
                channel.basic_ack(message[0].delivery_tag, multiple=True)
                break
        channel.connection.close()
        return taken

    def publish(self, producer: str, *events: dict) -> None:
        """Publish domain events as the relay does. Each event is a dict of keyword arguments of `domain_event`; a key `body` replaces the message body."""
        channel = self._shared_channel()
        for event in events:
            partition = partition_of(event["subject"])
            body = event.pop("body", None) or domain_event(producer, **event)
            channel.basic_publish(exchange_of(producer), routing_key(partition, event.get("type", "step.applied")), body, pika.BasicProperties(delivery_mode=2))

    def publish_bundle(self, producer: str, *events: dict) -> None:
        """Publish domain events of one partition in one message, as the relay does. The arguments are those of `publish`."""
        (partition,) = {partition_of(event["subject"]) for event in events}
        body = bundles.join([event.pop("body", None) or domain_event(producer, **event) for event in events])
        properties = pika.BasicProperties(delivery_mode=2, content_type=bundles.BUNDLE_CONTENT_TYPE, message_id=f"{events[0]['subject']}/1+{len(events) - 1}")
        self._shared_channel().basic_publish(exchange_of(producer), routing_key(partition, bundles.BUNDLE_KEY), body, properties)

    def _shared_channel(self):
        """Return a broker channel of the administrator that stays open between calls, because opening a connection is slow."""
        if self._cached_channel is None or not self._cached_channel.is_open:
            if self._cached_channel and self._cached_channel.connection.is_open:
                self._cached_channel.connection.close()  # the broker closed the channel, but its connection is still open
            self._cached_channel = self.channel()
        return self._cached_channel

    def _make_broker_definitions(self):
        """Return the broker definitions (exchanges, queues, permissions) without the queues of agencies that are not in AGENCIES."""
        document = broker.definitions(self.servers.keys["broker"], 2)
        needed = {name for agency in AGENCIES for name in (agency_queue(agency), inbox_of(agency))}
        unwanted = {queue["name"] for queue in document["queues"] if queue["name"].startswith(("agency.", "intake.agency-events."))} - needed
        document["queues"] = [queue for queue in document["queues"] if queue["name"] not in unwanted]
        document["bindings"] = [binding for binding in document["bindings"] if binding["destination"] not in unwanted]
        return document


def domain_event(producer: str, subject: str, sequence: int, type: str = "step.applied", time: str = "2026-03-02T02:00:00Z", epoch: int = 1, **data) -> bytes:
    """Return a serialised domain event, to be used as a message body. `data` is not validated against its schema."""
    if epoch > 1:
        event = json.loads(domain_event(producer, subject, sequence, type, time, **data))
        return json.dumps(event | {"id": event_id_of(subject, sequence, epoch, False), "epoch": str(epoch)}).encode()
    envelope = {"specversion": "1.0", "id": f"{subject}/{sequence}", "source": f"/services/{producer}", "type": type, "subject": subject, "time": time}
    return json.dumps({**envelope, "sequence": str(sequence), "traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "data": data}).encode()


def _connect(url):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection
