"""Events in memory and as bytes: CloudEvents 1.0 in structured JSON mode.

In structured mode the whole event is the message body: the broker client decodes no header table, and the outbox stores the exact bytes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import getrandbits

import orjson

import contracts

CONTENT_TYPE = "application/cloudevents+json"
UNREADABLE = "unreadable"  # stands for the source of a message that is not a valid event


@dataclass(slots=True)
class Delivery:
    """Message as the broker delivered it, with everything needed to parse it again later."""

    body: bytes
    content_type: str = CONTENT_TYPE
    routing_key: str = ""
    user_id: str = ""
    message_id: str = ""
    headers: dict = field(default_factory=dict)
    is_undecodable: bool = False  # a message property could not be decoded; that property and those after it are missing

    def pack(self) -> bytes:
        """Return the delivery as JSON bytes, for storage."""
        return orjson.dumps(
            [self.body.hex(), self.content_type, self.routing_key, self.user_id, self.message_id, self.headers, self.is_undecodable], default=str
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Delivery":
        body, *rest = orjson.loads(packed)
        return cls(bytes.fromhex(body), *rest)


@dataclass(slots=True)
class Event:
    """Event received by a service. `source` is the stream's name for events of services, `/agencies/<code>` for those of agencies."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime
    data: dict
    sequence: int | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    delivery: Delivery | None = None
    refusal: object = None
    stored_in: tuple[str, int] | None = None  # for a retry: the table that stores the event (`parked` or `waiting`) and the row's id
    is_alone: bool = False  # process it without the events that wait for it: one of those may be the one that failed
    discarded: bool = False  # an operator decided that it has no effect; the service reports that to the agency that waits for the outcome

    @property
    def trace_id(self) -> str | None:
        """Trace id for log lines, from `traceparent` (W3C Trace Context: version-trace-parent-flags)."""
        return self.traceparent and self.traceparent[3:35]


@dataclass(slots=True)
class DomainEvent:
    """Fact about `subject` for this service to publish. `time` is when it happened (default: now), `cause` the event that led to it.

    `source` is None for the service's ordinary stream, or a sealed stream of contracts.channels.SEALED_STREAMS, which has its own exchange and sequence.
    """

    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None
    source: str | None = None


@dataclass(slots=True)
class Reply:
    """Receipt or notice for one agency. `id` is unique per source, so that the agency can recognise a duplicate."""

    agency: str
    id: str
    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None


class UnreadableEvent(ValueError):
    """The message is not a valid event of a service."""


def read(delivery: Delivery) -> Event:
    """Parse a domain event. Its data is not validated: the producer did that. Raises UnreadableEvent."""
    try:
        envelope = orjson.loads(delivery.body)
        return Event(
            source=envelope["source"].removeprefix("/services/"),
            id=envelope["id"],
            type=envelope["type"],
            subject=envelope["subject"],
            time=datetime.fromisoformat(envelope["time"]),
            data=envelope["data"],
            sequence=int(envelope["sequence"]),
            causation_id=envelope.get("causationid"),
            traceparent=envelope.get("traceparent"),
            delivery=delivery,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(type(error).__name__) from error


def write(producer: str, event: DomainEvent | Reply, event_id: str, now: datetime, sequence: int | None = None) -> bytes:
    """Return the event as bytes, as they are stored in the outbox and published.

    Raises marshmallow.ValidationError if the data does not match the contract, KeyError if this producer may not publish the event type.
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
        "data": contracts.dump(event.type, event.data, producer),
    }
    if sequence is not None:
        envelope["sequence"] = str(sequence)
    if event.cause is not None:
        envelope["causationid"] = event.cause.id
    return orjson.dumps(envelope, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def new_traceparent() -> str:
    """Return a new W3C trace context, for an event without a cause."""
    return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-01"


def utc_now() -> datetime:
    return datetime.now(UTC)
