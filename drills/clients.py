"""Clients through which the drill's producers send events: plain pika, the agency client library (kit), and intake's HTTP API.

Each client has a method `send(events)`, which sends the events and returns those that were not acknowledged, {event id: reason}. The system may or may
not have such an event, so the producer must send it again. The other events are acknowledged, and the system must not lose them.
"""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pika
import requests
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from contracts.channels import AGENCIES_EXCHANGE, agency_routing_key, inbox_of
from fengqiao_agency import Agency

STRUCTURED_CONTENT_TYPE, BATCH_CONTENT_TYPE = "application/cloudevents+json", "application/cloudevents-batch+json"
TIMEOUT_SECONDS = 10.0
ERRORS_WHILE_OPENING = (ValueError, AMQPConnectorException)  # pika raises these two if the server disappears or hangs while the connection opens


class ReceiptsNotFetched(Exception):
    """Raised if receipts cannot be fetched over HTTP."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event that a producer sends for an agency. `body` is encoded only once, so that each repeat has identical bytes, over AMQP and over HTTP."""

    agency: str
    id: str
    type: str
    subject: str
    time: str
    data: dict
    body: bytes = field(init=False)

    def __post_init__(self):
        envelope = {"specversion": "1.0", "id": self.id, "source": f"/agencies/{self.agency}", "type": self.type, "subject": self.subject,
                    "time": self.time, "datacontenttype": "application/json", "data": self.data}  # fmt: skip
        object.__setattr__(self, "body", json.dumps(envelope, ensure_ascii=False).encode())


class PikaClient:
    """Client that publishes with pika. The broker's publisher confirm is the acknowledgement. Each thread needs its own client."""

    acknowledged_by = "confirm"

    def __init__(self, amqp: dict[str, str]):
        self._amqp = amqp
        self._connections: dict[str, ConfirmingConnection] = {}  # by agency

    def send(self, events: list[SentEvent]) -> dict[str, str]:
        problems = {}
        for agency, events_of_agency in _group_by_agency(events).items():
            try:
                if agency not in self._connections:
                    self._connections[agency] = ConfirmingConnection(self._amqp[agency])
                problems |= self._connections[agency].publish(events_of_agency)
            except (pika.exceptions.AMQPError, OSError) as problem:
                self._disconnect(agency)
                problems |= dict.fromkeys((event.id for event in events_of_agency), type(problem).__name__)
        return problems

    def process_heartbeats(self) -> None:
        for agency, connection in list(self._connections.items()):
            try:
                connection.poll(0)
            except (pika.exceptions.AMQPError, OSError):
                self._disconnect(agency)

    def close(self) -> None:
        for agency in list(self._connections):
            self._disconnect(agency)

    def _disconnect(self, agency):
        connection = self._connections.pop(agency, None)
        if connection is not None:
            connection.close()


