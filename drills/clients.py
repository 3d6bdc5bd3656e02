"""Clients through which the drill's producers send events: plain pika, the agency client library (kit), and intake's HTTP API.

After a client has returned from `send`, the event is acknowledged, and the system must not lose it.
"""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pika
import requests
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from contracts.channels import AGENCIES_EXCHANGE, agency_routing_key, inbox_of
from fengqiao_agency import Agency

STRUCTURED_CONTENT_TYPE = "application/cloudevents+json"
TIMEOUT_SECONDS = 10.0


class NotAcknowledged(Exception):
    """Raised if no acknowledgement of an event arrived. The system may or may not have the event, so the producer must send it again."""


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
        self._connections: dict[str, tuple] = {}  # agency → (connection, channel)

    def send(self, event: SentEvent) -> None:
        try:
            channel = self._channel_of_agency(event.agency)
            properties = pika.BasicProperties(content_type=STRUCTURED_CONTENT_TYPE, delivery_mode=2, message_id=event.id, user_id=event.agency)
            channel.basic_publish(AGENCIES_EXCHANGE, agency_routing_key(event.agency, event.type), event.body, properties)
        except (pika.exceptions.AMQPError, OSError) as problem:
            self._disconnect(event.agency)
            raise NotAcknowledged(type(problem).__name__) from problem

    def process_heartbeats(self) -> None:
        for agency, (connection, _) in list(self._connections.items()):
            try:
                connection.process_data_events(0)
            except (pika.exceptions.AMQPError, OSError):
                self._disconnect(agency)

    def close(self) -> None:
        for agency in list(self._connections):
            self._disconnect(agency)

    def _channel_of_agency(self, agency):
        if agency not in self._connections:
            connection = _open_connection(self._amqp[agency])
            channel = connection.channel()
            channel.confirm_delivery()
            self._connections[agency] = connection, channel
        return self._connections[agency][1]

    def _disconnect(self, agency):
        connection, _ = self._connections.pop(agency, (None, None))
        with contextlib.suppress(Exception):
            connection.close()


class HttpClient:
    """Client of intake's HTTP API. Status 202 (accepted) or 422 (refused) is the acknowledgement. Each thread needs its own client."""

    acknowledged_by = "202"

    def __init__(self, url: str, tokens: dict[str, str]):
        self._url, self._tokens, self._session = url, tokens, requests.Session()

    def send(self, event: SentEvent) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[event.agency]}", "Content-Type": STRUCTURED_CONTENT_TYPE}
        try:
            response = self._session.post(f"{self._url}/events", event.body, headers=headers, timeout=(3, TIMEOUT_SECONDS))
        except requests.RequestException as problem:
            raise NotAcknowledged(type(problem).__name__) from problem
        if response.status_code not in (202, 422):
            raise NotAcknowledged(str(response.status_code))

    def fetch_receipts(self, agency: str, after: int) -> tuple[int, list[dict]]:
        """Return the last position and the receipts after position `after`. Wait up to 2 seconds if there is none.

        Raises NotAcknowledged if the request fails.
        """
        try:
            response = self._session.get(
                f"{self._url}/receipts?after={after}&wait=2", headers={"Authorization": f"Bearer {self._tokens[agency]}"}, timeout=(3, TIMEOUT_SECONDS)
            )
            response.raise_for_status()
            return int(response.headers["Fengqiao-Position"]), response.json()
        except requests.RequestException as problem:
            raise NotAcknowledged(type(problem).__name__) from problem

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

    def send(self, event: SentEvent) -> None:
        """Report the event and wait for the broker's confirm. Raises NotAcknowledged after TIMEOUT_SECONDS; the event then stays in the kit's outbox."""
        from datetime import datetime

        agency = self.agencies[event.agency]
        agency.report(event.type, event.subject, event.data, time=datetime.fromisoformat(event.time), id=event.id)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (state := agency.outbox.find_event(event.id).state) in ("held", "waiting", "returned"):
            if time.monotonic() > deadline:
                if state == "returned":
                    agency.resend()
                raise NotAcknowledged(state)
            time.sleep(0.02)

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
        except NotAcknowledged:
            time.sleep(0.3)
            continue
        if receipts:
            on_received(agency, receipts)


def _open_connection(uri):
    parameters = pika.URLParameters(uri)
    parameters.heartbeat = 10
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = TIMEOUT_SECONDS
    try:
        return pika.BlockingConnection(parameters)
    except (ValueError, AMQPConnectorException) as problem:  # pika raises these two errors if the server disappears or hangs while the connection opens
        raise pika.exceptions.AMQPConnectionError(str(problem)) from problem
