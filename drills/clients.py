"""How the drill's producers speak and hear: plain pika, the agencies' kit, the HTTP door. What is acknowledged here is the system's responsibility."""

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

STRUCTURED = "application/cloudevents+json"
ANSWER_SECONDS = 10.0


class Unsure(Exception):
    """Nobody knows whether it arrived. The same event is sent again."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One event of one agency, with the very bytes of it, however often and by whichever door it is sent."""

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


class Pika:
    """A publisher confirm of our queue is the acknowledgement. One per thread."""

    acknowledged_by = "confirm"

    def __init__(self, amqp: dict[str, str]):
        self._amqp = amqp
        self._lines: dict[str, tuple] = {}

    def say(self, event: Spoken) -> None:
        try:
            channel = self._channel(event.agency)
            properties = pika.BasicProperties(content_type=STRUCTURED, delivery_mode=2, message_id=event.id, user_id=event.agency)
            channel.basic_publish(AGENCIES_EXCHANGE, agency_routing_key(event.agency, event.type), event.body, properties)
        except (pika.exceptions.AMQPError, OSError) as problem:
            self._drop(event.agency)
            raise Unsure(type(problem).__name__) from problem

    def breathe(self) -> None:
        """Lets heartbeats pass."""
        for agency, (connection, _) in list(self._lines.items()):
            try:
                connection.process_data_events(0)
            except (pika.exceptions.AMQPError, OSError):
                self._drop(agency)

    def close(self) -> None:
        for agency in list(self._lines):
            self._drop(agency)

    def _channel(self, agency):
        if agency not in self._lines:
            connection = _connect(self._amqp[agency])
            channel = connection.channel()
            channel.confirm_delivery()
            self._lines[agency] = connection, channel
        return self._lines[agency][1]

    def _drop(self, agency):
        connection, _ = self._lines.pop(agency, (None, None))
        with contextlib.suppress(Exception):
            connection.close()


class Door:
    """202 is the acknowledgement; a refusal is an answer as well. One per thread."""

    acknowledged_by = "202"

    def __init__(self, url: str, tokens: dict[str, str]):
        self._url, self._tokens, self._session = url, tokens, requests.Session()

    def say(self, event: Spoken) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[event.agency]}", "Content-Type": STRUCTURED}
        try:
            answer = self._session.post(f"{self._url}/events", event.body, headers=headers, timeout=(3, ANSWER_SECONDS))
        except requests.RequestException as problem:
            raise Unsure(type(problem).__name__) from problem
        if answer.status_code not in (202, 422):
            raise Unsure(str(answer.status_code))

    def receipts(self, agency: str, after: int) -> tuple[int, list[dict]]:
        """The position reached, and the receipts behind `after`. Raises Unsure."""
        try:
            answer = self._session.get(
                f"{self._url}/receipts?after={after}&wait=2", headers={"Authorization": f"Bearer {self._tokens[agency]}"}, timeout=(3, ANSWER_SECONDS)
            )
            answer.raise_for_status()
            return int(answer.headers["Fengqiao-Position"]), answer.json()
        except requests.RequestException as problem:
            raise Unsure(type(problem).__name__) from problem

    def breathe(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        self._session.close()


class Kit:
    """The agencies' own outbox does the sending again; the broker's confirm is the acknowledgement. Shared by all threads."""

    acknowledged_by = "kit"

    def __init__(self, amqp: dict[str, str], folder: Path, heard: Callable[[str, list[dict]], None]):
        self.agencies = {code: Agency(code, uri, str(folder / f"{code}.outbox")) for code, uri in amqp.items()}
        for code, agency in self.agencies.items():
            agency.on_receipt(lambda event, code=code: heard(code, [{"id": event.id, "type": event.type, "data": event.data}]))
            agency.on_notice(lambda event, code=code: heard(code, [{"id": event.id, "type": event.type, "data": event.data}]))
            agency.start()

    def say(self, event: Spoken) -> None:
        """Waits for the confirm, for as long as a plain publisher would; the event stays in the outbox whatever happens."""
        from datetime import datetime

        agency = self.agencies[event.agency]
        agency.report(event.type, event.subject, event.data, time=datetime.fromisoformat(event.time), id=event.id)
        give_up = time.monotonic() + ANSWER_SECONDS
        while (state := agency.outbox.find(event.id).state) in ("held", "waiting", "returned"):
            if time.monotonic() > give_up:
                if state == "returned":
                    agency.resend()
                raise Unsure(state)
            time.sleep(0.02)

    def breathe(self) -> None:
        """The kit does."""

    def close(self) -> None:
        for agency in self.agencies.values():
            agency.stop()
            agency.outbox.close()


def hear_inbox(agency: str, uri: str, heard: Callable[[str, list[dict]], None], is_over: Callable[[], bool]) -> None:
    """Takes an agency's receipts and notices from its queue until it is over; acknowledges what `heard` has put on disk."""
    while not is_over():
        try:
            connection = _connect(uri)
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            batch = []
            for method, _, body in channel.consume(inbox_of(agency), inactivity_timeout=0.1):
                if method is not None:
                    batch.append((method.delivery_tag, json.loads(body)))
                if batch and (method is None or len(batch) >= 50):
                    heard(agency, [event for _, event in batch])
                    channel.basic_ack(batch[-1][0], multiple=True)
                    batch = []
                if method is None and is_over():
                    break
            connection.close()
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.3)  # what was not acknowledged comes again


def hear_at_the_door(agency: str, door: Door, heard: Callable[[str, list[dict]], None], is_over: Callable[[], bool]) -> None:
    """Fetches an agency's receipts over HTTP, page by page."""
    position = 0
    while not is_over():
        try:
            position, receipts = door.receipts(agency, position)
        except Unsure:
            time.sleep(0.3)
            continue
        if receipts:
            heard(agency, receipts)


def _connect(uri):
    parameters = pika.URLParameters(uri)
    parameters.heartbeat = 10
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = ANSWER_SECONDS
    try:
        return pika.BlockingConnection(parameters)
    except (ValueError, AMQPConnectorException) as problem:  # pika's, when the other end is gone or silent just as the connection opens
        raise pika.exceptions.AMQPConnectionError(str(problem)) from problem
