"""The agencies' side, all in one thread: publishes with windows of confirms, as fast as taken or at a rate, and notes when each outcome is in its inbox."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson
import pika
from pika.adapters.select_connection import IOLoop

from bench.workload import Letter
from contracts import AGENCIES
from contracts.channels import AGENCIES_EXCHANGE, inbox_of

WINDOW = 1000
OUTCOMES = ("receipt.applied", "receipt.rejected", "receipt.refused")


@dataclass(slots=True)
class Message:
    """What is published: where to, and the bytes."""

    exchange: str
    routing_key: str
    body: bytes
    id: str = ""
    content_type: str = "application/json"
    headers: dict | None = None
    user_id: str | None = None


def message_of(letter: Letter) -> Message:
    """As the agencies' kit sends it: binary mode, `ce-` headers."""
    event = letter.event
    return Message(AGENCIES_EXCHANGE, letter.routing_key, event.body, event.id, headers=json.loads(event.headers), user_id=letter.agency)


class Loop:
    """Turns every connection of this thread."""

    def __init__(self):
        self.io = IOLoop()
        self.io.activate_poller()

    def turn(self, timeout: float = 0.02) -> None:
        end = self.io.call_later(timeout, lambda: None)
        self.io.poll()
        self.io.process_timeouts()
        self.io.remove_timeout(end)

    def until(self, done: Callable[[], object], seconds: float, what: str, timeout: float = 0.02) -> None:
        give_up = time.monotonic() + seconds
        while not done():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            self.turn(timeout)

    def close(self) -> None:
        self.io.deactivate_poller()
        self.io.close()


class Line:
    """One connection of one user."""

    def __init__(self, loop: Loop, uri: str, sent: dict[str, float] | None = None, window: int = WINDOW):
        self.loop, self.sent, self.window = loop, sent, window
        self.queue: deque[Message] = deque()
        self.channel = self.problem = None
        self.tag = self.confirmed = self.nacked = 0
        self.single: set[int] = set()  # confirmed one by one, above the last that was confirmed with all before it
        self.floor = 0
        self.ready = False
        parameters = pika.URLParameters(uri)
        parameters.heartbeat = 0  # the thread may be busy elsewhere
        self.connection = pika.SelectConnection(
            parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_problem, on_close_callback=self._on_problem, custom_ioloop=loop.io
        )
        loop.until(lambda: self.ready or self.problem, 15, "connecting to the broker")
        if self.problem:
            raise ConnectionError(str(self.problem))

    @property
    def unconfirmed(self) -> int:
        return len(self.queue) + self.tag - self.confirmed

    def publish(self, messages: Iterable[Message]) -> None:
        """Sends what fits the window; the rest follows while the loop turns."""
        self.queue.extend(messages)
        self._pump()

    def consume(self, queues: Iterable[str], heard: Callable[[bytes], None]) -> None:
        """Takes from these queues and acknowledges many at once."""
        hands = [0, 0]  # the last tag, the last acknowledged

        def acknowledge():
            if hands[0] > hands[1]:
                self.channel.basic_ack(hands[0], multiple=True)
                hands[1] = hands[0]
            self.loop.io.call_later(0.02, acknowledge)

        def on_message(_, method, __, body):
            hands[0] = method.delivery_tag
            heard(body)

        self.channel.basic_qos(prefetch_count=2000)
        for queue in queues:
            self.channel.basic_consume(queue, on_message)
        acknowledge()

    def close(self) -> None:
        if self.connection.is_open:
            self.connection.close()
            self.loop.until(lambda: self.connection.is_closed, 5, "hanging up")

    def _pump(self):
        publish, sent = self.channel.basic_publish, self.sent
        while self.queue and self.tag - self.confirmed < self.window:
            m = self.queue.popleft()
            self.tag += 1
            properties = pika.BasicProperties(content_type=m.content_type, delivery_mode=2, message_id=m.id, headers=m.headers, user_id=m.user_id)
            publish(m.exchange, m.routing_key, m.body, properties, mandatory=True)
            if sent is not None:
                sent[m.id] = time.monotonic()

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self._on_problem)
        channel.add_on_return_callback(lambda *_: self._on_problem(None, "no queue took a message"))
        channel.confirm_delivery(self._on_confirm, callback=lambda _: setattr(self, "ready", True))

    def _on_problem(self, _, problem):
        self.problem = self.problem or problem

    def _on_confirm(self, frame):
        method = frame.method
        if not isinstance(method, pika.spec.Basic.Ack):
            self.nacked += 1
        if method.multiple:
            below = {tag for tag in self.single if tag <= method.delivery_tag}
            self.single -= below
            self.confirmed += method.delivery_tag - self.floor - len(below)
            self.floor = method.delivery_tag
        else:
            self.confirmed += 1
            if method.delivery_tag == self.floor + 1:
                self.floor = method.delivery_tag
            else:
                self.single.add(method.delivery_tag)
        self._pump()


@dataclass
class Agencies:
    """Every agency with a connection of its own, and one that reads all inboxes. Times are monotonic seconds, by event id."""

    addresses: dict[str, str]  # of the agencies
    admin: str
    sent: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    lives: dict = field(default_factory=dict)  # by event id: a report's life learns its code from the receipt

    def __post_init__(self):
        self.loop = Loop()
        self.lines: dict[str, Line] = {}
        self.inboxes = Line(self.loop, self.admin)
        self.inboxes.consume(map(inbox_of, AGENCIES), self._on_letter)

    def line(self, agency: str) -> Line:
        if agency not in self.lines:
            self.lines[agency] = Line(self.loop, self.addresses[agency], self.sent)
        return self.lines[agency]

    def publish(self, letters: list[Letter]) -> None:
        """As fast as the broker confirms; returns when all is confirmed."""
        self.offer(letters)
        self.loop.until(lambda: not any(line.unconfirmed for line in self.lines.values()), 120, "publishing")

    def offer(self, letters: list[Letter]) -> None:
        """Begins to publish, each agency on its own line; the rest follows while the loop turns."""
        for letter in letters:
            self.lives[letter.event.id] = letter.life
            self.line(letter.agency).queue.append(message_of(letter))
        for line in self.lines.values():
            line.publish(())

    def publish_at(self, letters: list[Letter], rate: float) -> None:
        """So many a second."""
        began = time.monotonic()
        for count, letter in enumerate(letters):
            while (wait := began + count / rate - time.monotonic()) > 0:
                self.loop.turn(wait)
            self.offer([letter])
            if count % 20 == 0:
                self.loop.turn(0)

    def await_outcomes(self, letters: list[Letter], seconds: float = 180) -> None:
        """Returns when each of these events has its outcome receipt."""
        ids = {letter.event.id for letter in letters}
        self.loop.until(lambda: ids <= self.answered.keys(), seconds, "outcomes of every event")

    def waits(self, letters: Iterable[Letter]) -> list[float]:
        """Seconds from publishing to the outcome receipt in the inbox."""
        return [self.answered[letter.event.id] - self.sent[letter.event.id] for letter in letters]

    def close(self) -> None:
        for line in (*self.lines.values(), self.inboxes):
            line.close()
        self.loop.close()

    def _on_letter(self, body):
        told = orjson.loads(body)
        if told["type"] not in OUTCOMES:
            return
        event = told["data"]["event"]["id"]
        self.answered[event] = time.monotonic()
        self.outcomes[event] = told["type"]
        life = self.lives.pop(event, None)
        if life is not None and life.code is None:
            life.code = told["data"].get("dispute")


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
