"""What the broker holds: exchanges, queues, bindings, users and what each may do. Pure: names in, a definitions document out.

Nobody but the administrator configures anything: a service or an agency that asks for something else is refused (403) and says so at once.
The reasons behind the arguments stand in docs/messaging.md.
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
    HEARS,
    INBOXES_EXCHANGE,
    STREAMS,
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
ADMINISTRATOR = "administrator,impersonator"  # the second, to put what an agency sent to no queue back in the agency's name
SERVICES = tuple(HEARS)

# An agency that outruns us is told so (its publish is nacked and its own outbox keeps the event): nothing is dropped.
AGENCY_QUEUE_BYTES = 256 * 2**20
# A dead agency's inbox stays bounded, and has no dead letters. The oldest leave first: the record is in the services' ledgers, the queue is delivery.
INBOX_MESSAGES, INBOX_BYTES = 100_000, 64 * 2**20

SAFE = {  # a queue whose messages leave only by acknowledgement, or to the dead letters with confirmation
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,  # explicit: unlimited up to 3.13, 20 from 4.0
    "x-dead-letter-exchange": DEAD_LETTERS,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # without it the strategy silently becomes at-most-once
}
IN_ORDER = {"x-single-active-consumer": True}  # further copies stand by
# A queue that agencies write to has no dead letters. What expires or comes back there would be handed to one supervisor of the whole node, with
# headers that its sender chose: a wrong one (x-death) ends it, and from then on no queue of anybody has dead letters any more.
# Its messages stay until they are acknowledged: one agency's delivery attempts must not use up those of another's, when a process dies.
FROM_OUTSIDE = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000, "x-overflow": "reject-publish", "x-max-length-bytes": AGENCY_QUEUE_BYTES}
BOUNDED_INBOX = {"x-queue-type": "quorum", "x-delivery-limit": 20, "x-max-length": INBOX_MESSAGES, "x-max-length-bytes": INBOX_BYTES, "x-overflow": "drop-head"}
LAST_RESORT = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}  # kept until a person looks


def definitions(passwords: dict[str, str], partitions: int, agencies: Mapping[str, Agency] = AGENCIES) -> dict:
    """The document that RabbitMQ loads at boot.

    `passwords` has one entry for `admin`, each service and each agency; `partitions` is the number of queues per listener and speaker. An agency
    that is suspended may read its inbox and write nothing; one that is removed has no user and no queue. Raises KeyError if a user has no password.
    """
    agencies = {code: agency for code, agency in agencies.items() if agency.status != "removed"}
    users = [ADMIN, *SERVICES, *agencies]
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(name, passwords[name], ADMINISTRATOR if name == ADMIN else "") for name in users],
        "permissions": [_may(ADMIN, ".*", ".*", ".*"), *map(_service_may, SERVICES), *map(_agency_may, agencies.values())],
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
    yield from (_queue(agency_queue(code), FROM_OUTSIDE | IN_ORDER) for code in agencies)
    yield from (_queue(inbox_of(code), BOUNDED_INBOX) for code in agencies)
    for listener, producer, partition in _hearings(partitions):
        yield _queue(queue_of(listener, producer, partition), SAFE | IN_ORDER)
    yield from (_queue(name, LAST_RESORT) for name in (UNROUTED, DEAD_LETTERS))


def _bindings(partitions, agencies):
    yield from (_binding(AGENCIES_EXCHANGE, agency_queue(code), f"{code}.#") for code in agencies)
    yield from (_binding(INBOXES_EXCHANGE, inbox_of(code), code) for code in agencies)
    for listener, producer, partition in _hearings(partitions):
        yield _binding(exchange_of(producer), queue_of(listener, producer, partition), binding_of(partition))
    yield from (_binding(name, name, "") for name in (UNROUTED, DEAD_LETTERS))


def _hearings(partitions):
    return ((listener, producer, partition) for listener, producers in HEARS.items() for producer in producers for partition in range(partitions))


def _service_may(name):
    writes = [exchange_of(stream) for stream in STREAMS if service_of(stream) == name] + ([INBOXES_EXCHANGE] if name in ("intake", "notify") else [])
    reads = [*HEARS[name], *(["agency"] if name == "intake" else [])]
    return _may(name, "^$", f"^({'|'.join(map(re.escape, writes))})$", f"^{name}\\.({'|'.join(map(re.escape, reads))})-events\\.")


def _agency_may(agency):
    return _may(agency.code, "^$", f"^{AGENCIES_EXCHANGE}$" if agency.is_active else "^$", f"^{re.escape(inbox_of(agency.code))}$")


def _user(name, password, tags):
    salt = os.urandom(4)  # rabbit_password_hashing_sha256: base64(salt + sha256(salt + password))
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {"name": name, "password_hash": digest, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": tags}


def _may(user, configure, write, read):
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _exchange(name, kind, arguments=None):
    return {"name": name, "vhost": VHOST, "type": kind, "durable": True, "auto_delete": False, "internal": False, "arguments": arguments or {}}


def _queue(name, arguments):
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}


def _binding(exchange, queue, key):
    return {"source": exchange, "vhost": VHOST, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
