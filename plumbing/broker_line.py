"""One connection to the broker for a consumer: a channel and a buffer per queue, heartbeats, acknowledgements."""

import contextlib
from collections import deque
from collections.abc import Callable

import amqp.exceptions
import eventlet
import kombu
from eventlet.semaphore import Semaphore

from plumbing import lenient  # importing it changes how py-amqp decodes
from plumbing.events import Delivery
from plumbing.wire import drain

HEARTBEAT_SECONDS = 15
RETRYABLE = (OSError, amqp.exceptions.AMQPError)
FATAL = (403, 404, 406)  # the broker's answer will be the same next time: somebody must look


class BrokerLine:
    """One connection to the broker: a channel and a buffer per queue. After `close` it acknowledges nothing any more."""

    def __init__(self, amqp_uri: str, queues: list[str], prefetch: int, arrived: Callable[[], None], writing: Semaphore):
        """`arrived` is called for each delivery; `writing` is held while this connection is written to."""
        self.arrived, self.writing = arrived, writing
        self.open = True
        self.inboxes: list[deque] = []
        self.channels: list = []
        self.turn = 0
        self.connection = kombu.Connection(amqp_uri, heartbeat=HEARTBEAT_SECONDS, connect_timeout=5)
        self.connection.connect()
        for queue in queues:
            channel = self.connection.channel()
            channel.auto_decode = False  # the exact bytes: they were signed and hashed as they are
            inbox: deque = deque()
            channel.basic_qos(0, prefetch, False)
            self.channels.append(channel)
            self.inboxes.append(inbox)
            channel.basic_consume(queue, consumer_tag=queue, callback=self._keep(inbox))

    def _keep(self, inbox):
        def on_message(message):
            inbox.append(message)
            self.arrived()

        return on_message

    def listen(self):
        """Reads what arrives, for up to half a second, and sends a heartbeat when one is due."""
        with contextlib.suppress(TimeoutError):
            drain(self.connection.connection, timeout=0.5)
        with self.writing:
            self.connection.heartbeat_check()

    def at_hand(self) -> int:
        """How many deliveries are buffered."""
        return sum(map(len, self.inboxes))

    def take(self, room):
        """Up to `room` deliveries, from each queue in turn; and per queue the last one taken."""
        deliveries, marks = [], {}
        filled = [n for n in range(len(self.inboxes)) if self.inboxes[n]]
        self.turn += 1
        if filled:
            cut = self.turn % len(filled)
            filled = filled[cut:] + filled[:cut]
        while filled and room > 0:
            share = max(1, room // len(filled))
            for n in filled:
                inbox = self.inboxes[n]
                for _ in range(min(share, len(inbox), room)):
                    message = inbox.popleft()
                    marks[n] = message.delivery_tag
                    deliveries.append(_delivery(message))
                    room -= 1
            filled = [n for n in filled if self.inboxes[n]]
        return deliveries, marks

    def acknowledge(self, marks):
        """All up to these, in each queue. If the line is gone the broker delivers them again, and they are recognised."""
        if not self.open:
            return
        with contextlib.suppress(*RETRYABLE), self.writing:
            for n, tag in marks.items():
                self.channels[n].basic_ack(tag, multiple=True)

    def cancel(self):
        """Asks the broker for no more deliveries."""
        with contextlib.suppress(*RETRYABLE), self.writing:
            for channel in self.channels:
                for tag in list(channel.callbacks):
                    channel.basic_cancel(tag, nowait=True)

    def close(self):
        self.open = False
        with contextlib.suppress(Exception), eventlet.Timeout(2, False):
            self.connection.release()


def _delivery(message) -> Delivery:
    properties = message.properties
    return Delivery(
        body=message.body if isinstance(message.body, bytes) else message.body.encode(),
        content_type=properties.get("content_type") or "",
        routing_key=message.delivery_info["routing_key"],
        user_id=properties.get("user_id") or "",
        message_id=properties.get("message_id") or "",
        headers=properties.get("application_headers") or {},
        is_undecodable=lenient.UNDECODABLE in properties,
    )
