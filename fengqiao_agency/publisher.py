"""Publishes the outbox with confirms, many events under way at once: the outbox hands out one event of each dispute at a time."""

import logging
import random
import time
from collections import deque
from itertools import takewhile

import pika

from .envelope import UNSENDABLE, Unsendable, readable_headers
from .link import Link
from .outbox import Outbox
from .suspects import Suspects

log = logging.getLogger("fengqiao_agency")

EXCHANGE = "agencies"
WINDOW = 1000  # events under way at most
LOOK_AHEAD = 2000  # events held in memory at most
CONFIRM_TIMEOUT = 30.0
ANSWER_TIMEOUT = 900.0  # without any receipt an event is sent again: the hub may have dropped the receipt from a full inbox
TICK = 0.2  # how soon an event that another process reported is noticed
MARK_AFTER, MARK_AT = 0.02, 500
FIRST_REST, LONGEST_REST = 0.1, 10.0  # when the hub's queue is full
NARROWEST = 8


class Publisher:
    """Owns what is under way. Whatever is in doubt is published again: the hub knows a repeated event by its id."""

    def __init__(self, agency: str, uri: str, outbox: Outbox):
        self._agency, self._outbox = agency, outbox
        self.link = Link(uri, f"fengqiao_agency {agency} publisher", self._opened, self._lost)
        self._channel = None
        self._stopping = False
        self._suspects = Suspects()
        self._forget()

    def start(self):
        self._stopping = False
        self.link.start()

    def stop(self, timeout: float = 5):
        """Waits a little for confirms, so that fewer events are published twice."""
        self._stopping = True
        end = time.monotonic() + timeout
        while self._under_way and self._channel and time.monotonic() < end:
            time.sleep(0.01)
        self.link.stop()

    def wake(self):
        """There is something new in the outbox."""
        if not self._woken:
            self._woken = True
            self.link.call(self._look)

    def _forget(self):
        self._after, self._more = 0, True
        self._queue: deque[tuple] = deque()
        self._under_way: dict[int, tuple] = {}  # delivery tag → (row, when)
        self._next_tag = 1
        self._unroutable: dict[str, str] = {}
        self._confirmed: list[int] = []
        self._window, self._rest, self._resting = WINDOW, FIRST_REST, False
        self._woken = self._marking = False
        self._answers_due = 0.0

    def _opened(self, channel):
        self._channel = channel
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self.link.guarded(self._on_confirm), callback=self.link.guarded(lambda _: self._tick()))

    def _lost(self):
        self._channel = None
        try:
            self._mark()
            if self.link.reply:
                self._blame(*self.link.reply)
        finally:
            self._forget()

    def _blame(self, code, text):
        turn = self._suspects.closed([row[0] for row, _ in self._under_way.values()], code, text)
        if turn is not None:
            ((row, _),) = self._under_way.values()
            log.error("%s: the broker closed with %s because of event %s", self._agency, code, row[1])
            self._set_aside(row, "refused_by_broker")
            self.link.hurry = True

    def _tick(self):
        if not self._is_open():
            return
        now = time.monotonic()
        oldest = next(iter(self._under_way.values()), None)
        if oldest and now - oldest[1] > CONFIRM_TIMEOUT and self.link.problem != "blocked":
            self.link.drop("silent")
            return
        if now > self._answers_due:
            self._answers_due = now + ANSWER_TIMEOUT / 10
            self._outbox.resend(silent_for=ANSWER_TIMEOUT)
        self._look()
        self.link.later(TICK, self._tick)

    def _is_open(self):
        return self._channel is not None and self._channel.is_open

    def _look(self):
        self._woken, self._more = False, True
        self._go_on()

    def _go_on(self):
        if self._resting or self._stopping or self.link.problem == "blocked" or not self._is_open():
            return
        if self._more and len(self._queue) < LOOK_AHEAD // 2:
            self._load(LOOK_AHEAD - len(self._queue))
        while self._queue and len(self._under_way) < self._window:
            row = self._next()
            first, _ = next(iter(self._under_way.values()), (row, None))
            if self._under_way and (self._suspects.must_be_alone(row[0]) or self._suspects.must_be_alone(first[0])):
                return
            self._queue.remove(row)
            self._publish(row)

    def _next(self):
        return next((row for row in self._queue if not self._suspects.comes_later(row[0])), self._queue[0])

    def _load(self, limit):
        page = self._outbox.to_publish(self._after, limit)
        self._more = len(page) == limit
        if page:
            self._after = page[-1][0]
            self._queue.extend(page)

    def _publish(self, row):
        try:
            key, properties = self._message(*row[1:])
        except Unsendable as problem:
            self._set_aside(row, problem.code)
            return
        self._channel.basic_publish(EXCHANGE, key, row[4], properties, mandatory=True)
        self._under_way[self._next_tag] = row, time.monotonic()
        self._next_tag += 1

    def _message(self, event_id, event_type, headers, body):
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=pika.DeliveryMode.Persistent,
            message_id=event_id,
            user_id=self._agency,
            headers=readable_headers(event_id, event_type, headers, body),
        )
        key = f"{self._agency}.{event_type}"
        try:
            pika.frame.Method(1, pika.spec.Basic.Publish(exchange=EXCHANGE, routing_key=key)).marshal()
            pika.frame.Header(1, len(body), properties).marshal()
        except Exception:  # noqa: BLE001 - whatever pika cannot encode: it is this event's fault, and the next ones must go
            raise Unsendable("not_encodable") from None
        return key, properties

    def _set_aside(self, row, code):
        turn, event_id, *_ = row
        shown = event_id if isinstance(event_id, str) and len(event_id) <= 128 else f"#{turn}"
        log.error("%s: %s: %s。 / %s.", self._agency, shown, *UNSENDABLE[code])
        self._outbox.returned(turn, code)

    def _on_return(self, _channel, method, properties, _body):
        self._unroutable[properties.message_id] = str(method.reply_text)  # comes before its confirm

    def _on_confirm(self, frame):
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        settle = self._on_ack if isinstance(frame.method, pika.spec.Basic.Ack) else self._on_nack
        for each in list(takewhile(lambda t: t <= tag, self._under_way)) if multiple else [tag]:
            settle(self._under_way.pop(each)[0])
        self._go_on()

    def _on_ack(self, row):
        turn, event_id, *_ = row
        self._suspects.confirmed(turn)
        why = self._unroutable.pop(event_id, None)
        if why is not None:
            log.error("%s: no queue takes event %s (%s); it and the later ones of its dispute wait for `outbox --resend`", self._agency, event_id, why)
            self._outbox.returned(turn, why)
            return
        self._confirmed.append(turn)
        self._window = min(self._window + 1, WINDOW)
        if not self._resting:
            self._rest = FIRST_REST
            if self.link.problem == "full":
                self.link.problem = None
        if len(self._confirmed) >= MARK_AT:
            self._mark()
        elif not self._marking:
            self._marking = True
            self.link.later(MARK_AFTER, self._mark)

    def _on_nack(self, row):
        self._queue.appendleft(row)
        if not self._resting:
            log.warning("%s: the hub's queue is full; sending again in about %.1f s", self._agency, self._rest)
            self.link.problem, self._resting = "full", True
            self._window = max(self._window // 2, NARROWEST)
            self.link.later(self._rest * random.uniform(0.5, 1.0), self._rested)
            self._rest = min(self._rest * 2, LONGEST_REST)

    def _rested(self):
        self._resting = False
        self._go_on()

    def _mark(self):
        self._marking = False
        if self._confirmed:
            self._outbox.published(self._confirmed)
            self._confirmed = []
