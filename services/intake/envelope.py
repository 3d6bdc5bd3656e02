"""Parses and validates the CloudEvents envelope of agencies' events (version 1.0, AMQP 0-9-1 or HTTP, structured or binary mode). Pure.

A delivery that cannot be parsed becomes an event with a `refusal`, so that the agency gets a receipt for every delivery.
"""

import hashlib
import json
import re
from datetime import UTC, datetime

from cloudevents.core.bindings import amqp, rabbitmq
from cloudevents.core.formats.json import JSONFormat
from dateutil.parser import isoparse
from structlog import get_logger

from contracts.envelope import FIRST_YEAR, ID_PATTERN, LAST_YEAR, MAX_BYTES, SUBJECT_PATTERN, TYPE_PATTERN
from plumbing import events
from plumbing.events import Delivery, Event
from plumbing.logs import describe
from services.intake import fast_envelope, nesting
from services.intake.model import agency_source
from services.intake.reasons import reason

log = get_logger()

STRUCTURED = "application/cloudevents+json"
OLDER_PREFIXES = ("cloudEvents_", "cloudEvents:")  # header prefixes of the AMQP 1.0 binding, which some clients also use over AMQP 0-9-1

TRACEPARENT_PATTERN = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

TIME_ATTRIBUTE_NAMES = ("time", "ce-time", *(f"{prefix.lower()}time" for prefix in OLDER_PREFIXES))
PARSE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
_FORMAT = JSONFormat()


def read(delivery: Delivery) -> Event:
    """Return the event in a delivery from the exchange `agencies` or from intake's HTTP API. An invalid event has a `refusal`.

    The routing key begins with the agency's code. `user_id` is the user authenticated by the broker or the HTTP API.
    """
    agency = delivery.routing_key.split(".", 1)[0]
    digest = hashlib.sha256(delivery.body).hexdigest()
    event = Event(agency_source(agency), _id_outside_body(delivery) or digest, "", "", events.utc_now(), {}, delivery=delivery)
    if delivery.user_id != agency:
        return _refuse(event, "wrong_source")
    if delivery.is_undecodable:
        return _refuse(event, "unsupported_encoding")
    if len(delivery.body) > MAX_BYTES:
        return _refuse(event, "too_large", limit=MAX_BYTES)
    if nesting.is_too_deep(delivery.body):
        return _refuse(event, "too_deep", limit=nesting.MAX_DEPTH)
    try:
        return _validate(event, *(fast_envelope.parse(delivery) or _parse(delivery)))
    except Exception as problem:  # noqa: BLE001 - a library that fails on these bytes must affect no other delivery
        if not isinstance(problem, PARSE_ERRORS):
            log.error("Parsing a delivery failed with an unexpected error; the delivery is refused.", agency=agency, event_id=digest, reason=describe(problem))
        if _has_invalid_time(delivery):
            return _refuse(event, "malformed_envelope", field="time", mistake="not_a_time")
        return _refuse(event, "unsupported_encoding")


def _id_outside_body(delivery) -> str | None:
    """Return the event id from the message properties or headers, so that a receipt can contain the id even if the body cannot be parsed."""
    candidates = [delivery.message_id, *(delivery.headers.get(f"{prefix}id") for prefix in ("ce-", *OLDER_PREFIXES))]
    return next((name for name in candidates if isinstance(name, str) and ID_PATTERN.fullmatch(name)), None)


def read_any(delivery: Delivery) -> Event:
    """Return the event in a delivery that intake has stored.

    It is a domain event if the routing key begins with a partition number, else an agency's event.
    """
    return events.read(delivery) if delivery.routing_key[:1].isdigit() else read(delivery)


