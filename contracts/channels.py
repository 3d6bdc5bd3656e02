"""The addresses on the broker: every exchange, queue and routing key, and which partition a dispute belongs to."""

from zlib import crc32

SERVICES = ("intake", "mediation", "metrics", "notify")
# What only few may hear is another stream, with its own exchange, its own queues and its own count: nothing is missing for those who do not hear it.
SEALED = {"intake": "intake-safeguard", "mediation": "mediation-safeguard"}
STREAMS = (*SERVICES, *SEALED.values())

# Who hears whom. A listener hears all of a stream or nothing of it: `sequence` counts every event of a stream about a dispute.
HEARS = {
    "intake": ("mediation", "mediation-safeguard"),
    "mediation": ("intake", "intake-safeguard"),
    "metrics": ("intake", "mediation", "notify"),
    "notify": ("mediation", "mediation-safeguard"),
}

AGENCIES_EXCHANGE = "agencies"
UNROUTED = "unrouted"  # alternate exchange of `agencies`, and its queue
INBOXES_EXCHANGE = "inboxes"
DEAD_LETTERS = "dead-letters"  # exchange and queue
DEFAULT_PARTITIONS = 2


def partition_of(code: str, partitions: int = DEFAULT_PARTITIONS) -> int:
    """The partition in which everything about the dispute `code` travels."""
    return crc32(code.encode()) % partitions


def service_of(stream: str) -> str:
    """The service whose voice this is, the ordinary or the sealed one."""
    return stream.split("-", 1)[0]


def is_sealed(stream: str) -> bool:
    return stream in SEALED.values()


def exchange_of(stream: str) -> str:
    return f"{stream}.events"


def routing_key(partition: int, event_type: str) -> str:
    return f"{partition}.{event_type}"


def binding_of(partition: int) -> str:
    return f"{partition}.#"


def queue_of(listener: str, stream: str, partition: int) -> str:
    """Where `listener` hears one partition of what `stream` says."""
    return f"{listener}.{stream}-events.{partition}"


def agency_queue(agency: str) -> str:
    """Where intake hears one agency: a queue each, so that one agency's burst does not hold up another."""
    return f"intake.agency-events.{agency}"


def agency_routing_key(agency: str, event_type: str) -> str:
    return f"{agency}.{event_type}"


def inbox_of(agency: str) -> str:
    """The queue from which an agency takes its receipts and notices."""
    return f"agency.{agency}"
