"""Producer process of the drill, which simulates a group of agencies: `python -m drills.producer <plan.json>`.

The producer writes each attempt, acknowledgement and received message to its ledger on disk before it continues. When the file `quiet` appears,
the producer sends no new steps, but still receives receipts and notices. On SIGTERM it ends.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from drills import clients, workload
from drills.clients import SentEvent
from drills.ledger import Ledger

MAX_WINDOW = 50  # largest number of events that a sender thread sends before it waits for their acknowledgements, each of another dispute
ROUND_SECONDS = 0.05  # shortest time between two windows of a sender thread
# After an outage a sender thread catches up on at most the events of this time. Its open disputes are limited to the number of events of this time, too.
CATCH_UP_SECONDS = 30.0
MIN_OPEN_DISPUTES = 10  # the limit of open disputes of a sender thread is at least this number
REPEAT_PROBABILITY = 0.08  # probability that an acknowledged event is sent once more
LONGEST_REPEAT_DELAY_SECONDS = 6.0  # an event that is sent twice is repeated at most so long after its acknowledgement
GIVE_UP_SECONDS = 45.0  # time limit of waiting for an event's outcome and, after the file `quiet` has appeared, of retrying an event


class Producer:
    """Simulates one group of agencies with several sender threads and one receiver thread per agency.

    `plan`, read from a JSON file: name (of the group), seed, run (prefix of report numbers and event ids), folder, threads (number of senders),
    rate (events per second of all senders), amqp {agency: URI}, tokens {agency: access token}, intake_url.
    """

    def __init__(self, plan: dict):
        self.plan, self.name = plan, plan["name"]
        self.group = next(group for group in workload.AGENCY_GROUPS if group.name == self.name)
        self.folder = Path(plan["folder"])
        self.ledger = Ledger(self.folder / f"{self.name}.jsonl")
        self.is_ending = threading.Event()
        self.outcome_received = threading.Condition()
        self.awaited: set[str] = set()  # ids of the events whose outcome a sender waits for
        self.dispute_codes: dict[str, str] = {}  # id of an awaited event → dispute code
        self.outcomes: dict[str, str] = {}  # id of an awaited event → refused, applied or rejected
        self.kit = None

    def is_sending_over(self) -> bool:
        return (self.folder / "quiet").exists()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.is_ending.set())
        if self.group.transport == "kit":
            self.kit = clients.KitClient(self.plan["amqp"], self.folder, self.record_received)
        receivers = [threading.Thread(target=self._receive_messages, args=(agency,), daemon=True) for agency in self.group.agencies if self.kit is None]
        senders = [threading.Thread(target=self._run_sender, args=(number,), daemon=True) for number in range(self.plan["threads"])]
        for thread in (*receivers, *senders):
            thread.start()
        for thread in senders:
            thread.join()
        (self.folder / f"{self.name}.quiet").touch()
        self.is_ending.wait()
        for thread in receivers:
            thread.join(15)
        if self.kit is not None:
            self.kit.close()

    def record_received(self, agency: str, messages: list[dict]) -> None:
        """Write received receipts and notices to the ledger, so that they are on disk before the caller acknowledges them to the broker."""
        entries = [{"do": "received", "agency": agency, "receipt": event["id"], "type": event["type"], "event": (event["data"].get("event") or {}).get("id"),
                    "dispute": event["data"].get("dispute")} for event in messages]  # fmt: skip
        self.ledger.write(*entries)
        with self.outcome_received:
            for entry in entries:
                if entry["event"] not in self.awaited:
                    continue
                if entry["dispute"]:  # stored before the outcome, because a sender that sees the outcome needs the code
                    self.dispute_codes[entry["event"]] = entry["dispute"]
                outcome = entry["type"].removeprefix("receipt.")
                if outcome in ("refused", "applied", "rejected"):
                    self.outcomes[entry["event"]] = outcome
            self.outcome_received.notify_all()

    def stop_waiting_for(self, event_id: str) -> None:
        """Remove what is stored about the outcome of an event for which no sender waits any more."""
        with self.outcome_received:
            self.awaited.discard(event_id)
            self.outcomes.pop(event_id, None)
            self.dispute_codes.pop(event_id, None)

    def _receive_messages(self, agency):
        if self.group.transport == "http":
            clients.poll_receipts(agency, clients.HttpClient(self.plan["intake_url"], self.plan["tokens"]), self.record_received, self.is_ending.is_set)
        else:
            clients.consume_inbox(agency, self.plan["amqp"][agency], self.record_received, self.is_ending.is_set)

    def _run_sender(self, number):
        _Sender(self, number).run()


class _Sender:
    """Work of one sender thread: sends the scripted steps of several disputes in turn, at most one step of each dispute at a time."""

    def __init__(self, producer: Producer, number: int):
        self.producer, self.plan, self.ledger = producer, producer.plan, producer.ledger
        self.prefix = f"{producer.name}-{number}"
        self.rng = random.Random(f"{self.plan['seed']}/{self.prefix}")
        group = producer.group
        self.http = clients.HttpClient(self.plan["intake_url"], self.plan["tokens"])
        self.client = producer.kit or (self.http if group.transport == "http" else clients.PikaClient(self.plan["amqp"]))
        self.new_disputes = workload.dispute_scripts(group, self.rng, f"{self.plan['run']}-{self.prefix}", datetime.now(UTC))
        self.rate = self.plan["rate"] / self.plan["threads"]
        self.max_open_disputes = max(MIN_OPEN_DISPUTES, round(self.rate * CATCH_UP_SECONDS))
        self.open_disputes: deque = deque()  # items: (script, event whose outcome the next step waits for or None, time when that event was sent)
        self.repeats: list[tuple[float, SentEvent]] = []  # items: (monotonic time of the repeat, event)
        self.event_count = 0

    def run(self):
        due, counted_at = 1.0, time.monotonic()  # number of events that are due at the time `counted_at`
        while not self.producer.is_sending_over():
            now = time.monotonic()
            due, counted_at = min(due + (now - counted_at) * self.rate, self.rate * CATCH_UP_SECONDS + 1), now
            window = self._take_next_steps(min(int(due), MAX_WINDOW))
            due -= len(window)
            if window:
                self._send_until_acknowledged(window)
            self._send_due_repeats()
            self.client.process_heartbeats()
            with self.producer.outcome_received:
                self.producer.outcome_received.wait(ROUND_SECONDS)
            time.sleep(max(0.0, now + ROUND_SECONDS - time.monotonic()))
        if self.client is not self.producer.kit:
            self.client.close()

    def _take_next_steps(self, limit):
        """Return the next steps of up to `limit` disputes that do not wait for an outcome, as (script, step, event). New disputes follow the open ones."""
        window = []
        for _ in range(len(self.open_disputes)):
            if len(window) == limit:
                break
            script, awaited, since = self.open_disputes.popleft()
            if awaited is not None:
                outcome = self.producer.outcomes.get(awaited.id)
                if outcome is None and time.monotonic() - since < GIVE_UP_SECONDS:
                    self.open_disputes.append((script, awaited, since))
                    continue
                script.code = script.code or self.producer.dispute_codes.get(awaited.id)
                self.producer.stop_waiting_for(awaited.id)
                if outcome is None or script.steps[script.sent - 1].expected not in (None, outcome):
                    continue  # the checker reports a missing or unexpected outcome, and further steps would only hide it
            if script.sent < len(script.steps):
                window.append(self._make_next_event(script))
        while len(window) < limit and len(self.open_disputes) + len(window) < self.max_open_disputes:
            window.append(self._make_next_event(next(self.new_disputes)))
        return window

    def _make_next_event(self, script):
        step = script.steps[script.sent]
        event = self._make_event(script, step)
        script.sent += 1
        if step.waits_for_outcome:
            self.producer.awaited.add(event.id)
        return script, step, event

    def _make_event(self, script, step):
        self.event_count += 1
        subject, data = script.code or script.report_no, step.facts
        if step.type == "dispute.reported":
            subject, data = script.report_no, {"report_no": script.report_no, **step.facts}
        event_id = f"{self.plan['run']}-{self.prefix}-{self.event_count}"
        return SentEvent(step.agency, event_id, step.type, subject, script.time_of_step(script.sent).isoformat(timespec="seconds"), data)

    def _send_until_acknowledged(self, window):
        """Send the events repeatedly until all are acknowledged, and keep their disputes open.

        Give up GIVE_UP_SECONDS after the appearance of `quiet`.
        """
        self.ledger.write(*(
            {"do": "attempt", "id": event.id, "agency": event.agency, "type": event.type, "subject": event.subject, "expected": step.expected}
            for _, step, event in window
        ))  # fmt: skip
        deadline = None
        while True:
            problems = self.client.send([event for _, _, event in window])
            acknowledged = [item for item in window if item[2].id not in problems]
            window = [item for item in window if item[2].id in problems]
            if acknowledged:
                self.ledger.write(
                    *({"do": "acknowledged", "id": event.id, "agency": event.agency, "by": self.client.acknowledged_by} for *_, event in acknowledged)
                )
            for script, step, event in acknowledged:
                self.open_disputes.append((script, event if step.waits_for_outcome else None, time.monotonic()))
                if self.rng.random() < REPEAT_PROBABILITY and self.producer.kit is None:
                    self.repeats.append((time.monotonic() + self.rng.uniform(0, LONGEST_REPEAT_DELAY_SECONDS), event))
            if not window:
                return
            self.ledger.write(*({"do": "unsure", "id": event.id, "why": problems[event.id]} for *_, event in window))
            if self.producer.is_sending_over():
                deadline = deadline or time.monotonic() + GIVE_UP_SECONDS
                if time.monotonic() > deadline:
                    return
            time.sleep(self.rng.uniform(0.1, 0.6))

    def _send_due_repeats(self):
        """Send acknowledged events again whose time has come: some seconds later and out of order, about half of them over HTTP."""
        now = time.monotonic()
        due, self.repeats = [e for at, e in self.repeats if at <= now], [(at, e) for at, e in self.repeats if at > now]
        if not due:
            return
        client = self.rng.choice((self.client, self.http))
        self.ledger.write(*({"do": "repeat", "id": event.id, "by": client.acknowledged_by} for event in due))
        client.send(due)


def _exit_on_thread_error(problem):
    """End the process after an exception in a thread. Otherwise a failed sender thread would only reduce the drill's load and remain unnoticed."""
    threading.__excepthook__(problem)
    os._exit(1)


if __name__ == "__main__":
    threading.excepthook = _exit_on_thread_error
    Producer(json.loads(Path(sys.argv[1]).read_text())).run()
