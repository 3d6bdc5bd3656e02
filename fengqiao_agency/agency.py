"""The class with which an agency's system reports events and reads receipts and notices."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from . import envelope
from .broker_connection import PROBLEMS
from .errors import NotConfigured
from .events import IncomingEvent, make_outgoing_event
from .inbox import InboxReader
from .outbox import Outbox, StoredMessage
from .publisher import Publisher
from .schemas import validate

log = logging.getLogger("fengqiao_agency")


class Agency:
    """One agency's connection to the hub.

        with Agency("police", "amqps://…", "outbox.db") as agency:
            agency.on_notice(print)
            agency.report("dispute.reported", "110-2026-0042", {...})
            agency.settle(timeout=60)

    `report` also works while the hub, the broker or the network is unavailable: the event is stored on disk and sent as soon as they are available.
    """

    def __init__(self, code: str, amqp_uri: str, outbox_path: str):
        if not envelope.TYPE.fullmatch(code):  # the code is the first part of every routing key
            raise NotConfigured("FENGQIAO_AGENCY", "机构代码，如 police", "the agency's code, such as police")
        self.code = code
        self.outbox = Outbox(outbox_path)
        self._publisher = Publisher(code, amqp_uri, self.outbox)
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

        `subject` is the dispute's code, or the agency's own report_no until the code is known. `time` (with a time zone; default now) is when the event
        happened. With an `id` given by the caller, a repeated call has no effect. Raises NotValid, TooLarge or IdAlreadyUsed, and then stores nothing:
        the envelope is checked by the limits that the hub applies.
        """
        return self.report_many([(type, subject, data, time, id)])[0]

    def report_many(self, reports: Iterable[tuple]) -> list[str]:
        """Store several events in one transaction and return their ids. Each is a tuple of the arguments of `report`. If one is invalid, none is stored."""
        events = []
        for type, subject, data, *rest in reports:
            time, id = [*rest, None, None][:2]
            event = make_outgoing_event(self.code, type, subject, data, time, id)
            validate(type, data)
            self._check_not_in_future(type, time)
            events.append(event)
        self.outbox.add(events)
        self._publisher.wake()
        return [event.id for event in events]

    def resend(self) -> int:
        """Publish again all events without a receipt, including the returned ones, and return their number. The hub answers a repeat with the same receipt."""
        rows = self.outbox.resend()
        self._publisher.wake()
        return rows

    def code_of(self, report_no: str) -> str | None:
        """Return the code of the dispute that this agency reported under the number; the current code, if it has changed. None until the hub has sent it."""
        return self.outbox.code_of(report_no)

    def discard(self, event_id: str) -> bool:
        """Give up an event in state `returned`, so that the later events of its dispute are sent. Return False if there is no such event."""
        is_discarded = self.outbox.discard(event_id)
        self._publisher.wake()
        return is_discarded

    def settle(self, timeout: float) -> bool:
        """Wait until every event has its outcome, at most `timeout` seconds.

        Return False if time ran out, or if an event is `returned` (later events of its dispute then wait, too).
        """
        self.outbox.wait_until(lambda: not self.outbox.has_pending(), timeout)
        return not (self.outbox.has_pending() or self.outbox.has_any("returned"))

    def on_receipt(self, callback: Callable[[IncomingEvent], None]):
        """Call `callback` for each new receipt, after it is stored, in the inbox's thread. To continue after a crash, use `receipts(after)`."""
        self._on_receipt.append(callback)

    def on_notice(self, callback: Callable[[IncomingEvent], None]):
        """Call `callback` for each new notice, after it is stored, in the inbox's thread. To continue after a crash, use `notices(after)`."""
        self._on_notice.append(callback)

    def notices(self, after: int = 0, wait: float | None = None) -> Iterator[StoredMessage]:
        """Yield the stored notices whose cursor is above `after`. With `wait`, continue with new ones until none arrives for that many seconds."""
        return self._read_messages(self.outbox.notices, after, wait)

    def receipts(self, after: int = 0, wait: float | None = None) -> Iterator[StoredMessage]:
        """Yield the stored receipts whose cursor is above `after`. With `wait`, continue with new ones until none arrives for that many seconds."""
        return self._read_messages(self.outbox.receipts, after, wait)

    def problems(self) -> list[tuple[str, str]]:
        """Return the current problems of sending and receiving as (Chinese, English) sentences; an empty list if there is none."""
        names = {self._publisher.connection.problem, self._inbox.connection.problem, "returned" if self.outbox.has_any("returned") else None} - {None}
        return [PROBLEMS[problem] for problem in sorted(names)]

    def _check_not_in_future(self, event_type, time):
        """Check the time only if the clock of this machine is not behind the newest time in the outbox: in that case it was set back."""
        now = datetime.now(UTC)
        if time is not None and now >= self.outbox.latest_recorded_time():
            envelope.check_future(event_type, time, now)

    def _read_messages(self, read, after, wait):
        while True:
            page = read(after)
            yield from page
            after = page[-1].cursor if page else after
            if not page and (wait is None or not self.outbox.wait_until(lambda after=after: bool(read(after, 1)), wait)):
                return

    def _on_messages_stored(self, events):
        self._publisher.wake()  # after a receipt, the next event of the dispute can be published
        for event in events:
            self._run_callbacks(event)

    def _run_callbacks(self, event):
        for callback in self._on_receipt if event.type.startswith("receipt.") else self._on_notice:
            try:
                callback(event)
            except Exception as error:  # noqa: BLE001 - an error in the callback of the caller must not stop the delivery of the next messages
                log.error("A callback failed on %s %s: %s", event.type, event.id, type(error).__name__)
