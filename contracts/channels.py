"""Names of exchanges, queues and routing keys on the broker, and the partition of each dispute."""

from zlib import crc32

SERVICES = ("intake", "mediation", "metrics", "notify")
# Events of the safeguard lane are published in separate sealed streams, each with its own exchange, queues and sequence numbers. Services that do not
# hear a sealed stream therefore see no gap in the numbers of the ordinary stream.
SEALED_STREAMS = {"intake": "intake-safeguard", "mediation": "mediation-safeguard"}
STREAMS = (*SERVICES, *SEALED_STREAMS.values())

# Streams that each service hears. A service hears a whole stream or none of it, because `sequence` counts every event of a stream about a dispute.
SUBSCRIPTIONS = {
    "intake": ("mediation", "mediation-safeguard"),
    "mediation": ("intake", "intake-safeguard"),
    "metrics": ("intake", "mediation", "notify"),
    "notify": ("mediation", "mediation-safeguard"),
}

AGENCIES_EXCHANGE = "agencies"
UNROUTED = "unrouted"  # name of the alternate exchange of `agencies`, and of its queue
INBOXES_EXCHANGE = "inboxes"
DEAD_LETTERS = "dead-letters"  # name of the exchange and of its queue
DEFAULT_PARTITIONS = 2


def partition_of(code: str, partitions: int = DEFAULT_PARTITIONS) -> int:
    """Return the partition that carries every event about the dispute `code`."""
    return crc32(code.encode()) % partitions


def service_of(stream: str) -> str:
    """Return the service that publishes a stream, ordinary or sealed."""
    return stream.split("-", 1)[0]


def is_sealed(stream: str) -> bool:
    """Return whether the stream carries events of the safeguard lane."""
    return stream in SEALED_STREAMS.values()


def exchange_of(stream: str) -> str:
    return f"{stream}.events"


def routing_key(partition: int, event_type: str) -> str:
    return f"{partition}.{event_type}"


def binding_of(partition: int) -> str:
    return f"{partition}.#"


def queue_of(listener: str, stream: str, partition: int) -> str:
    """Return the queue from which the service `listener` consumes one partition of `stream`."""
    return f"{listener}.{stream}-events.{partition}"


def agency_queue(agency: str) -> str:
    """Return the queue of one agency's reports. Each agency has its own queue, so that a burst of one does not delay another."""
    return f"intake.agency-events.{agency}"


def agency_routing_key(agency: str, event_type: str) -> str:
    return f"{agency}.{event_type}"


def inbox_of(agency: str) -> str:
    """Return the queue from which an agency consumes its receipts and notices."""
    return f"agency.{agency}"
