"""Event classes, and the conversion between events and bytes: CloudEvents 1.0 in structured JSON mode.

In structured mode the message body contains the whole event: the broker client decodes no header table, and the outbox stores the exact bytes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import getrandbits

import orjson

from contracts.channels import is_sealed
from plumbing import sampled_validation

CONTENT_TYPE = "application/cloudevents+json"
# Type of the event by which a recovery tells listeners that a stream continues with a higher number: the numbers between `follows` and `sequence` were used
# by events that the producer no longer has. It changes a listener's position only; no service method receives it.
SEQUENCE_CONTINUED = "sequence.continued"
UNREADABLE = "unreadable"  # used as source and event type of a message that is not a valid event


@dataclass(slots=True)
class Delivery:
    """Message as the broker delivered it, complete enough to be stored and parsed again for a retry."""

    body: bytes
    content_type: str = CONTENT_TYPE
    routing_key: str = ""
    user_id: str = ""
    message_id: str = ""
    headers: dict = field(default_factory=dict)
    is_undecodable: bool = False  # whether a message property could not be decoded; that property and those after it are missing

    def pack(self) -> bytes:
        """Serialize the delivery as JSON bytes, for storage in the database."""
        return orjson.dumps(
            [self.body.hex(), self.content_type, self.routing_key, self.user_id, self.message_id, self.headers, self.is_undecodable], default=str
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Delivery":
        body, *rest = orjson.loads(packed)
        return cls(bytes.fromhex(body), *rest)


@dataclass(slots=True)
class Event:
    """Event received by a service. `source`: for an event of a service the name of the stream, for an event of an agency `/agencies/<code>`."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime
    data: dict
    sequence: int | None = None
    epoch: int = 1  # epoch of the installation in which the event was published; numbers of two epochs may overlap
    follows: int | None = None  # number of the event after which this one is processed: `sequence` - 1, except after a recovery
    causation_id: str | None = None
    traceparent: str | None = None
    delivery: Delivery | None = None
    refusal: object = None
    stored_in: tuple[str, int] | None = None  # set for a retry: the table that stores the event (`parked` or `waiting`) and the id of the row
    is_processed_alone: bool = False  # whether it is processed without the events that wait for it, because one of those may be the event that failed
    discarded: bool = False  # whether an operator decided that the event has no effect; the service informs the agency that waits for the outcome

    @property
    def trace_id(self) -> str | None:
        """Trace id of the event, taken from `traceparent` (W3C Trace Context: version-trace-parent-flags)."""
        return self.traceparent and self.traceparent[3:35]


@dataclass(slots=True)
class DomainEvent:
    """Event about `subject` (usually a dispute) that this service publishes. `time`: when it happened (default: now). `cause`: the event that led to it.

    `source`: None for the service's ordinary stream, or the name of a sealed stream (contracts.channels.SEALED_STREAMS), which has its own exchange
    and sequence numbers.
    """

    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None
    source: str | None = None


@dataclass(slots=True)
class Reply:
    """Receipt or notice for one agency. `id` is unique among the events of the sending service, so that the agency can recognise a duplicate."""

    agency: str
    id: str
    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None


class UnreadableEvent(ValueError):
    """The message is not a valid event in CloudEvents format."""


def read(delivery: Delivery) -> Event:
    """Parse a delivery into a domain event. The event's data is not validated, because the producer has validated it. Raises UnreadableEvent."""
    try:
        envelope = orjson.loads(delivery.body)
        sequence = int(envelope["sequence"])
        return Event(
            source=envelope["source"].removeprefix("/services/"),
            id=envelope["id"],
            type=envelope["type"],
            subject=envelope["subject"],
            time=datetime.fromisoformat(envelope["time"]),
            data=envelope["data"],
            sequence=sequence,
            epoch=int(envelope.get("epoch", 1)),
            follows=int(envelope.get("follows", sequence - 1)),
            causation_id=envelope.get("causationid"),
            traceparent=envelope.get("traceparent"),
            delivery=delivery,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(type(error).__name__) from error


def write(producer: str, event: DomainEvent | Reply, event_id: str, now: datetime, sequence: int | None = None, epoch: int = 1) -> bytes:
    """Serialize the event: return the bytes that are stored in the outbox and published. The attribute `epoch` is left out in the first epoch.

    Raises marshmallow.ValidationError if the data is validated (plumbing.sampled_validation) and does not match its schema in package contracts, KeyError if this producer may not publish the event type.
    """
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/services/{producer}",
        "type": event.type,
        "subject": event.subject,
        "time": event.time or now,
        "datacontenttype": "application/json",
        "dataschema": f"urn:fengqiao:{producer}:{event.type}:1",
        "traceparent": (event.cause and event.cause.traceparent) or new_traceparent(),
        "data": sampled_validation.of_this_process().to_json_values(event.type, event.data, producer),
    }
    if sequence is not None:
        envelope["sequence"] = str(sequence)
        if epoch > 1:
            envelope["epoch"] = str(epoch)
    if event.cause is not None:
        envelope["causationid"] = event.cause.id
    return orjson.dumps(envelope, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def event_id_of(subject: str, sequence: int, epoch: int, is_sealed: bool) -> str:
    """Return the id of an event: unique among all events of a service, also those of earlier epochs, which may have used the same number.

    A sealed stream has its own sequence numbers, so the prefix "s" keeps its event ids distinct from those of the ordinary stream.
    """
    return f"{subject}/{'s' if is_sealed else ''}{sequence}{f'/e{epoch}' if epoch > 1 else ''}"


def write_jump(stream: str, subject: str, sequence: int, follows: int, epoch: int, now: datetime) -> bytes:
    """Serialize the event with which the numbering of a stream about a subject continues after a recovery; see SEQUENCE_CONTINUED."""
    envelope = {
        "specversion": "1.0", "id": event_id_of(subject, sequence, epoch, is_sealed(stream)), "source": f"/services/{stream}", "type": SEQUENCE_CONTINUED,
        "subject": subject, "time": now, "datacontenttype": "application/json", "traceparent": new_traceparent(), "data": {}, "sequence": str(sequence),
        "epoch": str(epoch), "follows": str(follows),
    }  # fmt: skip
    return orjson.dumps(envelope, option=orjson.OPT_UTC_Z)


def new_traceparent() -> str:
    """Return a new W3C trace context, for an event without a cause."""
    return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-01"


def utc_now() -> datetime:
    return datetime.now(UTC)
