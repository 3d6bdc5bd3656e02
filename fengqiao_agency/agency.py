"""What an agency's own system calls: report what happened, hear what became of it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from . import envelope
from .errors import NotConfigured
from .events import Incoming, outgoing
from .link import PROBLEMS
from .outbox import Outbox, Told
from .publisher import Publisher
from .receipts import Receipts
from .schemas import validate

log = logging.getLogger("fengqiao_agency")


class Agency:
    """One agency's link to the hub.

        with Agency("police", "amqps://…", "outbox.db") as agency:
            agency.on_notice(print)
            agency.report("dispute.reported", "110-2026-0042", {...})
            agency.settle(timeout=60)

    `report` works with the hub, the broker and the network away: what it took is on disk and goes out when they are back.
    """

    def __init__(self, code: str, amqp_uri: str, outbox_path: str):
        if not envelope.TYPE.fullmatch(code):  # it begins every routing key
            raise NotConfigured("FENGQIAO_AGENCY", "机构代码，如 police", "the agency's code, such as police")
        self.code = code
        self.outbox = Outbox(outbox_path)
        self._publisher = Publisher(code, amqp_uri, self.outbox)
        self._receipts = Receipts(code, amqp_uri, self.outbox, self._hear)
        self._on_receipt: list[Callable[[Incoming], None]] = []
        self._on_notice: list[Callable[[Incoming], None]] = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.outbox.close()

    def start(self):
        self._publisher.start()
        self._receipts.start()

    def stop(self):
        self._publisher.stop()
        self._receipts.stop()

    def report(self, type: str, subject: str, data: dict, time: datetime | None = None, id: str | None = None) -> str:
        """Returns the event's id once it is on disk.

        `subject` is the dispute's code, or the agency's own report_no before it knows the code; `time` (aware) is when it happened, not when it
        is told. Give an `id` of your own to make a repeated call harmless. Raises NotValid, TooLarge or AlreadySaidOtherwise, and then took nothing:
        what the hub's door would refuse in the envelope is refused here, by the same limits.
        """
        return self.report_many([(type, subject, data, time, id)])[0]

    def report_many(self, reports: Iterable[tuple]) -> list[str]:
        """Tuples as `report` takes them, all on disk with one write, or none."""
        events = []
        for type, subject, data, *rest in reports:
            time, id = [*rest, None, None][:2]
            event = outgoing(self.code, type, subject, data, time, id)
            validate(type, data)
            self._check_future(type, time)
            events.append(event)
        self.outbox.add(events)
        self._publisher.wake()
        return [event.id for event in events]

    def resend(self) -> int:
        """Publishes again what has no receipt yet, also what no queue took. Harmless: the hub answers a repeat with the same receipt."""
        rows = self.outbox.resend()
        self._publisher.wake()
        return rows

    def code_of(self, report_no: str) -> str | None:
        """The one code of the dispute that we reported under this number, once the hub has said it; the newer one, if it was joined to another."""
        return self.outbox.code_of(report_no)

    def discard(self, event_id: str) -> bool:
        """Gives up an event that waits for a person (`returned`), so that the later ones of its dispute go out. False if there is no such event."""
        found = self.outbox.discard(event_id)
        self._publisher.wake()
        return found

    def settle(self, timeout: float) -> bool:
        """Waits until every event has its outcome. False when time ran out or when some wait for a person: those `returned`, and those held behind them."""
        self.outbox.wait_until(lambda: not self.outbox.is_moving(), timeout)
        return not (self.outbox.is_moving() or self.outbox.has("returned"))

    def on_receipt(self, callback: Callable[[Incoming], None]):
        """Called in the inbox's thread for each new receipt, after it is on disk. After a crash read on with `receipts(after)` instead."""
        self._on_receipt.append(callback)

    def on_notice(self, callback: Callable[[Incoming], None]):
        """Called in the inbox's thread for each new notice, after it is on disk. After a crash read on with `notices(after)` instead."""
        self._on_notice.append(callback)

    def notices(self, after: int = 0, wait: float | None = None) -> Iterator[Told]:
        """Everything the hub told us beyond receipts, from disk. With `wait`, goes on until nothing new comes for that many seconds."""
        return self._from_disk(self.outbox.notices, after, wait)

    def receipts(self, after: int = 0, wait: float | None = None) -> Iterator[Told]:
        """Every receipt, from disk; as `notices`."""
        return self._from_disk(self.outbox.receipts, after, wait)

    def problems(self) -> list[tuple[str, str]]:
        """What hinders sending or hearing just now, as (Chinese, English); empty when all is well."""
        found = {self._publisher.link.problem, self._receipts.link.problem, "returned" if self.outbox.has("returned") else None} - {None}
        return [PROBLEMS[problem] for problem in sorted(found)]

    def _check_future(self, event_type, time):
        """Only by a clock that can be trusted: one that is behind what the outbox has seen was set back."""
        now = datetime.now(UTC)
        if time is not None and now >= self.outbox.latest_time():
            envelope.check_future(event_type, time, now)

    def _from_disk(self, read, after, wait):
        while True:
            page = read(after)
            yield from page
            after = page[-1].cursor if page else after
            if not page and (wait is None or not self.outbox.wait_until(lambda after=after: bool(read(after, 1)), wait)):
                return

    def _hear(self, events):
        self._publisher.wake()  # a receipt lets the next event of its dispute go
        for event in events:
            self._tell(event)

    def _tell(self, event):
        for callback in self._on_receipt if event.type.startswith("receipt.") else self._on_notice:
            try:
                callback(event)
            except Exception as error:  # noqa: BLE001 - the caller's own: its receipts are on disk, and the next ones must still be heard
                log.error("A callback failed on %s %s: %s", event.type, event.id, type(error).__name__)
