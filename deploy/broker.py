"""Broker topology (exchanges, queues, bindings, users, permissions) as a RabbitMQ definitions document. Pure.

Only the administrator may create or change exchanges and queues. The broker refuses (403) a service or agency that uses one without permission.
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
ADMIN_USER_TAGS = "administrator,impersonator"  # tag `impersonator` allows republishing an unroutable message with the agency that sent it as user
SERVICES = tuple(SUBSCRIPTIONS)

# Maximum size of an agency's queue. If the queue is full, the broker answers with basic.nack, and the event stays in the agency's outbox.
MAX_AGENCY_QUEUE_BYTES = 256 * 2**20
# Maximum size of an agency's inbox, for an agency that does not read it. If the inbox is full, the oldest messages are dropped, without dead letters.
# The services have stored their content.
MAX_INBOX_MESSAGES, MAX_INBOX_BYTES = 100_000, 64 * 2**20

# A message leaves a service's queue only by an acknowledgement or by a confirmed move to the dead letters.
SERVICE_QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,  # set explicitly, because the default is unlimited up to RabbitMQ 3.13 and 20 from 4.0 on
    "x-dead-letter-exchange": DEAD_LETTERS,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # required by strategy at-least-once, which otherwise silently becomes at-most-once
}
SINGLE_ACTIVE_CONSUMER = {"x-single-active-consumer": True}  # one consumer receives the messages, the others are on standby
# A queue to which agencies publish has no dead letters. A single Erlang process of the node moves expired and rejected messages to the dead letters,
# with headers that the sender chose. An invalid header `x-death` ends that process, which stops the dead-lettering of all queues.
# The delivery limit is high, because the death of a service process requeues all messages that it was processing, also those of other agencies.
AGENCY_QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000, "x-overflow": "reject-publish", "x-max-length-bytes": MAX_AGENCY_QUEUE_BYTES}
INBOX_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,
    "x-max-length": MAX_INBOX_MESSAGES,
    "x-max-length-bytes": MAX_INBOX_BYTES,
    "x-overflow": "drop-head",
}
MANUAL_QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}  # queues of unroutable messages and dead letters, which a person handles


def definitions(passwords: dict[str, str], partitions: int, agencies: Mapping[str, Agency] = AGENCIES) -> dict:
    """Return the definitions document that RabbitMQ loads at its start.

    `passwords` has one entry for `admin`, each service and each agency. `partitions` is the number of queues for each pair of listener and producer.
    A suspended agency may only read its inbox; a removed agency has no user and no queues. Raises KeyError if a password is missing.
    """
    agencies = {code: agency for code, agency in agencies.items() if agency.status != "removed"}
    users = [ADMIN, *SERVICES, *agencies]
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user_definition(name, passwords[name], ADMIN_USER_TAGS if name == ADMIN else "") for name in users],
        "permissions": [_permission_definition(ADMIN, ".*", ".*", ".*"), *map(_service_permission, SERVICES), *map(_agency_permission, agencies.values())],
        "topic_permissions": [
            {"user": code, "vhost": VHOST, "exchange": AGENCIES_EXCHANGE, "write": f"^{re.escape(code)}\\." if agency.is_active else "^$", "read": "^$"}
            for code, agency in agencies.items()
        ],
        "exchanges": _exchange_definitions(),
        "queues": list(_queue_definitions(partitions, agencies)),
        "bindings": list(_binding_definitions(partitions, agencies)),
    }


def _exchange_definitions():
    return [
        _exchange_definition(AGENCIES_EXCHANGE, "topic", {"alternate-exchange": UNROUTED}),
        *(_exchange_definition(exchange_of(stream), "topic") for stream in STREAMS),
        _exchange_definition(INBOXES_EXCHANGE, "direct"),
        _exchange_definition(UNROUTED, "fanout"),
        _exchange_definition(DEAD_LETTERS, "fanout"),
    ]


def _queue_definitions(partitions, agencies):
    yield from (_queue_definition(agency_queue(code), AGENCY_QUEUE_ARGUMENTS | SINGLE_ACTIVE_CONSUMER) for code in agencies)
    yield from (_queue_definition(inbox_of(code), INBOX_ARGUMENTS) for code in agencies)
    for listener, producer, partition in _subscriptions(partitions):
        yield _queue_definition(queue_of(listener, producer, partition), SERVICE_QUEUE_ARGUMENTS | SINGLE_ACTIVE_CONSUMER)
    yield from (_queue_definition(name, MANUAL_QUEUE_ARGUMENTS) for name in (UNROUTED, DEAD_LETTERS))


def _binding_definitions(partitions, agencies):
    yield from (_binding_definition(AGENCIES_EXCHANGE, agency_queue(code), f"{code}.#") for code in agencies)
    yield from (_binding_definition(INBOXES_EXCHANGE, inbox_of(code), code) for code in agencies)
    for listener, producer, partition in _subscriptions(partitions):
        yield _binding_definition(exchange_of(producer), queue_of(listener, producer, partition), binding_of(partition))
    yield from (_binding_definition(name, name, "") for name in (UNROUTED, DEAD_LETTERS))


def _subscriptions(partitions):
    return ((listener, producer, partition) for listener, producers in SUBSCRIPTIONS.items() for producer in producers for partition in range(partitions))


def _service_permission(name):
    written_exchanges = [exchange_of(stream) for stream in STREAMS if service_of(stream) == name] + ([INBOXES_EXCHANGE] if name in ("intake", "notify") else [])
    read_producers = [*SUBSCRIPTIONS[name], *(["agency"] if name == "intake" else [])]
    return _permission_definition(
        name, "^$", f"^({'|'.join(map(re.escape, written_exchanges))})$", f"^{name}\\.({'|'.join(map(re.escape, read_producers))})-events\\."
    )


def _agency_permission(agency):
    return _permission_definition(agency.code, "^$", f"^{AGENCIES_EXCHANGE}$" if agency.is_active else "^$", f"^{re.escape(inbox_of(agency.code))}$")


def _user_definition(name, password, tags):
    salt = os.urandom(4)  # rabbit_password_hashing_sha256: base64(salt + sha256(salt + password))
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {"name": name, "password_hash": digest, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": tags}


def _permission_definition(user, configure, write, read):
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _exchange_definition(name, exchange_type, arguments=None):
    return {"name": name, "vhost": VHOST, "type": exchange_type, "durable": True, "auto_delete": False, "internal": False, "arguments": arguments or {}}


def _queue_definition(name, arguments):
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}


def _binding_definition(exchange, queue, key):
    return {"source": exchange, "vhost": VHOST, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
