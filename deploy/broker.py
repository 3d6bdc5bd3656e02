"""Broker topology: exchanges, queues, bindings, users and permissions, as a RabbitMQ definitions document. Pure.

Only the administrator may configure the broker: a service or agency that requests anything not defined here is refused (403) at once.
docs/messaging.md gives the reasons for the queue arguments.
"""

import base64
import hashlib
import os
import re
from collections.abc import Mapping

from contracts import AGENCIES, Agency
from contracts.channels import (
    AGENCIES_EXCHANGE,
    DEAD_LETTERS,
    INBOXES_EXCHANGE,
    STREAMS,
    SUBSCRIPTIONS,
    UNROUTED,
    agency_queue,
    binding_of,
    exchange_of,
    inbox_of,
    queue_of,
    service_of,
)

VHOST = "fengqiao"
ADMIN = "admin"
ADMIN_TAGS = "administrator,impersonator"  # impersonator: to republish an unroutable message of an agency with the agency as user
SERVICES = tuple(SUBSCRIPTIONS)

# When the queue is full, the publish is nacked and the event stays in the outbox of the agency: nothing is dropped.
AGENCY_QUEUE_BYTES = 256 * 2**20
# The inbox of an agency that does not read it stays bounded, without dead letters. The oldest messages are dropped: the services keep the records.
INBOX_MESSAGES, INBOX_BYTES = 100_000, 64 * 2**20

SERVICE_QUEUE_ARGUMENTS = {  # messages leave the queue only by acknowledgement or, confirmed, to the dead letters
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,  # set explicitly, because the default differs: unlimited up to RabbitMQ 3.13, 20 from 4.0
    "x-dead-letter-exchange": DEAD_LETTERS,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # required: otherwise the strategy silently becomes at-most-once
}
SINGLE_ACTIVE_CONSUMER = {"x-single-active-consumer": True}  # further consumers are on standby
# A queue that agencies publish to has no dead letters. Expired and rejected messages would pass one dead-letter process of the whole node, with
# headers that the sender chose: an invalid one (x-death) ends that process, and with it the dead-lettering of all queues.
# The high delivery limit: when a process dies, delivery attempts of one agency's messages must not use up those of other agencies.
AGENCY_QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000, "x-overflow": "reject-publish", "x-max-length-bytes": AGENCY_QUEUE_BYTES}
INBOX_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,
    "x-max-length": INBOX_MESSAGES,
    "x-max-length-bytes": INBOX_BYTES,
    "x-overflow": "drop-head",
}
MANUAL_QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}  # unroutable messages and dead letters, kept until a person handles them


def definitions(passwords: dict[str, str], partitions: int, agencies: Mapping[str, Agency] = AGENCIES) -> dict:
    """Return the definitions document that RabbitMQ loads at boot.

    `passwords` has one entry for `admin`, each service and each agency; `partitions` is the number of queues per listener and producer. A suspended
    agency may read its inbox and publish nothing; a removed one has no user and no queues. Raises KeyError if a password is missing.
    """
    agencies = {code: agency for code, agency in agencies.items() if agency.status != "removed"}
    users = [ADMIN, *SERVICES, *agencies]
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(name, passwords[name], ADMIN_TAGS if name == ADMIN else "") for name in users],
        "permissions": [_permission(ADMIN, ".*", ".*", ".*"), *map(_service_permission, SERVICES), *map(_agency_permission, agencies.values())],
        "topic_permissions": [
            {"user": code, "vhost": VHOST, "exchange": AGENCIES_EXCHANGE, "write": f"^{re.escape(code)}\\." if agency.is_active else "^$", "read": "^$"}
            for code, agency in agencies.items()
        ],
        "exchanges": _exchanges(),
        "queues": list(_queues(partitions, agencies)),
        "bindings": list(_bindings(partitions, agencies)),
    }


def _exchanges():
    return [
        _exchange(AGENCIES_EXCHANGE, "topic", {"alternate-exchange": UNROUTED}),
        *(_exchange(exchange_of(stream), "topic") for stream in STREAMS),
        _exchange(INBOXES_EXCHANGE, "direct"),
        _exchange(UNROUTED, "fanout"),
        _exchange(DEAD_LETTERS, "fanout"),
    ]


def _queues(partitions, agencies):
    yield from (_queue(agency_queue(code), AGENCY_QUEUE_ARGUMENTS | SINGLE_ACTIVE_CONSUMER) for code in agencies)
    yield from (_queue(inbox_of(code), INBOX_ARGUMENTS) for code in agencies)
    for listener, producer, partition in _subscriptions(partitions):
        yield _queue(queue_of(listener, producer, partition), SERVICE_QUEUE_ARGUMENTS | SINGLE_ACTIVE_CONSUMER)
    yield from (_queue(name, MANUAL_QUEUE_ARGUMENTS) for name in (UNROUTED, DEAD_LETTERS))


def _bindings(partitions, agencies):
    yield from (_binding(AGENCIES_EXCHANGE, agency_queue(code), f"{code}.#") for code in agencies)
    yield from (_binding(INBOXES_EXCHANGE, inbox_of(code), code) for code in agencies)
    for listener, producer, partition in _subscriptions(partitions):
        yield _binding(exchange_of(producer), queue_of(listener, producer, partition), binding_of(partition))
    yield from (_binding(name, name, "") for name in (UNROUTED, DEAD_LETTERS))


def _subscriptions(partitions):
    return ((listener, producer, partition) for listener, producers in SUBSCRIPTIONS.items() for producer in producers for partition in range(partitions))


def _service_permission(name):
    writes = [exchange_of(stream) for stream in STREAMS if service_of(stream) == name] + ([INBOXES_EXCHANGE] if name in ("intake", "notify") else [])
    reads = [*SUBSCRIPTIONS[name], *(["agency"] if name == "intake" else [])]
    return _permission(name, "^$", f"^({'|'.join(map(re.escape, writes))})$", f"^{name}\\.({'|'.join(map(re.escape, reads))})-events\\.")


def _agency_permission(agency):
    return _permission(agency.code, "^$", f"^{AGENCIES_EXCHANGE}$" if agency.is_active else "^$", f"^{re.escape(inbox_of(agency.code))}$")


def _user(name, password, tags):
    salt = os.urandom(4)  # rabbit_password_hashing_sha256: base64(salt + sha256(salt + password))
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {"name": name, "password_hash": digest, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": tags}


def _permission(user, configure, write, read):
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _exchange(name, exchange_type, arguments=None):
    return {"name": name, "vhost": VHOST, "type": exchange_type, "durable": True, "auto_delete": False, "internal": False, "arguments": arguments or {}}


def _queue(name, arguments):
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}


def _binding(exchange, queue, key):
    return {"source": exchange, "vhost": VHOST, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
