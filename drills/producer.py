"""One independent process that speaks for some agencies: `python -m drills.producer <plan.json>`.

Everything it tries, everything that is acknowledged and everything it hears is in its ledger, on disk, before it goes on. It stops beginning
anything new when the file `quiet` appears, and ends when it is told to (SIGTERM), so that it hears to the end.
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
from drills.clients import Spoken, Unsure
from drills.ledger import Ledger

DISPUTES_AT_A_TIME = 10  # per thread
REPEATED = 0.08  # of the events: sent again some time after they were acknowledged
REPEATED_WITHIN = 6.0  # seconds
PATIENCE = 45.0  # after which an unsure event is given up when it is quiet, and a life whose answer does not come is let go


class Producer:
    """`plan`: name, seed, folder, threads, pause, amqp {agency: uri}, tokens {agency: token}, door url."""

    def __init__(self, plan: dict):
        self.plan, self.name = plan, plan["name"]
        self.house = next(house for house in workload.HOUSES if house.name == self.name)
        self.folder = Path(plan["folder"])
        self.ledger = Ledger(self.folder / f"{self.name}.jsonl")
        self.over = threading.Event()
        self.answered = threading.Condition()
        self.codes: dict[str, str] = {}  # event id → the code of its dispute
        self.outcomes: dict[str, str] = {}  # event id → how it ended: refused, applied, rejected
        self.kit = None

    def is_quiet(self) -> bool:
        return (self.folder / "quiet").exists()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.over.set())
        if self.house.speaks == "kit":
            self.kit = clients.Kit(self.plan["amqp"], self.folder, self.heard)
        ears = [threading.Thread(target=self._listen, args=(agency,), daemon=True) for agency in self.house.agencies if self.kit is None]
        mouths = [threading.Thread(target=self._talk, args=(number,), daemon=True) for number in range(self.plan["threads"])]
        for thread in (*ears, *mouths):
            thread.start()
        for thread in mouths:
            thread.join()
        (self.folder / f"{self.name}.quiet").touch()
        self.over.wait()
        for thread in ears:
            thread.join(15)
        if self.kit is not None:
            self.kit.close()

    def heard(self, agency: str, told: list[dict]) -> None:
        """Receipts and notices, on disk before they are acknowledged."""
        entries = [{"do": "heard", "agency": agency, "receipt": event["id"], "type": event["type"], "event": (event["data"].get("event") or {}).get("id"),
                    "dispute": event["data"].get("dispute")} for event in told]  # fmt: skip
        self.ledger.write(*entries)
        with self.answered:
            for entry in entries:
                kind = entry["type"].removeprefix("receipt.")
                if kind in ("refused", "applied", "rejected"):
                    self.outcomes[entry["event"]] = kind
                if entry["event"] and entry["dispute"]:
                    self.codes[entry["event"]] = entry["dispute"]
            self.answered.notify_all()

    def _listen(self, agency):
        if self.house.speaks == "door":
            clients.hear_at_the_door(agency, clients.Door(self.plan["door"], self.plan["tokens"]), self.heard, self.over.is_set)
        else:
            clients.hear_inbox(agency, self.plan["amqp"][agency], self.heard, self.over.is_set)

    def _talk(self, number):
        _Talker(self, number).run()


class _Talker:
    """One thread: leads some disputes through their lives, turn by turn."""

    def __init__(self, producer: Producer, number: int):
        self.producer, self.plan, self.ledger = producer, producer.plan, producer.ledger
        self.prefix = f"{producer.name}-{number}"
        self.chance = random.Random(f"{self.plan['seed']}/{self.prefix}")
        house = producer.house
        self.door = clients.Door(self.plan["door"], self.plan["tokens"])
        self.voice = producer.kit or (self.door if house.speaks == "door" else clients.Pika(self.plan["amqp"]))
        self.lives = workload.lives(house, self.chance, f"{self.plan['run']}-{self.prefix}", datetime.now(UTC))
        self.led: deque = deque()  # (life, the event whose answer it waits for, since when)
        self.later: list[tuple[float, Spoken]] = []  # repeats
        self.spoken = 0

    def run(self):
        while not self.producer.is_quiet():
            while len(self.led) < DISPUTES_AT_A_TIME:
                self.led.append((next(self.lives), None, 0.0))
            spoke = sum(self._turn() for _ in range(len(self.led)))
            self._repeat_some()
            self.voice.breathe()
            if not spoke:
                with self.producer.answered:
                    self.producer.answered.wait(0.05)
        if self.voice is not self.producer.kit:
            self.voice.close()

    def _turn(self):
        """The next dispute in the row gets its next step, if its time has come. Whether anything was said."""
        life, waits_for, since = self.led.popleft()
        if self.producer.is_quiet():
            return False
        if waits_for is not None:
            ended = self.producer.outcomes.get(waits_for.id)
            if ended is None:
                if time.monotonic() - since < PATIENCE:
                    self.led.append((life, waits_for, since))
                return False
            life.code = life.code or self.producer.codes.get(waits_for.id)
            if life.steps[life.said - 1].expects not in (None, ended):
                return False  # the checker will say so; what follows would only hide it
        if life.said == len(life.steps):
            return False
        step = life.steps[life.said]
        event = self._event(life, step)
        life.said += 1
        if self._say(event, step):
            self.led.append((life, event if step.waits else None, time.monotonic()))
        time.sleep(self.plan["pause"] * self.chance.uniform(0.5, 1.5))
        return True

    def _event(self, life, step):
        self.spoken += 1
        subject, data = life.code or life.report_no, step.facts
        if step.word == "dispute.reported":
            subject, data = life.report_no, {"report_no": life.report_no, **step.facts}
        event_id = f"{self.plan['run']}-{self.prefix}-{self.spoken}"
        return Spoken(step.agency, event_id, step.word, subject, life.time_of(life.said).isoformat(timespec="seconds"), data)

    def _say(self, event, step):
        """Until it is acknowledged. False if that was given up, which happens only when it is quiet already."""
        self.ledger.write({"do": "attempt", "id": event.id, "agency": event.agency, "type": event.type, "subject": event.subject, "expects": step.expects})
        give_up = None
        while True:
            try:
                self.voice.say(event)
            except Unsure as problem:
                self.ledger.write({"do": "unsure", "id": event.id, "why": str(problem)})
                if self.producer.is_quiet():
                    give_up = give_up or time.monotonic() + PATIENCE
                    if time.monotonic() > give_up:
                        return False
                time.sleep(self.chance.uniform(0.1, 0.6))
                continue
            self.ledger.write({"do": "acknowledged", "id": event.id, "agency": event.agency, "by": self.voice.acknowledged_by})
            if self.chance.random() < REPEATED and self.producer.kit is None:
                self.later.append((time.monotonic() + self.chance.uniform(0, REPEATED_WITHIN), event))
            return True

    def _repeat_some(self):
        """Deliberate repeats: long after, out of order, half of them by the other door."""
        now = time.monotonic()
        due, self.later = [e for at, e in self.later if at <= now], [(at, e) for at, e in self.later if at > now]
        for event in due:
            voice = self.chance.choice((self.voice, self.door))
            self.ledger.write({"do": "repeat", "id": event.id, "by": voice.acknowledged_by})
            with suppress(Unsure):
                voice.say(event)


def _end_at_once(problem):
    """A thread that dies in silence would only make the drill easier."""
    threading.__excepthook__(problem)
    os._exit(1)


if __name__ == "__main__":
    threading.excepthook = _end_at_once
    Producer(json.loads(Path(sys.argv[1]).read_text())).run()