class ConfirmingConnection:
    """A connection that publishes several messages before it waits for their confirms, which pika's blocking connection cannot do."""

    def __init__(self, uri: str):
        """Open the connection. Raises pika.exceptions.AMQPError."""
        self._error = None
        self._is_open = False
        self._last_tag = 0
        self._unconfirmed: dict[int, str] = {}  # delivery tag → event id
        self._refused: list[str] = []
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._connection = pika.SelectConnection(
            _connection_parameters(uri), on_open_callback=self._on_open, on_open_error_callback=self._on_failure, on_close_callback=self._on_failure,
            custom_ioloop=self._loop,
        )  # fmt: skip
        try:
            self._poll_until(lambda: self._is_open)
        except ERRORS_WHILE_OPENING as problem:
            self.close()
            raise pika.exceptions.AMQPConnectionError(str(problem)) from problem
        except BaseException:
            self.close()
            raise

    def publish(self, events: list[SentEvent]) -> dict[str, str]:
        """Publish the events and wait for their confirms. Return the events that the broker refused. Raises pika.exceptions.AMQPError."""
        self._refused = []
        for event in events:
            properties = pika.BasicProperties(content_type=STRUCTURED_CONTENT_TYPE, delivery_mode=2, message_id=event.id, user_id=event.agency)
            self._channel.basic_publish(AGENCIES_EXCHANGE, agency_routing_key(event.agency, event.type), event.body, properties)
            self._last_tag += 1
            self._unconfirmed[self._last_tag] = event.id
        self._poll_until(lambda: not self._unconfirmed)
        return dict.fromkeys(self._refused, "nack")

    def poll(self, seconds: float) -> None:
        """Process what arrives, for at most `seconds`. Raises pika.exceptions.AMQPError if the connection is lost."""
        timer = self._loop.call_later(seconds, _end_poll)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(timer)
        if self._error is not None:
            raise self._error if isinstance(self._error, pika.exceptions.AMQPError) else pika.exceptions.AMQPConnectionError(type(self._error).__name__)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            if self._connection.is_open:
                self._connection.close()
                self._error = None
                self._poll_until(lambda: self._connection.is_closed, seconds=1.0)
        self._loop.deactivate_poller()
        self._loop.close()

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel):
        self._channel = channel
        channel.add_on_close_callback(self._on_failure)
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirms_enabled)

    def _on_confirms_enabled(self, _):
        self._is_open = True

    def _on_failure(self, _, error):
        self._error = self._error or (error if isinstance(error, Exception) else pika.exceptions.AMQPConnectionError(str(error)))

    def _on_confirm(self, frame):
        tag = frame.method.delivery_tag
        for confirmed in [number for number in self._unconfirmed if number <= tag] if frame.method.multiple else [tag]:
            event_id = self._unconfirmed.pop(confirmed)
            if not isinstance(frame.method, pika.spec.Basic.Ack):
                self._refused.append(event_id)

    def _poll_until(self, is_done, seconds=TIMEOUT_SECONDS):
        until = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > until:
                raise pika.exceptions.AMQPConnectionError("no answer from the broker in time")
            self.poll(0.1)


def _end_poll():
    """Callback that ends a poll. It does nothing, because the poll returns after any callback."""


class HttpClient:
    """Client of intake's HTTP API. Status 202 (accepted), 422 (refused) or 207 (some of each) is the acknowledgement. Each thread needs its own client."""

    acknowledged_by = "202"

    def __init__(self, url: str, tokens: dict[str, str]):
        self._url, self._tokens, self._session = url, tokens, requests.Session()

    def send(self, events: list[SentEvent]) -> dict[str, str]:
        """Send the events, several events of an agency as one batch."""
        problems = {}
        for agency, events_of_agency in _group_by_agency(events).items():
            problem = self._post(agency, [event.body for event in events_of_agency])
            if problem is not None:
                problems |= dict.fromkeys((event.id for event in events_of_agency), problem)
        return problems

    def _post(self, agency, bodies):
        """Send one request. Return None if its events are acknowledged, else the reason why not."""
        body, content_type = (bodies[0], STRUCTURED_CONTENT_TYPE) if len(bodies) == 1 else (b"[" + b",".join(bodies) + b"]", BATCH_CONTENT_TYPE)
        headers = {"Authorization": f"Bearer {self._tokens[agency]}", "Content-Type": content_type}
        try:
            response = self._session.post(f"{self._url}/events", body, headers=headers, timeout=(3, TIMEOUT_SECONDS))
        except requests.RequestException as problem:
            return type(problem).__name__
        return None if response.status_code in (202, 207, 422) else str(response.status_code)

    def fetch_receipts(self, agency: str, after: int) -> tuple[int, list[dict]]:
        """Return the last position and the receipts after position `after`. Wait up to 2 seconds if there is none.

        Raises ReceiptsNotFetched if the request fails.
        """
        try:
            response = self._session.get(
                f"{self._url}/receipts?after={after}&wait=2", headers={"Authorization": f"Bearer {self._tokens[agency]}"}, timeout=(3, TIMEOUT_SECONDS)
            )
            response.raise_for_status()
            return response.headers["Fengqiao-Position"], response.json()
        except requests.RequestException as problem:
            raise ReceiptsNotFetched(type(problem).__name__) from problem

    def process_heartbeats(self) -> None:
        """Do nothing: HTTP has no heartbeats."""

    def close(self) -> None:
        self._session.close()


