"""Simulated agencies of the benchmarks, all in one thread: they publish events, at full speed or at a given rate, and record when receipts arrive."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson
import pika
from pika.adapters.select_connection import IOLoop

from bench.workload import AgencyEvent
from contracts import AGENCIES
from contracts.channels import AGENCIES_EXCHANGE, inbox_of

CONFIRM_WINDOW = 1000  # largest number of unconfirmed messages of one connection
FIRST_RECEIPT_TYPE = "receipt.accepted"
OUTCOME_RECEIPT_TYPES = ("receipt.applied", "receipt.rejected", "receipt.refused")


@dataclass(slots=True)
class Message:
    """A message to publish, with exchange, routing key, body and properties."""

    exchange: str
    routing_key: str
    body: bytes
    id: str = ""
    content_type: str = "application/json"
    headers: dict | None = None
    user_id: str | None = None


def message_of_event(event: AgencyEvent) -> Message:
    """Return the message that the agency client library (kit) sends for this event: CloudEvents binary mode, with `ce-` headers."""
    outgoing = event.outgoing
    return Message(AGENCIES_EXCHANGE, event.routing_key, outgoing.body, outgoing.id, headers=json.loads(outgoing.headers), user_id=event.agency)


class IoLoop:
    """pika's I/O loop, which serves all broker connections of this thread."""

    def __init__(self):
        self.io = IOLoop()
        self.io.activate_poller()

    def run_once(self, timeout: float = 0.02) -> None:
        """Wait up to `timeout` seconds for I/O, and handle all I/O that is ready."""
        end = self.io.call_later(timeout, lambda: None)
        self.io.poll()
        self.io.process_timeouts()
        self.io.remove_timeout(end)

    def run_until(self, done: Callable[[], object], seconds: float, what: str, timeout: float = 0.02) -> None:
        """Run the loop until `done()` is true. Raises TimeoutError, with `what` in its text, after `seconds`."""
        give_up = time.monotonic() + seconds
        while not done():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            self.run_once(timeout)

    def run_for(self, seconds: float) -> None:
        """Run the loop for this time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.run_once(left)

    def close(self) -> None:
        self.io.deactivate_poller()
        self.io.close()


class BrokerConnection:
    """A connection of one broker user, which publishes messages with publisher confirms and consumes queues.

    At most `window` messages are unconfirmed at a time. `published_at`: dictionary in which the time of each publishing is stored by message id.
    """

    def __init__(self, loop: IoLoop, uri: str, published_at: dict[str, float] | None = None, window: int = CONFIRM_WINDOW):
        self.loop, self.published_at, self.window = loop, published_at, window
        self.queued_messages: deque[Message] = deque()
        self.channel = self.error = None
        self.last_tag = self.confirmed_count = self.nacked_count = 0
        self.confirmed_individually: set[int] = set()  # confirmed delivery tags above `confirmed_up_to`
        self.confirmed_up_to = 0  # highest delivery tag up to which all tags are confirmed
        self.is_ready = False
        parameters = pika.URLParameters(uri)
        parameters.heartbeat = 0  # heartbeats are off because the thread may not run the loop for some time
        self.connection = pika.SelectConnection(
            parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_error, on_close_callback=self._on_error, custom_ioloop=loop.io
        )
        loop.run_until(lambda: self.is_ready or self.error, 15, "connecting to the broker")
        if self.error:
            raise ConnectionError(str(self.error))

    @property
    def unconfirmed_count(self) -> int:
        return len(self.queued_messages) + self.last_tag - self.confirmed_count

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish as many messages as the window allows. The loop publishes the remaining messages when confirms arrive."""
        self.queued_messages.extend(messages)
        self._publish_queued()

    def consume(self, queues: Iterable[str], on_body: Callable[[bytes], None]) -> None:
        """Consume the queues: pass each message's body to `on_body`, and acknowledge all received messages every 20 ms."""
        tags = [0, 0]  # [last received delivery tag, last acknowledged delivery tag]

        def acknowledge_received():
            if tags[0] > tags[1]:
                self.channel.basic_ack(tags[0], multiple=True)
                tags[1] = tags[0]
            self.loop.io.call_later(0.02, acknowledge_received)

        def on_message(_, method, __, body):
            tags[0] = method.delivery_tag
            on_body(body)

        self.channel.basic_qos(prefetch_count=2000)
        for queue in queues:
            self.channel.basic_consume(queue, on_message)
        acknowledge_received()

    def close(self) -> None:
        if self.connection.is_open:
            self.connection.close()
            self.loop.run_until(lambda: self.connection.is_closed, 5, "closing the connection")

    def _publish_queued(self):
        publish, published_at = self.channel.basic_publish, self.published_at
        while self.queued_messages and self.last_tag - self.confirmed_count < self.window:
            m = self.queued_messages.popleft()
            self.last_tag += 1
            properties = pika.BasicProperties(content_type=m.content_type, delivery_mode=2, message_id=m.id, headers=m.headers, user_id=m.user_id)
            publish(m.exchange, m.routing_key, m.body, properties, mandatory=True)
            if published_at is not None:
                published_at[m.id] = time.monotonic()

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self._on_error)
        channel.add_on_return_callback(lambda *_: self._on_error(None, "a message was returned as unroutable"))
        channel.confirm_delivery(self._on_confirm, callback=lambda _: setattr(self, "is_ready", True))

    def _on_error(self, _, problem):
        self.error = self.error or problem

    def _on_confirm(self, frame):
        method = frame.method
        if not isinstance(method, pika.spec.Basic.Ack):
            self.nacked_count += 1
        if method.multiple:
            below = {tag for tag in self.confirmed_individually if tag <= method.delivery_tag}
            self.confirmed_individually -= below
            self.confirmed_count += method.delivery_tag - self.confirmed_up_to - len(below)
            self.confirmed_up_to = method.delivery_tag
        else:
            self.confirmed_count += 1
            if method.delivery_tag == self.confirmed_up_to + 1:
                self.confirmed_up_to = method.delivery_tag
            else:
                self.confirmed_individually.add(method.delivery_tag)
        self._publish_queued()


