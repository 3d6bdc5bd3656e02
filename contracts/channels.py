"""Names of exchanges, queues and routing keys on the message broker, and the partition of each dispute."""

from zlib import crc32

SERVICES = ("intake", "mediation", "metrics", "notify")
# Sealed stream of each service that publishes events of the safeguard lane (events that only police, courts and the women's federation see). A sealed stream
# has its own exchange, queues and sequence numbers, so that services that do not hear it see no gap in the numbers of the ordinary stream.
SEALED_STREAMS = {"intake": "intake-safeguard", "mediation": "mediation-safeguard"}
STREAMS = (*SERVICES, *SEALED_STREAMS.values())

# Streams that each service consumes (hears). A service consumes all events of a stream, because the attribute `sequence` numbers the events of a stream about a
# dispute without gaps.
SUBSCRIPTIONS = {
    "intake": ("mediation", "mediation-safeguard"),
    "mediation": ("intake", "intake-safeguard"),
    "metrics": ("intake", "mediation", "notify"),
    "notify": ("mediation", "mediation-safeguard"),
}

AGENCIES_EXCHANGE = "agencies"
UNROUTED = "unrouted"  # name of the alternate exchange, which gets unroutable messages of the exchange `agencies`, and of its queue
INBOXES_EXCHANGE = "inboxes"
DEAD_LETTERS = "dead-letters"  # name of the dead-letter exchange and of its queue
DEFAULT_PARTITIONS = 2


PARTITION_SUBJECT = "partition-"  # beginning of the subject of an event that concerns one partition as a whole, followed by the partition's number


def partition_of(subject: str, partitions: int = DEFAULT_PARTITIONS) -> int:
    """Return the partition in which all events about this subject are published: a dispute's code, or `partition-<n>` for an event about partition n."""
    if subject.startswith(PARTITION_SUBJECT):
        return int(subject.removeprefix(PARTITION_SUBJECT)) % partitions
    return crc32(subject.encode()) % partitions


def service_of(stream: str) -> str:
    """Return the name of the service that publishes an ordinary or sealed stream."""
    return stream.split("-", 1)[0]


def is_sealed(stream: str) -> bool:
    """Return whether the stream is sealed, that is, carries events of the safeguard lane."""
    return stream in SEALED_STREAMS.values()


def exchange_of(stream: str) -> str:
    return f"{stream}.events"


def routing_key(partition: int, event_type: str) -> str:
    return f"{partition}.{event_type}"


def binding_of(partition: int) -> str:
    return f"{partition}.#"


def queue_of(listener: str, stream: str, partition: int) -> str:
    """Return the name of the queue from which the service `listener` consumes one partition of `stream`."""
    return f"{listener}.{stream}-events.{partition}"


def agency_queue(agency: str) -> str:
    """Return the name of the queue of one agency's reported events. Each agency has its own queue, so that a burst from one agency does not delay another."""
    return f"intake.agency-events.{agency}"


def agency_routing_key(agency: str, event_type: str) -> str:
    return f"{agency}.{event_type}"


def inbox_of(agency: str) -> str:
    """Return the name of the queue from which an agency consumes its receipts and notices."""
    return f"agency.{agency}"