class KitClient:
    """Client that sends with the agency kit, whose outbox retries until the broker confirms. The confirm is the acknowledgement. Threads share one client."""

    acknowledged_by = "kit"

    def __init__(self, amqp: dict[str, str], folder: Path, on_received: Callable[[str, list[dict]], None]):
        self.agencies = {code: Agency(code, uri, str(folder / f"{code}.outbox")) for code, uri in amqp.items()}
        for code, agency in self.agencies.items():
            agency.on_receipt(lambda event, code=code: on_received(code, [{"id": event.id, "type": event.type, "data": event.data}]))
            agency.on_notice(lambda event, code=code: on_received(code, [{"id": event.id, "type": event.type, "data": event.data}]))
            agency.start()

    def send(self, events: list[SentEvent]) -> dict[str, str]:
        """Report the events and wait for the broker's confirms. After TIMEOUT_SECONDS the other events stay in the kit's outbox."""
        for agency, events_of_agency in _group_by_agency(events).items():
            reports = [(event.type, event.subject, event.data, datetime.fromisoformat(event.time), event.id) for event in events_of_agency]
            self.agencies[agency].report_many(reports)
        unsent = {event.id: event.agency for event in events}
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            states = {event: self.agencies[agency].outbox.find_event(event).state for event, agency in unsent.items()}
            unsent = {event: agency for event, agency in unsent.items() if states[event] in ("held", "waiting", "returned")}
            if not unsent or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        for agency in {agency for event, agency in unsent.items() if states[event] == "returned"}:
            self.agencies[agency].resend()
        return {event: states[event] for event in unsent}

    def process_heartbeats(self) -> None:
        """Do nothing: the kit processes heartbeats in its own thread."""

    def close(self) -> None:
        for agency in self.agencies.values():
            agency.stop()
            agency.outbox.close()


def consume_inbox(agency: str, uri: str, on_received: Callable[[str, list[dict]], None], is_over: Callable[[], bool]) -> None:
    """Consume an agency's inbox queue until `is_over()`. Pass receipts and notices to `on_received`, and acknowledge them after it has returned."""
    while not is_over():
        try:
            connection = _open_connection(uri)
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            batch = []
            for method, _, body in channel.consume(inbox_of(agency), inactivity_timeout=0.1):
                if method is not None:
                    content = json.loads(body)
                    batch += content if isinstance(content, list) else [content]
                    last_tag = method.delivery_tag
                if batch and (method is None or len(batch) >= 50):
                    on_received(agency, batch)
                    channel.basic_ack(last_tag, multiple=True)
                    batch = []
                if method is None and is_over():
                    break
            connection.close()
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.3)  # the broker redelivers unacknowledged messages to the next connection


def poll_receipts(agency: str, client: HttpClient, on_received: Callable[[str, list[dict]], None], is_over: Callable[[], bool]) -> None:
    """Fetch an agency's receipts over HTTP, page by page, and pass them to `on_received` until `is_over()`."""
    position = 0
    while not is_over():
        try:
            position, receipts = client.fetch_receipts(agency, position)
        except ReceiptsNotFetched:
            time.sleep(0.3)
            continue
        if receipts:
            on_received(agency, receipts)


def _group_by_agency(events):
    groups: dict[str, list[SentEvent]] = {}
    for event in events:
        groups.setdefault(event.agency, []).append(event)
    return groups


def _connection_parameters(uri):
    parameters = pika.URLParameters(uri)
    parameters.heartbeat = 10
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = TIMEOUT_SECONDS
    return parameters


def _open_connection(uri):
    try:
        return pika.BlockingConnection(_connection_parameters(uri))
    except ERRORS_WHILE_OPENING as problem:
        raise pika.exceptions.AMQPConnectionError(str(problem)) from problem
