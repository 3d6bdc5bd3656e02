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
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from drills import clients, workload
from drills.clients import NotAcknowledged, SentEvent
from drills.ledger import Ledger

OPEN_DISPUTES_PER_THREAD = 10  # open disputes of each sender thread
REPEAT_PROBABILITY = 0.08  # probability that an acknowledged event is sent once more
LONGEST_REPEAT_DELAY_SECONDS = 6.0  # an event that is sent twice is repeated at most so long after its acknowledgement
GIVE_UP_SECONDS = 45.0  # time limit of waiting for an event's outcome and, after the file `quiet` has appeared, of retrying an event


class Producer:
    """Simulates one group of agencies with several sender threads and one receiver thread per agency.

    `plan`, read from a JSON file: name (of the group), seed, run (prefix of report numbers and event ids), folder, threads (number of senders),
    pause (seconds between steps), amqp {agency: URI}, tokens {agency: access token}, intake_url.
    """

    def __init__(self, plan: dict):
        self.plan, self.name = plan, plan["name"]
        self.group = next(group for group in workload.AGENCY_GROUPS if group.name == self.name)
        self.folder = Path(plan["folder"])
        self.ledger = Ledger(self.folder / f"{self.name}.jsonl")
        self.is_ending = threading.Event()
        self.outcome_received = threading.Condition()
        self.dispute_codes: dict[str, str] = {}  # event id → dispute code
        self.outcomes: dict[str, str] = {}  # event id → refused, applied or rejected
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
                outcome = entry["type"].removeprefix("receipt.")
                if outcome in ("refused", "applied", "rejected"):
                    self.outcomes[entry["event"]] = outcome
                if entry["event"] and entry["dispute"]:
                    self.dispute_codes[entry["event"]] = entry["dispute"]
            self.outcome_received.notify_all()

    def _receive_messages(self, agency):
        if self.group.transport == "http":
            clients.poll_receipts(agency, clients.HttpClient(self.plan["intake_url"], self.plan["tokens"]), self.record_received, self.is_ending.is_set)
        else:
            clients.consume_inbox(agency, self.plan["amqp"][agency], self.record_received, self.is_ending.is_set)

    def _run_sender(self, number):
        _Sender(self, number).run()


class _Sender:
    """Work of one sender thread: sends the scripted steps of several disputes in turn."""

    def __init__(self, producer: Producer, number: int):
        self.producer, self.plan, self.ledger = producer, producer.plan, producer.ledger
        self.prefix = f"{producer.name}-{number}"
        self.rng = random.Random(f"{self.plan['seed']}/{self.prefix}")
        group = producer.group
        self.http = clients.HttpClient(self.plan["intake_url"], self.plan["tokens"])
        self.client = producer.kit or (self.http if group.transport == "http" else clients.PikaClient(self.plan["amqp"]))
        self.new_disputes = workload.dispute_scripts(group, self.rng, f"{self.plan['run']}-{self.prefix}", datetime.now(UTC))
        self.open_disputes: deque = deque()  # items: (script, event whose outcome the next step waits for or None, time when that event was sent)
        self.repeats: list[tuple[float, SentEvent]] = []  # items: (monotonic time of the repeat, event)
        self.event_count = 0

    def run(self):
        while not self.producer.is_sending_over():
            while len(self.open_disputes) < OPEN_DISPUTES_PER_THREAD:
                self.open_disputes.append((next(self.new_disputes), None, 0.0))
            sent = sum(self._send_next_step() for _ in range(len(self.open_disputes)))
            self._send_due_repeats()
            self.client.process_heartbeats()
            if not sent:
                with self.producer.outcome_received:
                    self.producer.outcome_received.wait(0.05)
        if self.client is not self.producer.kit:
            self.client.close()

    def _send_next_step(self):
        """Send the next step of the first dispute in the queue, unless the dispute waits for an outcome. Return whether an event was sent."""
        script, awaited, since = self.open_disputes.popleft()
        if self.producer.is_sending_over():
            return False
        if awaited is not None:
            outcome = self.producer.outcomes.get(awaited.id)
            if outcome is None:
                if time.monotonic() - since < GIVE_UP_SECONDS:
                    self.open_disputes.append((script, awaited, since))
                return False
            script.code = script.code or self.producer.dispute_codes.get(awaited.id)
            if script.steps[script.sent - 1].expected not in (None, outcome):
                return False  # the outcome is unexpected: the checker reports it, and further steps would only hide it
        if script.sent == len(script.steps):
            return False
        step = script.steps[script.sent]
        event = self._make_event(script, step)
        script.sent += 1
        if self._send_until_acknowledged(event, step):
            self.open_disputes.append((script, event if step.waits_for_outcome else None, time.monotonic()))
        time.sleep(self.plan["pause"] * self.rng.uniform(0.5, 1.5))
        return True

    def _make_event(self, script, step):
        self.event_count += 1
        subject, data = script.code or script.report_no, step.facts
        if step.type == "dispute.reported":
            subject, data = script.report_no, {"report_no": script.report_no, **step.facts}
        event_id = f"{self.plan['run']}-{self.prefix}-{self.event_count}"
        return SentEvent(step.agency, event_id, step.type, subject, script.time_of_step(script.sent).isoformat(timespec="seconds"), data)

    def _send_until_acknowledged(self, event, step):
        """Send the event repeatedly until it is acknowledged. Return False after GIVE_UP_SECONDS without success, counted from the appearance of `quiet`."""
        self.ledger.write({"do": "attempt", "id": event.id, "agency": event.agency, "type": event.type, "subject": event.subject, "expected": step.expected})
        deadline = None
        while True:
            try:
                self.client.send(event)
            except NotAcknowledged as problem:
                self.ledger.write({"do": "unsure", "id": event.id, "why": str(problem)})
                if self.producer.is_sending_over():
                    deadline = deadline or time.monotonic() + GIVE_UP_SECONDS
                    if time.monotonic() > deadline:
                        return False
                time.sleep(self.rng.uniform(0.1, 0.6))
                continue
            self.ledger.write({"do": "acknowledged", "id": event.id, "agency": event.agency, "by": self.client.acknowledged_by})
            if self.rng.random() < REPEAT_PROBABILITY and self.producer.kit is None:
                self.repeats.append((time.monotonic() + self.rng.uniform(0, LONGEST_REPEAT_DELAY_SECONDS), event))
            return True

    def _send_due_repeats(self):
        """Send acknowledged events again whose time has come: some seconds later and out of order, about half of them over HTTP."""
        now = time.monotonic()
        due, self.repeats = [e for at, e in self.repeats if at <= now], [(at, e) for at, e in self.repeats if at > now]
        for event in due:
            client = self.rng.choice((self.client, self.http))
            self.ledger.write({"do": "repeat", "id": event.id, "by": client.acknowledged_by})
            with suppress(NotAcknowledged):
                client.send(event)


def _exit_on_thread_error(problem):
    """End the process after an exception in a thread. Otherwise a failed sender thread would only reduce the drill's load and remain unnoticed."""
    threading.__excepthook__(problem)
    os._exit(1)


if __name__ == "__main__":
    threading.excepthook = _exit_on_thread_error
    Producer(json.loads(Path(sys.argv[1]).read_text())).run()
