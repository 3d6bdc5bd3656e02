"""Main class of the client library: an agency's system uses it to report events and to read receipts and notices."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from . import envelope
from .broker_connection import PROBLEM_TEXTS
from .errors import NotConfigured, NotValid
from .events import IncomingEvent, make_outgoing_event
from .heartbeat import DEFAULT_SECONDS, EVENT_TYPE, Heartbeat
from .inbox import InboxReader
from .outbox import Outbox, StoredMessage
from .publisher import Publisher
from .schemas import validate_event_data

log = logging.getLogger("fengqiao_agency")


class Agency:
    """Connection of one agency to the hub: an outbox on disk, a publisher and a reader of receipts and notices.

        with Agency("police", "amqps://…", "outbox.db") as agency:
            agency.on_notice(print)
            agency.report("dispute.reported", "110-2026-0042", {...})
            agency.settle(timeout=60)

    `report` also works while the hub, the broker or the network is unavailable: the event is stored on disk and sent later.

    Every `heartbeat` seconds, while all stored events are answered, the agency tells the hub that it has reported everything up to now (agency.alive);
    otherwise the hub waits longer before it announces that a deadline of this agency has passed. With None, only `alive` says so: for a system that
    reports later than things happen, for example once a day.
    """

    def __init__(self, code: str, amqp_uri: str, outbox_path: str, heartbeat: float | None = DEFAULT_SECONDS):
        if not envelope.TYPE_PATTERN.fullmatch(code):  # the agency's code is the first part of every AMQP routing key
            raise NotConfigured("FENGQIAO_AGENCY", "机构代码，如 police", "the agency's code, such as police")
        self.code = code
        self.outbox = Outbox(outbox_path)
        self._heartbeat = Heartbeat(heartbeat)
        self._publisher = Publisher(code, amqp_uri, self.outbox, self._heartbeat)
        self._inbox = InboxReader(code, amqp_uri, self.outbox, self._on_messages_stored)
        self._on_receipt: list[Callable[[IncomingEvent], None]] = []
        self._on_notice: list[Callable[[IncomingEvent], None]] = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.outbox.close()

    def start(self):
        self._publisher.start()
        self._inbox.start()

    def stop(self):
        self._publisher.stop()
        self._inbox.stop()

    def report(self, type: str, subject: str, data: dict, time: datetime | None = None, id: str | None = None) -> str:
        """Store one event in the outbox and return its id.

        `subject` is the dispute's code, or the agency's own report number as long as the hub has not sent the code. `time` is when the event happened,
        with a time zone; the default is the current time. If the caller gives an `id`, a second call with the same arguments has no effect.
        Raises NotValid or TooLarge for an event that the hub would refuse, and IdAlreadyUsed; after an error, nothing is stored.
        """
        return self.report_many([(type, subject, data, time, id)])[0]

    def report_many(self, reports: Iterable[tuple]) -> list[str]:
        """Store several events in one transaction and return their ids. Each item is a tuple of arguments of `report`. If one is invalid, none is stored."""
        events = []
        for type, subject, data, *rest in reports:
            time, id = [*rest, None, None][:2]
            if type == EVENT_TYPE:
                raise NotValid(type, "type", "须通过 alive 上报", "is not reported with `report`; call `alive`")
            event = make_outgoing_event(self.code, type, subject, data, time, id)
            validate_event_data(type, data)
            self._check_not_in_future(type, time)
            events.append(event)
        self.outbox.add_events(events)
        self._publisher.wake()
        return [event.id for event in events]

    def alive(self, up_to: datetime | None = None) -> str:
        """State that everything that happened up to this time (default: now) is reported, for example at the end of an import. Return the event's id.

        The statement is sent when every stored event is answered. It is kept in memory only; a later statement replaces it. Raises NotValid for a time in
        the future. `confirmed_up_to` returns the time that the hub has confirmed.
        """
        envelope.check_event_time(EVENT_TYPE, up_to or datetime.now(UTC))
        self._check_not_in_future(EVENT_TYPE, up_to)
        statement = self._heartbeat.state(up_to or datetime.now(UTC))
        return statement.event_id

    def confirmed_up_to(self) -> datetime | None:
        """Return the newest time up to which the hub knows, by agency.alive, that everything is reported; None if there is none."""
        return self.outbox.confirmed_up_to()

    def resend(self) -> int:
        """Publish all events without a receipt again, also those in state `returned` (undeliverable). Return their number.

        The hub answers a repeated event with the same receipt.
        """
        rows = self.outbox.resend()
        self._publisher.wake()
        return rows

    def code_of(self, report_no: str) -> str | None:
        """Return the current code of the dispute that this agency reported under the report number, or None if the hub has not sent a code yet."""
        return self.outbox.code_of(report_no)

    def discard(self, event_id: str) -> bool:
        """Discard an event in state `returned` (undeliverable), so that the later events of its dispute are sent. Return False if there is no such event."""
        is_discarded = self.outbox.discard(event_id)
        self._publisher.wake()
        return is_discarded

    def settle(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until every event is answered. Return whether all events are.

        Return False also if an event is in state `returned`: it and the later events of its dispute then wait for a person.
        """
        self.outbox.wait_until(lambda: not self.outbox.has_pending_events(), timeout)
        return not (self.outbox.has_pending_events() or self.outbox.has_event_in_state("returned"))

    def on_receipt(self, callback: Callable[[IncomingEvent], None]):
        """Register a callback for new receipts, called in the inbox's thread after a receipt is stored. After a crash, continue with `receipts(after)`."""
        self._on_receipt.append(callback)

    def on_notice(self, callback: Callable[[IncomingEvent], None]):
        """Register a callback for new notices, called in the inbox's thread after a notice is stored. After a crash, continue with `notices(after)`."""
        self._on_notice.append(callback)

    def notices(self, after: int = 0, wait: float | None = None) -> Iterator[StoredMessage]:
        """Yield the stored notices after the cursor `after`. With `wait`, also yield new notices until none arrives for that many seconds."""
        return self._read_messages(self.outbox.notices, after, wait)

    def receipts(self, after: int = 0, wait: float | None = None) -> Iterator[StoredMessage]:
        """Yield the stored receipts after the cursor `after`. With `wait`, also yield new receipts until none arrives for that many seconds."""
        return self._read_messages(self.outbox.receipts, after, wait)

    def problems(self) -> list[tuple[str, str]]:
        """Return the current problems of sending and receiving as (Chinese, English) sentences. The list is empty if there is no problem."""
        names = {self._publisher.connection.problem, self._inbox.connection.problem, "returned" if self.outbox.has_event_in_state("returned") else None} - {
            None
        }
        return [PROBLEM_TEXTS[problem] for problem in sorted(names)]

    def _check_not_in_future(self, event_type, time):
        """Raise NotValid for an event time in the future. Not checked if this machine's clock is behind the newest time in the outbox, so was set back."""
        now = datetime.now(UTC)
        if time is not None and now >= self.outbox.latest_recorded_time():
            envelope.check_not_in_future(event_type, time, now)

    def _read_messages(self, read, after, wait):
        while True:
            page = read(after)
            yield from page
            after = page[-1].cursor if page else after
            if not page and (wait is None or not self.outbox.wait_until(lambda after=after: bool(read(after, 1)), wait)):
                return

    def _on_messages_stored(self, events):
        self._publisher.wake()  # a receipt allows the next event of the same dispute to be published
        for event in events:
            self._run_callbacks(event)

    def _run_callbacks(self, event):
        for callback in self._on_receipt if event.type.startswith("receipt.") else self._on_notice:
            try:
                callback(event)
            except Exception as error:  # noqa: BLE001 - an error in the caller's callback must not stop the delivery of later messages
                log.error("A callback failed on %s %s: %s", event.type, event.id, type(error).__name__)
