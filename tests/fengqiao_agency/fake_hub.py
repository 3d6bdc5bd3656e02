"""Fake hub: replaces the intake and mediation services in tests; consumes the events of agencies and answers with receipts."""

import threading

import pika
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent


class FakeHub:
    """Records the received events in their order and answers each with receipts.

    `refuse(event)` and `reject(event)` decide which receipt is sent. With `answer=False`, no receipt is sent; each receipt is sent `copies` times.
    """

    def __init__(self, uri, agencies, refuse=lambda e: False, reject=lambda e: False, answer=True, copies=1):
        self._uri, self._agencies = uri, agencies
        self._refuse, self._reject, self._answer, self._copies = refuse, reject, answer, copies
        self.received: list[tuple[str, str, str]] = []  # (agency, subject, event id) of each delivery, repeated ones included
        self.statements: list[str] = []  # times stated with agency.alive, in the order of the deliveries
        self.dispute_codes: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._stopping = threading.Event()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(10)

    def received_without_repeats(self):
        """Return (agency, subject, event id) of each received event once, in the order of the first deliveries."""
        return list(dict.fromkeys(self.received))

    def send(self, agency, event_type, data, event_id=None):
        with pika.BlockingConnection(pika.URLParameters(self._uri)) as connection:
            _publish(connection.channel(), agency, event_type, "", data, event_id)

    def _run(self):
        while not self._stopping.is_set():
            try:
                self._serve_connection()
            except pika.exceptions.AMQPError:
                self._stopping.wait(0.1)

    def _serve_connection(self):
        connection = pika.BlockingConnection(pika.URLParameters(self._uri))
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1000)
        for agency in self._agencies:
            channel.basic_consume(f"intake.agency-events.{agency}", lambda c, m, p, b, a=agency: self._on_message(c, m, p, b, a))
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=0.05)
        connection.close()

    def _on_message(self, channel, method, properties, body, agency):
        assert properties.user_id == agency
        event = from_rabbitmq_event(RabbitMQMessage(properties.headers, properties.content_type, body))
        assert properties.message_id == event.get_id() and event.get_source() == f"/agencies/{agency}"
        if event.get_type() == "agency.alive":
            self._on_statement(channel, agency, event)
            channel.basic_ack(method.delivery_tag)
            return
        self.received.append((agency, event.get_subject(), event.get_id()))
        if self._answer:
            for _ in range(self._copies):
                self._reply(channel, agency, event)
        channel.basic_ack(method.delivery_tag)

    def _on_statement(self, channel, agency, event):
        self.statements.append(event.get_data()["up_to"])
        answered_event, id = {"event": {"source": event.get_source(), "id": event.get_id()}}, f"alive/{event.get_id()}"
        if self._refuse(event):
            reason = {"code": "in_the_future", "zh": "晚于当前时间", "en": "in the future"}
            _publish(channel, agency, "receipt.refused", agency, answered_event | {"reason": reason}, id)
        elif self._answer:
            _publish(channel, agency, "receipt.accepted", agency, answered_event | {"up_to": event.get_data()["up_to"]}, id)

    def _reply(self, channel, agency, event):
        answered_event = {"event": {"source": event.get_source(), "id": event.get_id()}}
        key = f"{event.get_source()}/{event.get_id()}"
        if self._refuse(event):
            _publish(channel, agency, "receipt.refused", event.get_subject(), answered_event | {"reason": {"code": "no", "zh": "不行", "en": "no"}}, f"{key}/1")
            return
        subject = event.get_subject()
        code = (
            subject
            if subject.startswith("620702-")
            else self.dispute_codes.setdefault(f"{agency}/{subject}", f"620702-2026-{len(self.dispute_codes) + 1:06}-0")
        )
        _publish(channel, agency, "receipt.accepted", code, answered_event | {"dispute": code, "log": {"seq": 1, "sha256": "0" * 64}}, f"{key}/1")
        outcome, extra_data = (
            ("receipt.rejected", {"reason": {"code": "illegal_here", "zh": "此时不可", "en": "not now"}}) if self._reject(event) else ("receipt.applied", {})
        )
        _publish(channel, agency, outcome, code, answered_event | {"dispute": code, "state": "registered"} | extra_data, f"{key}/2")


def _publish(channel, agency, event_type, subject, data, event_id=None):
    attributes = {"source": "/services/intake", "type": event_type, "subject": subject or "-", "datacontenttype": "application/json"}
    message = to_structured_event(CloudEvent(attributes | ({"id": event_id} if event_id else {}), data))
    properties = pika.BasicProperties(content_type=message.content_type, delivery_mode=2)
    channel.basic_publish("inboxes", agency, message.body, properties)
