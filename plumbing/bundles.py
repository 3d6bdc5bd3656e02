"""Bundles: several events in one message. What one transaction publishes to one exchange and partition is one outbox row and one message. Pure.

A bundle is a JSON array of CloudEvents (CloudEvents 1.0, JSON event format, section 4: JSON batch format). Between two elements stand a comma and a line
feed. No element contains a line feed, because the services serialise events without whitespace and JSON escapes line feeds in texts. Therefore a bundle
can be split without parsing it: an element that cannot be parsed does not affect its neighbours, and each element keeps its exact bytes.
"""

from dataclasses import dataclass

from plumbing.events import CONTENT_TYPE, Delivery

BUNDLE_CONTENT_TYPE = "application/cloudevents-batch+json"
BUNDLE_KEY = "bundle"  # takes the place of the event type in the routing key of a bundle
SEPARATOR = b",\n"
MAX_BUNDLE_BYTES = 64 * 1024  # a bundle is closed before it becomes longer; a single event may be longer


@dataclass(slots=True)
class OutboxEvent:
    """One serialised event that a transaction publishes.

    `bundle_key`: routing key of the bundle that the event may share with other events of the same exchange, partition and bundle key; None: the event
    is published as a message of its own.
    """

    partition: int
    exchange: str
    routing_key: str
    id: str
    body: bytes
    bundle_key: str | None = None


def content_type(event_count: int) -> str:
    """Return the content type of a message with this number of events."""
    return CONTENT_TYPE if event_count == 1 else BUNDLE_CONTENT_TYPE


def make_messages(events: list[OutboxEvent]) -> list[tuple[int, str, str, str, int, bytes]]:
    """Return the messages to publish as rows (partition, exchange, routing key, message id, number of events, body).

    The events of one exchange and partition keep their order. A message of one event has the event's own routing key, id and bytes.
    """
    groups: list[list[OutboxEvent]] = []
    open_groups: dict[tuple, tuple[list[OutboxEvent], int]] = {}
    for event in events:
        key = (event.exchange, event.partition, event.bundle_key)
        group, length = open_groups.get(key, (None, 0))
        length += len(event.body) + len(SEPARATOR)
        if group is None or event.bundle_key is None or length > MAX_BUNDLE_BYTES:
            group, length = [], len(event.body) + len(SEPARATOR)
            groups.append(group)
        group.append(event)
        open_groups[key] = group, length
    return [_make_message(group) for group in groups]


def _make_message(group):
    first = group[0]
    if len(group) == 1:
        return first.partition, first.exchange, first.routing_key, first.id, 1, first.body
    # The message id of a bundle is readable in lists: the id of its first event, and the number of the other events.
    message_id = f"{first.id}+{len(group) - 1}"
    return first.partition, first.exchange, first.bundle_key, message_id, len(group), join([event.body for event in group])


def join(bodies: list[bytes]) -> bytes:
    """Return the body of a bundle of these serialised events."""
    return b"[" + SEPARATOR.join(bodies) + b"]"


def split_body(body: bytes) -> list[bytes]:
    """Return the serialised events in the body of a message, which is a bundle or a single event."""
    return body[1:-1].split(SEPARATOR) if is_bundle(body) else [body]


def is_bundle(body: bytes) -> bool:
    """Return whether the body of a message is a bundle. A single event is a JSON object."""
    return body[:1] == b"[" and body[-1:] == b"]"


def count_events(body: bytes) -> int:
    """Return the number of events in the body of a message."""
    return body.count(SEPARATOR) + 1 if is_bundle(body) else 1


def split(delivery: Delivery) -> list[Delivery]:
    """Return one delivery for each event in a delivery from a queue to which only services publish.

    An element is not checked: the caller parses each one, and stores those that cannot be parsed one by one.
    """
    if not delivery.content_type.startswith(BUNDLE_CONTENT_TYPE) or not is_bundle(delivery.body):
        return [delivery]
    return [Delivery(body, CONTENT_TYPE, delivery.routing_key, delivery.user_id, headers=delivery.headers) for body in split_body(delivery.body)]
