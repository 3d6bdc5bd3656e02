"""Events as they travel: CloudEvents 1.0, binary mode with ce- headers going out, any mode coming in."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from . import envelope
from .schemas import schema_name

OTHER_PREFIXES = ("cloudEvents_", "cloudEvents:")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event with the very bytes that will be sent, however often that is."""

    id: str
    type: str
    subject: str
    headers: str
    body: bytes

    @property
    def sha256(self) -> str:
        """What makes two events with one id the same event: all that is said, whenever it is said."""
        return hashlib.sha256(self.type.encode() + b"\0" + self.subject.encode() + b"\0" + self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A receipt or a notice from the hub."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime | None
    data: dict

    @property
    def about(self) -> str | None:
        """The id of our own event that a receipt answers."""
        return (self.data.get("event") or {}).get("id")


def outgoing(agency: str, event_type: str, subject: str, data: dict, time: datetime | None, event_id: str | None) -> Outgoing:
    """Raises NotValid or TooLarge for what the hub's door would refuse."""
    time, event_id = time or datetime.now(UTC), event_id or str(uuid.uuid4())
    envelope.check(event_id, event_type, subject, data)
    envelope.check_time(event_type, time)
    attributes = {
        "id": event_id,
        "source": f"/agencies/{agency}",
        "type": event_type,
        "subject": subject,
        "time": envelope.in_whole_minutes(time),
        "datacontenttype": "application/json",
    }
    if schema := schema_name(event_type):
        attributes["dataschema"] = schema
    try:
        message = to_binary_event(CloudEvent(attributes, data))
    except (TypeError, ValueError, RecursionError):
        raise envelope.not_json(event_type) from None
    envelope.check_body(event_type, message.body)
    return Outgoing(event_id, event_type, subject, json.dumps(message.headers, ensure_ascii=False), message.body)


def incoming(headers: dict | None, content_type: str | None, body: bytes) -> Incoming:
    """Raises whatever the SDK raises for what is not a CloudEvent; the caller keeps such a message aside."""
    event = from_rabbitmq_event(RabbitMQMessage(_one_prefix(headers or {}), content_type, body))
    data = event.get_data()
    if not isinstance(data, dict):
        raise TypeError("data is not an object")
    return Incoming(event.get_source(), event.get_id(), event.get_type(), event.get_subject() or "", event.get_time(), data)


def _one_prefix(headers):
    return {_ce(name): value for name, value in headers.items()}


def _ce(name):
    for prefix in OTHER_PREFIXES:
        if name.startswith(prefix):
            return "ce-" + name[len(prefix) :]
    return name
