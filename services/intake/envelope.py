"""Reads what agencies send: CloudEvents 1.0 over AMQP 0-9-1 or HTTP, structured or binary. Pure: bytes in, an event or a refusal out.

What cannot be read still becomes an event with a `refusal`, so that the agency gets a receipt for everything it sends.
"""

import hashlib
import re
from datetime import datetime, timezone

from cloudevents.core.bindings import amqp, rabbitmq
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat

from plumbing import events
from plumbing.events import Delivery, Event
from services.intake.domain import reason

MAX_BYTES = 256 * 1024
STRUCTURED = "application/cloudevents+json"
OLDER_PREFIXES = ("cloudEvents_", "cloudEvents:")  # of the AMQP 1.0 binding, as some clients send them over 0-9-1 too

# Short, and without blanks or control characters: they go into receipts, logs and addresses.
ID = re.compile(r"[A-Za-z0-9._:/@+=~#-]{1,128}", re.ASCII)
SUBJECT = re.compile(r"[\w.\-/#〔〕()（）]{1,64}")
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

_FORMAT = JSONFormat()


def agency_source(agency: str) -> str:
    return f"/agencies/{agency}"


def read(delivery: Delivery) -> Event:
    """The event in a delivery from the exchange `agencies` or from the HTTP door.

    Whose it is, the broker or the door has proved: the routing key begins with the agency, and `user_id`, if given, is its user.
    """
    agency = delivery.routing_key.split(".", 1)[0]
    digest = hashlib.sha256(delivery.body).hexdigest()
    event = Event(agency_source(agency), delivery.message_id or digest, "", "", events.utc_now(), {}, delivery=delivery)
    if not ID.fullmatch(event.id):
        event.id = digest
    if delivery.user_id != agency:
        return _refuse(event, "wrong_source")
    if len(delivery.body) > MAX_BYTES:
        return _refuse(event, "too_large", limit=MAX_BYTES)
    try:
        sent = _parse(delivery)
    except (BaseCloudEventException, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return _refuse(event, "unsupported_encoding")
    return _check(event, sent.get_attributes(), sent.get_data())


def read_any(delivery: Delivery) -> Event:
    """A delivery kept by intake, whoever it came from: a domain event's routing key begins with its partition, an agency's with its code."""
    return events.read(delivery) if delivery.routing_key[:1].isdigit() else read(delivery)


def _parse(delivery):
    headers = delivery.headers
    if delivery.content_type.startswith(STRUCTURED):
        return rabbitmq.from_structured(rabbitmq.RabbitMQMessage({}, delivery.content_type, delivery.body), _FORMAT)
    if any(name.startswith(OLDER_PREFIXES) for name in headers):
        return amqp.from_binary(amqp.AMQPMessage({"content-type": delivery.content_type}, headers, delivery.body), _FORMAT)
    return rabbitmq.from_binary(rabbitmq.RabbitMQMessage(headers, delivery.content_type or None, delivery.body), _FORMAT)


def _check(event, attributes, data):
    if not isinstance(attributes.get("id"), str) or not ID.fullmatch(attributes["id"]):
        return _refuse(event, "malformed_envelope", field="id", mistake="wrong_form")
    event.id = attributes["id"]
    if not isinstance(attributes.get("type"), str) or len(attributes["type"]) > 64:
        return _refuse(event, "malformed_envelope", field="type", mistake="wrong_form")
    event.type = attributes["type"]
    if attributes.get("source") != event.source:
        return _refuse(event, "wrong_source")
    if event.delivery.message_id not in ("", event.id):
        return _refuse(event, "malformed_envelope", field="id", mistake="invalid")
    if not isinstance(attributes.get("subject"), str) or not SUBJECT.fullmatch(attributes["subject"]):
        return _refuse(event, "malformed_envelope", field="subject", mistake="required" if not attributes.get("subject") else "wrong_form")
    event.subject = attributes["subject"]
    time = attributes.get("time")
    if not isinstance(time, datetime) or time.tzinfo is None or not 2000 <= time.year <= 2100:
        return _refuse(event, "malformed_envelope", field="time", mistake="required" if time is None else "not_a_time")
    event.time = time.astimezone(timezone.utc)
    if not isinstance(data, dict):
        return _refuse(event, "malformed_data", field="data", mistake="not_an_object")
    event.data = data
    traceparent = attributes.get("traceparent")
    event.traceparent = traceparent if isinstance(traceparent, str) and TRACEPARENT.fullmatch(traceparent) else events.new_traceparent()
    return event


def _refuse(event, code, **facts):
    event.refusal = reason(code, **facts)
    return event
