"""An event as our processes see it, and the bytes it travels as: CloudEvents 1.0 in structured JSON.

Structured mode keeps the hop cheap: the broker client decodes no header table, and the outbox holds the exact bytes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import getrandbits

import orjson

import contracts

CONTENT_TYPE = "application/cloudevents+json"
UNREADABLE = "unreadable"  # in place of the source of bytes that are no event


@dataclass(slots=True)
class Delivery:
    """What the broker handed over, complete enough to be read again later."""

    body: bytes
    content_type: str = CONTENT_TYPE
    routing_key: str = ""
    user_id: str = ""
    message_id: str = ""
    headers: dict = field(default_factory=dict)
    is_undecodable: bool = False  # its properties could not be decoded to the end: those after that place are missing here

    def pack(self) -> bytes:
        return orjson.dumps(
            [self.body.hex(), self.content_type, self.routing_key, self.user_id, self.message_id, self.headers, self.is_undecodable], default=str
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Delivery":
        body, *rest = orjson.loads(packed)
        return cls(bytes.fromhex(body), *rest)


@dataclass(slots=True)
class Event:
    """One event heard. `source` is the speaker's short name for a service, `/agencies/<code>` for an agency."""

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
    kept: tuple[str, int] | None = None  # taken up again: the table that kept it, and its row there
    alone: bool = False  # without those that waited for it: one of them may be what failed
    discarded: bool = False  # a person decided that it has no effect; the service says so to whoever waits for its outcome

    @property
    def trace_id(self) -> str | None:
        """The trace that it belongs to, as log lines name it (W3C Trace Context: version-trace-parent-flags)."""
        return self.traceparent and self.traceparent[3:35]


@dataclass(slots=True)
class DomainEvent:
    """A fact about `subject` that this service says. `time` is when it happened (default: now), `cause` the event it follows from.

    `source` is the voice in which it is said: None for the service's ordinary one, else one of contracts.channels.SEALED, which has its own
    exchange and its own count.
    """

    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None
    source: str | None = None


@dataclass(slots=True)
class Reply:
    """A receipt or notice to one agency. `id` is unique for its source, so that the agency can recognise a repeat."""

    agency: str
    id: str
    type: str
    subject: str
    data: dict
    time: datetime | None = None
    cause: Event | None = None


class UnreadableEvent(ValueError):
    """These bytes are not an event of ours."""


def read(delivery: Delivery) -> Event:
    """Reads a domain event. Raises UnreadableEvent; what it says about the data is not checked: the speaker did."""
    try:
        said = orjson.loads(delivery.body)
        return Event(
            source=said["source"].removeprefix("/services/"),
            id=said["id"],
            type=said["type"],
            subject=said["subject"],
            time=datetime.fromisoformat(said["time"]),
            data=said["data"],
            sequence=int(said["sequence"]),
            causation_id=said.get("causationid"),
            traceparent=said.get("traceparent"),
            delivery=delivery,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UnreadableEvent(type(problem).__name__) from problem


def write(producer: str, said: DomainEvent | Reply, event_id: str, now: datetime, sequence: int | None = None) -> bytes:
    """The bytes of one event: what is published, and what lies in the outbox until then.

    Raises marshmallow.ValidationError for anything that the contract does not have, KeyError for a word that is not this speaker's.
    """
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/services/{producer}",
        "type": said.type,
        "subject": said.subject,
        "time": said.time or now,
        "datacontenttype": "application/json",
        "dataschema": f"urn:fengqiao:{producer}:{said.type}:1",
        "traceparent": (said.cause and said.cause.traceparent) or new_traceparent(),
        "data": contracts.dump(said.type, said.data, producer),
    }
    if sequence is not None:
        envelope["sequence"] = str(sequence)
    if said.cause is not None:
        envelope["causationid"] = said.cause.id
    return orjson.dumps(envelope, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def new_traceparent() -> str:
    """A W3C trace context for an event that came without one."""
    return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-01"


def utc_now() -> datetime:
    return datetime.now(UTC)
