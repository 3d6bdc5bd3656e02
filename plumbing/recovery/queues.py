"""Takes the messages out of the services' queues. The recovery publishes again what is in the producers' records, so the messages are not needed."""

from collections.abc import Iterator
from contextlib import closing

import pika

from contracts.channels import queue_of
from plumbing import bundles
from plumbing.events import Delivery

WAIT_SECONDS = 30  # maximum wait for a message that the queue is known to contain
PREFETCHED_MESSAGES = 500


def take_deliveries(amqp_admin: str, listener: str, stream: str, partitions: int, handle) -> None:
    """Pass the deliveries (one per event) of the listener's queues of a stream to `handle(deliveries)`, and remove the messages when it has returned."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_admin))) as connection:
        for partition in range(partitions):
            channel = connection.channel()
            for tag, deliveries in _read_messages(channel, queue_of(listener, stream, partition)):
                handle(deliveries)
                channel.basic_ack(tag, multiple=True)
            channel.close()


def _read_messages(channel, queue) -> Iterator[tuple[int, list[Delivery]]]:
    """Yield (delivery tag of the last message, deliveries) for groups of messages, until the queue is empty."""
    # A queue with a single active consumer refuses basic.get, so the messages are consumed.
    left = channel.queue_declare(queue, passive=True).method.message_count
    channel.basic_qos(prefetch_count=PREFETCHED_MESSAGES)
    group: list[Delivery] = []
    count = 0
    for method, properties, body in channel.consume(queue, inactivity_timeout=WAIT_SECONDS) if left else ():
        if method is None:
            raise TimeoutError(f"{queue}: {left} messages did not arrive")
        group += bundles.split(Delivery(body, properties.content_type or "", method.routing_key, message_id=properties.message_id or ""))
        count, left = count + 1, left - 1
        if count == PREFETCHED_MESSAGES or not left:
            yield method.delivery_tag, group
            group, count = [], 0
        if not left:
            channel.cancel()
            return