def _parse(delivery) -> tuple[dict, object]:
    """Return the attributes and the data of an event, unchanged. The SDK's event class is not used because it would generate a missing id or time."""
    headers = delivery.headers
    if delivery.content_type.startswith(STRUCTURED):
        return rabbitmq.from_structured(rabbitmq.RabbitMQMessage({}, delivery.content_type, delivery.body), _FORMAT, _reject_binary_data)
    if any(name.startswith(OLDER_PREFIXES) for name in headers):
        return amqp.from_binary(amqp.AMQPMessage({"content-type": delivery.content_type}, headers, delivery.body), _FORMAT, _reject_unparsed_data)
    return rabbitmq.from_binary(rabbitmq.RabbitMQMessage(headers, delivery.content_type or None, delivery.body), _FORMAT, _reject_unparsed_data)


def _reject_binary_data(attributes, data):
    if isinstance(data, bytes):
        raise ValueError("data_base64")
    return attributes, data


def _reject_unparsed_data(attributes, data):
    if isinstance(data, (bytes, str)):
        raise ValueError("the SDK returns data unchanged that it cannot parse")
    return attributes, data


def _has_invalid_time(delivery) -> bool:
    """Return whether the attribute `time` is invalid. Only for this attribute does the SDK raise on an invalid value."""
    try:
        attributes = json.loads(delivery.body) if delivery.content_type.startswith(STRUCTURED) else delivery.headers
        (time,) = [value for name, value in attributes.items() if name.lower() in TIME_ATTRIBUTE_NAMES]
    except PARSE_ERRORS:
        return False
    try:
        isoparse(time)
        return False
    except PARSE_ERRORS:
        return True


def _validate(event, attributes, data):
    """Copy the attributes and the data into the event. For the first invalid attribute, set the event's `refusal` and stop."""
    if attributes.get("specversion") != "1.0":
        return _refuse(event, "malformed_envelope", field="specversion", mistake="not_in_list" if attributes.get("specversion") else "required")
    if not isinstance(attributes.get("id"), str) or not ID_PATTERN.fullmatch(attributes["id"]):
        return _refuse(event, "malformed_envelope", field="id", mistake="wrong_form" if attributes.get("id") else "required")
    event.id = attributes["id"]
    if not isinstance(attributes.get("type"), str) or not TYPE_PATTERN.fullmatch(attributes["type"]):
        return _refuse(event, "malformed_envelope", field="type", mistake="wrong_form" if attributes.get("type") else "required")
    event.type = attributes["type"]
    if attributes.get("source") != event.source:
        return _refuse(event, "wrong_source")
    if event.delivery.message_id not in ("", event.id):
        return _refuse(event, "malformed_envelope", field="id", mistake="invalid")
    if not isinstance(attributes.get("subject"), str) or not SUBJECT_PATTERN.fullmatch(attributes["subject"]):
        return _refuse(event, "malformed_envelope", field="subject", mistake="required" if not attributes.get("subject") else "wrong_form")
    event.subject = attributes["subject"]
    time = attributes.get("time")
    if not isinstance(time, datetime) or time.tzinfo is None or not FIRST_YEAR <= time.year <= LAST_YEAR:
        return _refuse(event, "malformed_envelope", field="time", mistake="required" if time is None else "not_a_time")
    event.time = time.astimezone(UTC)
    if not isinstance(data, dict):
        return _refuse(event, "malformed_data", field="data", mistake="not_an_object")
    if b"\\u" in event.delivery.body and not _is_encodable(data):
        return _refuse(event, "unsupported_encoding")
    event.data = data
    traceparent = attributes.get("traceparent")
    event.traceparent = traceparent if isinstance(traceparent, str) and TRACEPARENT_PATTERN.fullmatch(traceparent) else events.new_traceparent()
    return event


def _is_encodable(data) -> bool:
    """Return whether all texts in `data` can be encoded as UTF-8. A JSON escape can denote half a surrogate pair, which is not a character."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
        return True
    except (UnicodeEncodeError, RecursionError):
        return False


def _refuse(event, code, **facts):
    event.refusal = reason(code, **facts)
    return event
