"""Reader of the agency's inbox, the broker queue with its receipts and notices. A message is acknowledged only after it is stored on disk."""

import logging

from .broker_connection import BrokerConnection
from .events import IncomingEvent, parse_incoming_event, split_message
from .outbox import Outbox

log = logging.getLogger("fengqiao_agency")

PREFETCH_COUNT = 500
BATCH_SIZE, BATCH_WAIT_SECONDS = 250, 0.01


class InboxReader:
    """Consumer of queue `agency.<code>`. Calls `on_stored(messages)` with the newly stored messages. A redelivered message is stored once."""

    def __init__(self, agency: str, uri: str, outbox: Outbox, on_stored):
        self._queue, self._outbox, self._on_stored = f"agency.{agency}", outbox, on_stored
        self.connection = BrokerConnection(uri, f"fengqiao_agency {agency} receipts", self._on_channel_open, self._on_connection_lost)
        self._channel, self._batch, self._is_store_scheduled = None, [], False

    def start(self):
        self.connection.start()

    def stop(self):
        self.connection.stop()

    def _on_channel_open(self, channel):
        self._channel = channel
        channel.add_on_cancel_callback(lambda _: self.connection.reconnect("missing"))
        channel.basic_qos(
            prefetch_count=PREFETCH_COUNT, callback=lambda _: channel.basic_consume(self._queue, self.connection.wrap_to_record_failure(self._on_message))
        )

    def _on_connection_lost(self):
        self._channel, self._batch, self._is_store_scheduled = None, [], False

    def _on_message(self, _channel, method, properties, body):
        self._batch.append((method.delivery_tag, properties, body))
        if len(self._batch) >= BATCH_SIZE:
            self._store_batch()
        elif not self._is_store_scheduled:
            self._is_store_scheduled = True
            self.connection.call_later(BATCH_WAIT_SECONDS, self._store_batch)

    def _store_batch(self):
        self._is_store_scheduled = False
        if not self._batch or self._channel is None or not self._channel.is_open:
            return
        events, unreadable = [], []
        for _, properties, body in self._batch:
            for content_type, content in split_message(properties.content_type, body):
                event = _parse_event(properties.headers, content_type, content)
                events.append(event) if event else unreadable.append(content)
        new_messages = self._outbox.store_messages(events, unreadable)
        self._channel.basic_ack(self._batch[-1][0], multiple=True)
        self._batch = []
        self._on_stored(new_messages)


def _parse_event(headers, content_type, body) -> IncomingEvent | None:
    try:
        return parse_incoming_event(headers, content_type, body)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, it must not delay the next; it is stored in table `unreadable`
        log.error("A message or part of a message in the inbox is not a CloudEvent and was stored as unreadable: %s", type(error).__name__)
        return None
