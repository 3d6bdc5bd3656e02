"""A database and a virtual host apart from the running system, on the same servers: the real thing, where nobody else hears or says anything."""

import base64
import json
from contextlib import closing

import pika
import psycopg2
from nacl.public import PrivateKey

from contracts.channels import agency_queue, exchange_of, inbox_of, partition_of, routing_key
from deploy import broker, roles
from local.servers import Servers
from plumbing.migrate import migrate
from plumbing.pool import Pool
from plumbing.settings import Settings
from tests.shared import make_vhost

NAME = "fengqiao_apart"
AGENCIES = ("police", "court")  # a queue and an inbox for these; declaring everybody's would take seconds
KEY = bytes(range(32))
SEAL = PrivateKey(bytes(range(32, 64)))  # intake's, to which agencies seal


class Apart:
    """Every schema freshly migrated, every queue empty."""

    def __init__(self, servers: Servers):
        self.servers = servers
        with closing(_connect(roles.with_path(servers.database_admin, "postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {NAME} with (force)")
        roles.make_database(roles.with_path(servers.database_admin, "postgres"), NAME)
        self.database_admin = roles.with_path(servers.database_admin, NAME)
        self.databases = roles.prepare_database(self.database_admin, servers.keys["database"])
        for service, url in self.databases.items():
            migrate(service, url)
        self.vhost = f"{servers.vhost}_apart"
        make_vhost(servers.management, self.vhost, self._few_queues())
        self._admin = _connect(self.database_admin)
        self._pools: list[Pool] = []
        self._kept: pika.adapters.blocking_connection.BlockingChannel | None = None

    def close(self):
        if self._kept and self._kept.connection.is_open:
            self._kept.connection.close()
        for pool in self._pools:
            pool.close()
        self._admin.close()

    def amqp(self, user: str) -> str:
        return roles.with_path(self.servers.amqp(user), self.vhost)

    def settings(self, service: str, **others) -> Settings:
        known = {"service": service, "database_url": self.databases[service], "amqp_uri": self.amqp(service), "at_rest_key": KEY, "partitions_heard": (0, 1)}
        known |= {"seal_private_key": bytes(SEAL)} if service == "intake" else {}
        return Settings(**(known | others))

    def pool(self, service: str, size: int = 4, **others) -> Pool:
        """Connections that earlier pools keep idle are given back: hundreds of tests share one server, and a pool takes a new one when it needs it."""
        for earlier in self._pools:
            earlier.close()
        self._pools.append(Pool(self.settings(service), size, **others))
        return self._pools[-1]

    def environment(self, service: str, **others) -> dict[str, str]:
        """What a process of this service is told."""
        return {
            "FENGQIAO_SERVICE": service,
            "DATABASE_URL": self.databases[service],
            "AMQP_URI": self.amqp(service),
            "FENGQIAO_AT_REST_KEY": base64.b64encode(KEY).decode(),
            **({"FENGQIAO_SEAL_PRIVATE_KEY": base64.b64encode(bytes(SEAL)).decode()} if service == "intake" else {}),
            **others,
        }

    def rows(self, sql: str, *params) -> list[tuple]:
        """Execute a statement as the administrator, who may use every schema, and return its rows. Reconnects if a test has restarted the server."""
        try:
            return self._execute(sql, params)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            if not self._admin.closed:
                raise
        self._admin = _connect(self.database_admin)
        return self._execute(sql, params)

    def empty(self, *services: str) -> None:
        """Forgets what plumbing's tables hold of these services."""
        tables = ("heard", "waiting", "parked", "parked_actions", "spoken", "outbox")
        self.rows("; ".join(f"delete from {service}.{table}" for service in services for table in tables))

    def _execute(self, sql, params):
        with self._admin.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall() if cursor.description else []

    # ── the broker ────────────────────────────────────────────────────────────────────────────────────────────────────

    def channel(self, user: str = broker.ADMIN) -> pika.adapters.blocking_connection.BlockingChannel:
        """A channel with confirms; close its connection."""
        parameters = pika.URLParameters(self.amqp(user))
        parameters.heartbeat = 0
        channel = pika.BlockingConnection(parameters).channel()
        channel.confirm_delivery()
        return channel

    def count(self, queue: str) -> int:
        """How many messages lie there, ready for a consumer."""
        return self._steady_channel().queue_declare(queue, passive=True).method.message_count

    def purge(self, *queues: str) -> None:
        for queue in queues:
            self._steady_channel().queue_purge(queue)

    def take_all(self, queue: str) -> list[tuple]:
        """Everything that lies in a queue: (method, properties, body). By consuming: a queue with a single active consumer knows no basic.get.

        Acknowledged at the end and no more than there were: what somebody publishes meanwhile stays in the queue for the next call.
        """
        channel = self.channel()
        there = channel.queue_declare(queue, passive=True).method.message_count
        channel.basic_qos(prefetch_count=min(there, 65_535))
        taken = []
        for message in channel.consume(queue, inactivity_timeout=30) if there else ():
            assert message[0] is not None, f"{queue} held {there} messages and gave only {len(taken)}"
            taken.append(message)
            if len(taken) == there:
                channel.cancel()
                channel.basic_ack(message[0].delivery_tag, multiple=True)
                break
        channel.connection.close()
        return taken

    def tell(self, producer: str, *events: dict) -> None:
        """Publishes domain events as the relay would: dicts with subject, sequence, and what else is wanted."""
        channel = self._steady_channel()
        for event in events:
            partition = partition_of(event["subject"])
            body = event.pop("body", None) or domain_event(producer, **event)
            channel.basic_publish(exchange_of(producer), routing_key(partition, event.get("type", "step.applied")), body, pika.BasicProperties(delivery_mode=2))

    def _steady_channel(self):
        """An administrator's channel that stays open between calls: opening a connection costs more than what is done on it."""
        if self._kept is None or not self._kept.is_open:
            if self._kept and self._kept.connection.is_open:
                self._kept.connection.close()  # a channel that the broker closed leaves its connection open
            self._kept = self.channel()
        return self._kept

    def _few_queues(self):
        document = broker.definitions(self.servers.keys["broker"], 2)
        kept = {name for agency in AGENCIES for name in (agency_queue(agency), inbox_of(agency))}
        unwanted = {queue["name"] for queue in document["queues"] if queue["name"].startswith(("agency.", "intake.agency-events."))} - kept
        document["queues"] = [queue for queue in document["queues"] if queue["name"] not in unwanted]
        document["bindings"] = [binding for binding in document["bindings"] if binding["destination"] not in unwanted]
        return document


def domain_event(producer: str, subject: str, sequence: int, type: str = "step.applied", time: str = "2026-03-02T02:00:00Z", **data) -> bytes:
    envelope = {"specversion": "1.0", "id": f"{subject}/{sequence}", "source": f"/services/{producer}", "type": type, "subject": subject, "time": time}
    return json.dumps({**envelope, "sequence": str(sequence), "traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "data": data}).encode()


def _connect(url):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection
