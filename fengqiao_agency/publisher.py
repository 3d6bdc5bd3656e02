"""Publisher of the events in the outbox, with publisher confirms. Many events may be unconfirmed at the same time, but only one of each dispute."""

import logging
import random
import time
from collections import deque
from itertools import takewhile

import pika

from .broker_connection import BrokerConnection
from .envelope import UNSENDABLE_REASON_TEXTS, Unsendable, load_headers
from .events import make_outgoing_event
from .heartbeat import EVENT_TYPE, Heartbeat, Statement
from .outbox import UNANSWERED_STATES, Outbox
from .poison_messages import PoisonMessageDetector

log = logging.getLogger("fengqiao_agency")

AGENCIES_EXCHANGE = "agencies"
MAX_UNCONFIRMED_EVENTS = 1000  # upper bound of the number of unconfirmed events
MAX_LOADED_EVENTS = 2000  # maximum number of events that are loaded into memory
CONFIRM_TIMEOUT_SECONDS = 30.0
RECEIPT_TIMEOUT_SECONDS = 900.0  # an event without a receipt is then published again, because the receipt may have been dropped from a full inbox
POLL_SECONDS = 0.2  # interval between two searches for events that other OS processes added to the outbox
MARK_DELAY_SECONDS, MARK_BATCH_SIZE = 0.02, 500  # confirmed events are marked as published after this delay, or earlier if there are this many
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.1, 10.0  # pauses between two attempts while the hub's queue is full
MIN_UNCONFIRMED_LIMIT = 8  # lower bound of the number of unconfirmed events, which is halved when the hub's queue is full


class Publisher:
    """Publisher of one outbox. An event that may or may not have reached the broker is published again: the hub recognises a repeated event by its id."""

    def __init__(self, agency: str, uri: str, outbox: Outbox, heartbeat: Heartbeat):
        self._agency, self._outbox, self._heartbeat = agency, outbox, heartbeat
        self.connection = BrokerConnection(uri, f"fengqiao_agency {agency} publisher", self._on_channel_open, self._on_connection_lost)
        self._channel = None
        self._is_stopping = False
        self._poison_detector = PoisonMessageDetector()
        self._reset()

    def start(self):
        self._is_stopping = False
        self.connection.start()

    def stop(self, timeout: float = 5):
        """Stop publishing. Wait up to `timeout` seconds for publisher confirms, so that fewer events are published a second time after the next start."""
        self._is_stopping = True
        give_up_at = time.monotonic() + timeout
        while self._unconfirmed_by_tag and self._channel and time.monotonic() < give_up_at:
            time.sleep(0.01)
        self.connection.stop()

    def wake(self):
        """Publish events that were added to the outbox, without waiting for the next search."""
        if not self._is_wake_scheduled:
            self._is_wake_scheduled = True
            self.connection.call_threadsafe(self._publish_new)

    def _reset(self):
        self._last_loaded, self._has_more = 0, True
        self._waiting_rows: deque[tuple] = deque()
        self._unconfirmed_by_tag: dict[int, tuple] = {}  # delivery tag → (row of the outbox or statement, time of publishing)
        self._next_tag = 1
        self._return_text_by_id: dict[str, str] = {}
        self._confirmed_publish_orders: list[int] = []
        self._unconfirmed_limit, self._backoff_seconds, self._is_backing_off = MAX_UNCONFIRMED_EVENTS, FIRST_BACKOFF_SECONDS, False
        self._is_wake_scheduled = self._is_mark_scheduled = False
        self._next_resend_check = 0.0

    def _on_channel_open(self, channel):
        self._channel = channel
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(
            self.connection.wrap_to_record_failure(self._on_confirm), callback=self.connection.wrap_to_record_failure(lambda _: self._poll())
        )

    def _on_connection_lost(self):
        self._channel = None
        try:
            self._mark_confirmed()
            if self.connection.close_reply:
                self._handle_broker_close(*self.connection.close_reply)
        finally:
            self._reset()

    def _handle_broker_close(self, code, text):
        rows = [row for row, _ in self._unconfirmed_by_tag.values() if not isinstance(row, Statement)]
        publish_order = self._poison_detector.record_close([row[0] for row in rows], code, text)
        if publish_order is not None:
            (row,) = rows
            log.error("%s: the broker closed the connection with code %s because of event %s", self._agency, code, row[1])
            self._return_unsendable(row, "refused_by_broker")
            self.connection.should_reconnect_at_once = True

    def _poll(self):
        if not self._is_open():
            return
        now = time.monotonic()
        oldest = next(iter(self._unconfirmed_by_tag.values()), None)
        if oldest and now - oldest[1] > CONFIRM_TIMEOUT_SECONDS and self.connection.problem != "blocked":
            self.connection.reconnect("silent")
            return
        if now > self._next_resend_check:
            self._next_resend_check = now + RECEIPT_TIMEOUT_SECONDS / 10
            self._outbox.resend(unanswered_for=RECEIPT_TIMEOUT_SECONDS)
        self._publish_new()
        self._publish_due_statement()
        self.connection.call_later(POLL_SECONDS, self._poll)

    def _is_open(self):
        return self._channel is not None and self._channel.is_open

    def _publish_new(self):
        self._is_wake_scheduled, self._has_more = False, True
        self._publish_waiting()

    def _publish_waiting(self):
        if self._is_backing_off or self._is_stopping or self.connection.problem == "blocked" or not self._is_open():
            return
        if self._has_more and len(self._waiting_rows) < MAX_LOADED_EVENTS // 2:
            self._load_waiting_events(MAX_LOADED_EVENTS - len(self._waiting_rows))
        while self._waiting_rows and len(self._unconfirmed_by_tag) < self._unconfirmed_limit:
            row = self._next_row()
            first = next((first for first, _ in self._unconfirmed_by_tag.values() if not isinstance(first, Statement)), None)
            if first is not None and (self._poison_detector.must_be_published_alone(row[0]) or self._poison_detector.must_be_published_alone(first[0])):
                return
            self._waiting_rows.remove(row)
            self._publish(row)

    def _next_row(self):
        return next((row for row in self._waiting_rows if not self._poison_detector.is_deferred(row[0])), self._waiting_rows[0])

    def _load_waiting_events(self, limit):
        page = self._outbox.load_waiting(self._last_loaded, limit)
        self._has_more = len(page) == limit
        if page:
            self._last_loaded = page[-1][0]
            self._waiting_rows.extend(page)

    def _publish(self, row):
        try:
            key, properties = self._build_message(*row[1:])
        except Unsendable as problem:
            self._return_unsendable(row, problem.code)
            return
        self._channel.basic_publish(AGENCIES_EXCHANGE, key, row[4], properties, mandatory=True)
        self._unconfirmed_by_tag[self._next_tag] = row, time.monotonic()
        self._next_tag += 1

    def _publish_due_statement(self):
        """Publish agency.alive if it is due and every event in the outbox is answered, so that no event that happened before is still on its way."""
        if self._is_backing_off or self._is_stopping or self.connection.problem == "blocked" or self._unconfirmed_by_tag:
            return
        statement = self._heartbeat.due_statement()
        if statement is None or self._outbox.has_event_in_state(*UNANSWERED_STATES):
            return
        data = {"up_to": statement.up_to.isoformat()}
        event = make_outgoing_event(self._agency, EVENT_TYPE, self._agency, data, None, statement.event_id)
        key, properties = self._build_message(event.id, event.type, event.headers, event.body)
        self._channel.basic_publish(AGENCIES_EXCHANGE, key, event.body, properties, mandatory=True)
        self._unconfirmed_by_tag[self._next_tag] = statement, time.monotonic()
        self._next_tag += 1

    def _build_message(self, event_id, event_type, headers, body):
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=pika.DeliveryMode.Persistent,
            message_id=event_id,
            user_id=self._agency,
            headers=load_headers(event_id, event_type, headers, body),
        )
        key = f"{self._agency}.{event_type}"
        try:
            pika.frame.Method(1, pika.spec.Basic.Publish(exchange=AGENCIES_EXCHANGE, routing_key=key)).marshal()
            pika.frame.Header(1, len(body), properties).marshal()
        except Exception:  # noqa: BLE001 - an encoding error concerns this event only, and later events must be published
            raise Unsendable("not_encodable") from None
        return key, properties

    def _return_unsendable(self, row, code):
        publish_order, event_id, *_ = row
        shown_id = event_id if isinstance(event_id, str) and len(event_id) <= 128 else f"#{publish_order}"
        log.error("%s: %s: %s。 / %s.", self._agency, shown_id, *UNSENDABLE_REASON_TEXTS[code])
        self._outbox.mark_returned(publish_order, code)

    def _on_return(self, _channel, method, properties, _body):
        self._return_text_by_id[properties.message_id] = str(
            method.reply_text
        )  # for an unroutable message, the broker sends `basic.return` first and then the publisher confirm

    def _on_confirm(self, frame):
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        handle = self._on_ack if isinstance(frame.method, pika.spec.Basic.Ack) else self._on_nack
        for confirmed_tag in list(takewhile(lambda t: t <= tag, self._unconfirmed_by_tag)) if multiple else [tag]:
            handle(self._unconfirmed_by_tag.pop(confirmed_tag)[0])
        self._publish_waiting()

    def _on_ack(self, row):
        if isinstance(row, Statement):
            self._record_accepting_broker()
            self._heartbeat.record_published(row)
            if self._return_text_by_id.pop(row.event_id, None) is not None:
                log.error("%s: no queue accepts the event %s", self._agency, EVENT_TYPE)
            return
        publish_order, event_id, *_ = row
        self._poison_detector.record_confirm(publish_order)
        return_text = self._return_text_by_id.pop(event_id, None)
        if return_text is not None:
            log.error(
                "%s: no queue accepts event %s (%s); it and the later events of its dispute wait for `outbox --resend`", self._agency, event_id, return_text
            )
            self._outbox.mark_returned(publish_order, return_text)
            return
        self._confirmed_publish_orders.append(publish_order)
        self._unconfirmed_limit = min(self._unconfirmed_limit + 1, MAX_UNCONFIRMED_EVENTS)
        self._record_accepting_broker()
        if len(self._confirmed_publish_orders) >= MARK_BATCH_SIZE:
            self._mark_confirmed()
        elif not self._is_mark_scheduled:
            self._is_mark_scheduled = True
            self.connection.call_later(MARK_DELAY_SECONDS, self._mark_confirmed)

    def _record_accepting_broker(self):
        if not self._is_backing_off:
            self._backoff_seconds = FIRST_BACKOFF_SECONDS
            if self.connection.problem == "full":
                self.connection.problem = None

    def _on_nack(self, row):
        if not isinstance(row, Statement):  # a statement is published again when it is due at the next poll
            self._waiting_rows.appendleft(row)
        if not self._is_backing_off:
            log.warning("%s: the hub's queue is full; the next attempt follows in about %.1f s", self._agency, self._backoff_seconds)
            self.connection.problem, self._is_backing_off = "full", True
            self._unconfirmed_limit = max(self._unconfirmed_limit // 2, MIN_UNCONFIRMED_LIMIT)
            self.connection.call_later(self._backoff_seconds * random.uniform(0.5, 1.0), self._end_backoff)
            self._backoff_seconds = min(self._backoff_seconds * 2, MAX_BACKOFF_SECONDS)

    def _end_backoff(self):
        self._is_backing_off = False
        self._publish_waiting()

    def _mark_confirmed(self):
        self._is_mark_scheduled = False
        if self._confirmed_publish_orders:
            self._outbox.mark_published(self._confirmed_publish_orders)
            self._confirmed_publish_orders = []
