"""Conversion of events to and from AMQP messages in the CloudEvents 1.0 format. Sent in binary mode with `ce-` headers, received in any mode."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from . import envelope
from .schemas import schema_name

CONTENT_TYPE, BATCH_CONTENT_TYPE = "application/cloudevents+json", "application/cloudevents-batch+json"
# Header prefixes of CloudEvents attributes that are read besides `ce-`.
OTHER_HEADER_PREFIXES = ("cloudEvents_", "cloudEvents:")


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event of this agency as an AMQP message. Whenever the event is published again, the headers and the body are the same."""

    id: str
    type: str
    subject: str
    headers: str
    body: bytes

    @property
    def sha256(self) -> str:
        """Return the hash of type, subject and body. It shows whether a second event with the same id is a repetition or another event."""
        return hashlib.sha256(self.type.encode() + b"\0" + self.subject.encode() + b"\0" + self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A receipt (answer to an event of this agency) or a notice, received from the hub."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime | None
    data: dict

    @property
    def answered_event_id(self) -> str | None:
        """Return the id of the event that this receipt answers, or None for a notice."""
        return (self.data.get("event") or {}).get("id")


def make_outgoing_event(agency: str, event_type: str, subject: str, data: dict, time: datetime | None, event_id: str | None) -> OutgoingEvent:
    """Return the event as an AMQP message. `time` defaults to the current time, `event_id` to a new UUID.

    Raises NotValid or TooLarge if the hub would refuse the envelope.
    """
    time, event_id = time or datetime.now(UTC), event_id or str(uuid.uuid4())
    envelope.check_envelope_fields(event_id, event_type, subject, data)
    envelope.check_event_time(event_type, time)
    attributes = {
        "id": event_id,
        "source": f"/agencies/{agency}",
        "type": event_type,
        "subject": subject,
        "time": envelope.with_whole_minute_offset(time),
        "datacontenttype": "application/json",
    }
    if schema := schema_name(event_type):
        attributes["dataschema"] = schema
    try:
        message = to_binary_event(CloudEvent(attributes, data))
    except (TypeError, ValueError, RecursionError):
        raise envelope.make_invalid_json_error(event_type) from None
    envelope.check_message_body(event_type, message.body)
    return OutgoingEvent(event_id, event_type, subject, json.dumps(message.headers, ensure_ascii=False), message.body)


def split_message(content_type: str | None, body: bytes) -> list[tuple[str | None, bytes]]:
    """Return the content type and the body of each event in a message: one, or all events of a batch (CloudEvents JSON batch format).

    A batch that is not a JSON array is returned unchanged.
    """
    if not (content_type or "").startswith(BATCH_CONTENT_TYPE):
        return [(content_type, body)]
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        return [(content_type, body)]
    if not isinstance(events, list):
        return [(content_type, body)]
    return [(CONTENT_TYPE, json.dumps(event, ensure_ascii=False).encode(errors="surrogatepass")) for event in events]


def parse_incoming_event(headers: dict | None, content_type: str | None, body: bytes) -> IncomingEvent:
    """Return the receipt or notice that the message contains. If the message is not a CloudEvent, the exception of the CloudEvents SDK is raised."""
    event = from_rabbitmq_event(RabbitMQMessage(_with_ce_prefix(headers or {}), content_type, body))
    data = event.get_data()
    if not isinstance(data, dict):
        raise TypeError("data is not an object")
    return IncomingEvent(event.get_source(), event.get_id(), event.get_type(), event.get_subject() or "", event.get_time(), data)


def _with_ce_prefix(headers):
    return {_ce_header_name(name): value for name, value in headers.items()}


def _ce_header_name(name):
    for prefix in OTHER_HEADER_PREFIXES:
        if name.startswith(prefix):
            return "ce-" + name[len(prefix) :]
    return name
