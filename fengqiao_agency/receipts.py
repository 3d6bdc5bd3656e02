"""Hears the agency's inbox: receipts and notices are on disk before the broker may forget them."""

import logging

from .events import Incoming, incoming
from .link import Link
from .outbox import Outbox

log = logging.getLogger("fengqiao_agency")

PREFETCH = 500
BATCH, LINGER = 250, 0.01


class Receipts:
    """Owns the consumer of queue `agency.<code>`. What was heard twice is kept, and told, once."""

    def __init__(self, agency: str, uri: str, outbox: Outbox, told):
        self._queue, self._outbox, self._told = f"agency.{agency}", outbox, told
        self.link = Link(uri, f"fengqiao_agency {agency} receipts", self._opened, self._lost)
        self._channel, self._batch, self._waiting = None, [], False

    def start(self):
        self.link.start()

    def stop(self):
        self.link.stop()

    def _opened(self, channel):
        self._channel = channel
        channel.add_on_cancel_callback(lambda _: self.link.drop("missing"))
        channel.basic_qos(prefetch_count=PREFETCH, callback=lambda _: channel.basic_consume(self._queue, self.link.guarded(self._on_message)))

    def _lost(self):
        self._channel, self._batch, self._waiting = None, [], False

    def _on_message(self, _channel, method, properties, body):
        self._batch.append((method.delivery_tag, properties, body))
        if len(self._batch) >= BATCH:
            self._keep()
        elif not self._waiting:
            self._waiting = True
            self.link.later(LINGER, self._keep)

    def _keep(self):
        self._waiting = False
        if not self._batch or self._channel is None or not self._channel.is_open:
            return
        events, unreadable = [], []
        for _, properties, body in self._batch:
            event = _read(properties, body)
            events.append(event) if event else unreadable.append(body)
        news = self._outbox.hear(events, unreadable)
        self._channel.basic_ack(self._batch[-1][0], multiple=True)
        self._batch = []
        self._told(news)


def _read(properties, body) -> Incoming | None:
    try:
        return incoming(properties.headers, properties.content_type, body)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next message must not wait for it; it is kept in `unreadable`
        log.error("A message in the inbox is not a CloudEvent and was put aside: %s", type(error).__name__)
        return None
