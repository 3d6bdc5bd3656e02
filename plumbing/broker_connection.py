"""Connection of a consumer to RabbitMQ: a channel and a buffer per queue, heartbeats, acknowledgements."""

import contextlib
from collections import deque
from collections.abc import Callable

import amqp.exceptions
import eventlet
import kombu
from eventlet.semaphore import Semaphore

from plumbing import bundles, lenient_decoding  # the import of lenient_decoding replaces decoders of py-amqp
from plumbing.epoch import check_channel
from plumbing.events import Delivery
from plumbing.frame_reader import read_frames

HEARTBEAT_SECONDS = 15
RECEIVE_SECONDS = 5.0  # less than half of HEARTBEAT_SECONDS, so that heartbeats are sent in time
RETRYABLE_ERRORS = (OSError, amqp.exceptions.AMQPError)
MAX_BATCH_BYTES = 8 * 2**20  # a batch is closed by the message with which it reaches this size
# While more bytes of deliveries than this are buffered, nothing is read from the connection. The prefetch limit alone would not bound the memory, because
# it counts messages, and RabbitMQ implements no limit in bytes.
MAX_BUFFERED_BYTES = 32 * 2**20
FATAL_REPLY_CODES = (403, 404, 406)  # AMQP reply codes of errors that a reconnection cannot solve: missing permission, missing queue, wrong queue arguments


class _Woken(Exception):
    """Raised in `BrokerConnection.receive` by `BrokerConnection.wake`."""


class BrokerConnection:
    """Connection to the broker with one channel and one buffer of deliveries per queue. After the connection is closed, `acknowledge` does nothing."""

    def __init__(self, amqp_uri: str, queues: list[str], prefetch: int, on_arrival: Callable[[], None], write_lock: Semaphore, may_be_bundles: bool = False,
                 epoch: int | None = None):  # fmt: skip
        """Open the connection. `on_arrival` is called after each delivery; `write_lock` is held during writes to this connection.

        `prefetch`: maximum number of unacknowledged messages per queue. `may_be_bundles`: whether the messages may be bundles of events. It is false for
        queues to which agencies publish. `epoch`: the broker must have the marker of this epoch, else RecoveryNeeded is raised; None: not checked.
        """
        self.on_arrival, self.write_lock, self.may_be_bundles = on_arrival, write_lock, may_be_bundles
        self.is_open = True
        self.buffers: list[deque] = []  # for each queue: messages that have arrived and that no batch has taken yet, with their number of events
        self.buffered_events = self.buffered_bytes = 0
        self._receiver = None  # the green thread that waits in `receive`
        self.channels: list = []
        self.batches_taken = 0
        self.connection = kombu.Connection(amqp_uri, heartbeat=HEARTBEAT_SECONDS, connect_timeout=5)
        self.connection.connect()
        check_channel(self.connection.channel(), epoch)
        for queue in queues:
            channel = self.connection.channel()
            channel.auto_decode = False  # message bodies stay bytes: signatures and hashes are computed over the exact bytes
            buffer: deque = deque()
            channel.basic_qos(0, prefetch, False)
            self.channels.append(channel)
            self.buffers.append(buffer)
            channel.basic_consume(queue, consumer_tag=queue, callback=self._make_message_callback(buffer))

    def _make_message_callback(self, buffer):
        def on_message(message):
            event_count = bundles.count_events(message.body) if self.may_be_bundles else 1
            buffer.append((message, event_count))
            self.buffered_events += event_count
            self.buffered_bytes += len(message.body)
            self.on_arrival()

        return on_message

    def receive(self):
        """Read arriving AMQP frames; wait up to RECEIVE_SECONDS for the first one, or until `wake` is called. Send a heartbeat if one is due.

        If MAX_BUFFERED_BYTES are buffered, wait without reading, so that the remaining messages stay at the broker.
        """
        if self.buffered_bytes > MAX_BUFFERED_BYTES:
            eventlet.sleep(0.05)
        else:
            self._receiver = eventlet.getcurrent()
            try:
                read_frames(self.connection.connection, timeout=RECEIVE_SECONDS)
            except (TimeoutError, _Woken):
                pass
            finally:
                self._receiver = None
        with self.write_lock:
            self.connection.heartbeat_check()

    def wake(self):
        """Let a running `receive` return at once."""
        eventlet.hubs.get_hub().schedule_call_global(0, self._interrupt_receiver)

    def _interrupt_receiver(self):
        if self._receiver is not None:
            self._receiver.throw(_Woken())

    def take_deliveries(self, limit):
        """Remove messages with about `limit` events from the buffers, in turn from each queue: a bundle is never divided between two batches.

        Return the deliveries, one for each event, and the delivery tag of the last message of each queue: {index of the queue: delivery tag}.
        """
        deliveries, last_tags, bytes_left = [], {}, MAX_BATCH_BYTES
        filled = [index for index in range(len(self.buffers)) if self.buffers[index]]
        self.batches_taken += 1
        if filled:
            start = self.batches_taken % len(filled)  # consecutive batches begin with different queues
            filled = filled[start:] + filled[:start]
        while filled and limit > 0 and bytes_left > 0:
            share = max(1, limit // len(filled))  # number of events to take from each queue in this turn
            for index in filled:
                buffer, taken = self.buffers[index], 0
                while buffer and taken < share and limit > 0 and bytes_left > 0:
                    message, event_count = buffer.popleft()
                    last_tags[index] = message.delivery_tag
                    delivery = _to_delivery(message)
                    deliveries += bundles.split(delivery) if self.may_be_bundles else [delivery]
                    self.buffered_events -= event_count
                    self.buffered_bytes -= len(message.body)
                    taken, limit, bytes_left = taken + event_count, limit - event_count, bytes_left - len(message.body)
            filled = [index for index in filled if self.buffers[index]]
        return deliveries, last_tags

    def acknowledge(self, last_tags):
        """Acknowledge, for each queue, all deliveries up to this delivery tag.

        If the connection is lost, the broker redelivers the messages, and the inbox recognises them as duplicates.
        """
        if not self.is_open:
            return
        with contextlib.suppress(*RETRYABLE_ERRORS), self.write_lock:
            for index, tag in last_tags.items():
                self.channels[index].basic_ack(tag, multiple=True)

    def cancel(self):
        """Cancel the consumers, so that the broker sends no more deliveries."""
        with contextlib.suppress(*RETRYABLE_ERRORS), self.write_lock:
            for channel in self.channels:
                for tag in list(channel.callbacks):
                    channel.basic_cancel(tag, nowait=True)

    def close(self):
        self.is_open = False
        with contextlib.suppress(Exception), eventlet.Timeout(2, False):
            self.connection.release()


def _to_delivery(message) -> Delivery:
    properties = message.properties
    return Delivery(
        body=message.body if isinstance(message.body, bytes) else message.body.encode(),
        content_type=properties.get("content_type") or "",
        routing_key=message.delivery_info["routing_key"],
        user_id=properties.get("user_id") or "",
        message_id=properties.get("message_id") or "",
        headers=properties.get("application_headers") or {},
        is_undecodable=lenient_decoding.UNDECODABLE in properties,
    )