@dataclass
class SimulatedAgencies:
    """All simulated agencies, with one broker connection per agency for publishing and one connection that reads all inboxes. Times are monotonic seconds."""

    uris: dict[str, str]  # AMQP URI by agency
    admin_uri: str
    published_at: dict[str, float] = field(default_factory=dict)  # time of publishing by event id
    accepted_at: dict[str, float] = field(default_factory=dict)  # arrival time of the first receipt by event id
    outcome_received_at: dict[str, float] = field(default_factory=dict)  # arrival time of the outcome receipt by event id
    outcomes: dict[str, str] = field(default_factory=dict)  # type of the outcome receipt by event id
    awaited: set[str] = field(default_factory=set)  # ids of the expected events whose outcome receipts have not arrived
    disputes: dict = field(default_factory=dict)  # dispute by event id, until its outcome receipt arrives; the code is then copied from the receipt

    def __post_init__(self):
        self.loop = IoLoop()
        self.connections: dict[str, BrokerConnection] = {}
        self.inboxes = BrokerConnection(self.loop, self.admin_uri)
        self.inboxes.consume(map(inbox_of, AGENCIES), self._on_inbox_message)

    def connection_of(self, agency: str) -> BrokerConnection:
        if agency not in self.connections:
            self.connections[agency] = BrokerConnection(self.loop, self.uris[agency], self.published_at)
        return self.connections[agency]

    def publish(self, events: list[AgencyEvent], seconds: float = 120) -> None:
        """Publish the events as fast as the broker confirms them, and wait until all are confirmed. Raises TimeoutError after `seconds`."""
        self.start_publishing(events)
        self.loop.run_until(lambda: not any(connection.unconfirmed_count for connection in self.connections.values()), seconds, "publishing")

    def start_publishing(self, events: list[AgencyEvent]) -> None:
        """Publish the events, each on its agency's connection, without waiting for confirms.

        Events beyond a connection's window are published while the loop runs.
        """
        for event in events:
            self.disputes[event.outgoing.id] = event.dispute
            self.connection_of(event.agency).queued_messages.append(message_of_event(event))
        for connection in self.connections.values():
            connection.publish(())

    def publish_at_rate(self, events: list[AgencyEvent], rate: float) -> None:
        """Publish the events at a fixed rate (events per second)."""
        began = time.monotonic()
        for count, event in enumerate(events):
            while (wait := began + count / rate - time.monotonic()) > 0:
                self.loop.run_once(wait)
            self.start_publishing([event])
            if count % 20 == 0:
                self.loop.run_once(0)

    def expect_outcomes(self, events: list[AgencyEvent]) -> None:
        """From now on, `awaited` contains the events of this list whose outcome receipts have not arrived."""
        self.awaited = {event.outgoing.id for event in events} - self.outcome_received_at.keys()

    def await_outcomes(self, events: list[AgencyEvent], seconds: float = 180) -> None:
        """Wait until the outcome receipt of each event has arrived. Raises TimeoutError after `seconds`."""
        self.expect_outcomes(events)
        self.loop.run_until(lambda: not self.awaited, seconds, "waiting for the outcome of every event")

    def outcome_delays(self, events: Iterable[AgencyEvent]) -> list[float]:
        """Return the delay of each event: seconds from publishing to the arrival of its outcome receipt."""
        return [self.outcome_received_at[event.outgoing.id] - self.published_at[event.outgoing.id] for event in events]

    def acceptance_delays(self, events: Iterable[AgencyEvent]) -> list[float]:
        """Return the delay of each event: seconds from publishing to the arrival of its first receipt."""
        return [self.accepted_at[event.outgoing.id] - self.published_at[event.outgoing.id] for event in events]

    def close(self) -> None:
        for connection in (*self.connections.values(), self.inboxes):
            connection.close()
        self.loop.close()

    def _on_inbox_message(self, body):
        content = orjson.loads(body)
        for receipt in content if isinstance(content, list) else [content]:
            self._record_receipt(receipt)

    def _record_receipt(self, receipt):
        if receipt["type"] == FIRST_RECEIPT_TYPE:
            self.accepted_at[receipt["data"]["event"]["id"]] = time.monotonic()
        if receipt["type"] not in OUTCOME_RECEIPT_TYPES:
            return
        event_id = receipt["data"]["event"]["id"]
        self.outcome_received_at[event_id] = time.monotonic()
        self.awaited.discard(event_id)
        self.outcomes[event_id] = receipt["type"]
        dispute = self.disputes.pop(event_id, None)
        if dispute is not None and dispute.code is None:
            dispute.code = receipt["data"].get("dispute")


def percentiles_ms(delays: list[float]) -> dict[str, float]:
    """Return the 50th and 99th percentile and the maximum of delays in seconds, in milliseconds."""
    return {name: round(1000 * value, 1) for name, value in (("p50", percentile(delays, 0.5)), ("p99", percentile(delays, 0.99)), ("max", max(delays)))}


def percentile(values: list[float], fraction: float) -> float:
    """Return the value below which this fraction of the values lies, for example the 99th percentile for 0.99. It is always one of the values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]
