"""Has the lives told: each step by its agency's own process, the next one of a dispute when the hub accepted the one before."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path

from contracts import safeguard
from demo.steps import FIRST, Code, Step

ROOT = Path(__file__).resolve().parents[1]
UNDER_WAY = 5000  # disputes told at the same time: the more, the larger the batches all the way through
LAST = ("receipt.applied", "receipt.rejected", "receipt.refused", "not sent")
NEVER_SAID = "never said: the dispute has no code"
IN_THE_LANE = "安全保护专线 in the safeguard lane"


class Play:
    """One dispute being told: what is still to be said, and its codes once the hub gave them."""

    def __init__(self, steps=(), is_quiet=False):
        self.to_say = deque(steps)
        self.is_quiet = is_quiet  # no line on a screen names it
        self.codes: dict[str, str] = {}
        self.unheard = 0  # steps for which the next one waits; several only where they were said in one breath
        self.unanswered = 0  # steps whose outcome is not known

    @property
    def is_waiting(self) -> bool:
        return self.unheard > 0

    @property
    def code(self) -> str | None:
        return self.codes.get(FIRST)

    def fill(self, part):
        """The subject or the data of a step, with the codes where they go. Raises KeyError where the hub gave none."""
        if isinstance(part, dict):
            return {name: self.fill(value) for name, value in part.items()}
        return self.codes[part.of] if isinstance(part, Code) else part


class Director:
    """Owns the agencies' processes and the count of what became of every step."""

    def __init__(self, endpoints: dict, folder: Path):
        self._agencies, self._folder = endpoints["agencies"], folder
        self._workers: dict[str, _Worker] = {}
        self._heard: queue.SimpleQueue = queue.SimpleQueue()
        self._said: dict[str, tuple[Step, Play]] = {}
        self._early: dict[str, list[dict]] = {}  # receipts of an earlier run, kept until their step is said again
        self._answers: dict[str, set[str]] = {}
        self.counts: Counter = Counter()
        self.unexpected: Counter = Counter()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self._workers.values():
            worker.end()
        for worker in self._workers.values():
            worker.wait()

    @property
    def open(self) -> int:
        """Steps that were said and have no outcome yet."""
        return self.counts["said"] - self.counts["ended"]

    def start(self, agencies):
        """Beforehand, so that nobody waits for a process to begin."""
        for code in agencies:
            self._worker(code)

    def tell(self, plays: list[Play], patience: float, progress=lambda director: None) -> bool:
        """Until every step has its outcome. False when nothing moved for `patience` seconds."""
        waiting, busy = deque(plays), []
        moved = time.monotonic()
        while waiting or busy or self.open:
            busy = [play for play in busy if play.to_say or play.is_waiting]
            while waiting and len(busy) < UNDER_WAY:
                busy.append(waiting.popleft())
                self.go_on(busy[-1])
            if self.hear(0.2):
                moved = time.monotonic()
            elif time.monotonic() - moved > patience:
                return False
            progress(self)
        return True

    def go_on(self, play: Play):
        """Says the next step of this dispute, if it is its turn. What is said in the safeguard lane goes alone, before and after."""
        while play.to_say and (play.to_say[0].at_once or not play.is_waiting):
            if play.to_say[0].is_quiet and play.unanswered:
                return
            step = play.to_say.popleft()
            try:
                subject, data = play.fill(step.subject), play.fill(step.data)
            except KeyError:
                self.unexpected[_shown(step), step.expected, NEVER_SAID] += 1
                continue
            play.unheard += 1
            play.unanswered += 1
            self._said[step.id] = step, play
            self.counts["said"] += 1
            earlier = self._early.pop(step.id, ())
            if not any(message["receipt"] in LAST for message in earlier):
                job = {"id": step.id, "type": step.type, "subject": subject, "data": data, "time": step.time.isoformat()}
                self._worker(step.agency).send(json.dumps(job, ensure_ascii=False))
            for message in earlier:
                self._take(message)

    def hear(self, seconds: float) -> bool:
        """Takes the receipts that have come, and lets the next steps go. False when none came within `seconds`."""
        self._flush()
        try:
            message = self._heard.get(timeout=seconds)
        except queue.Empty:
            return False
        for _ in range(5000):
            self._take(message)
            try:
                message = self._heard.get_nowait()
            except queue.Empty:
                break
        else:
            self._take(message)
        self._flush()
        return True

    def _flush(self):
        for worker in self._workers.values():
            worker.flush()

    def _take(self, message):
        receipt, event_id = message["receipt"], message["id"]
        if event_id not in self._said:
            self._early.setdefault(event_id, []).append(message)
            return
        answers = self._answers.setdefault(event_id, set())
        if receipt in answers:
            return
        step, play = self._said[event_id]
        is_first = not answers
        answers.add(receipt)
        self.counts[receipt] += 1
        if message["dispute"] and receipt != "receipt.moved":  # that one is about a report of long ago
            play.codes[step.of] = message["dispute"]
        if receipt in LAST:
            self.counts["ended"] += 1
            play.unanswered -= 1
            if receipt != step.expected:
                self.unexpected[_shown(step), receipt, message["reason"]] += 1
        if receipt in LAST if step.waits_for_outcome else is_first:
            play.unheard -= 1
        self.go_on(play)

    def _worker(self, code):
        if code not in self._workers:
            self._workers[code] = _Worker(code, self._agencies[code]["amqp"], self._folder, self._heard)
        return self._workers[code]


def _shown(step):
    return IN_THE_LANE if step.type in safeguard.STEPS else step.type


class _Worker:
    """Owns one agency's process, and the thread that reads what it prints."""

    def __init__(self, code, uri, folder, heard):
        self._heard, self._lines = heard, []
        own = {"FENGQIAO_AGENCY": code, "FENGQIAO_AMQP_URI": uri, "FENGQIAO_OUTBOX": str(folder / f"{code}.outbox.db")}
        self._process = subprocess.Popen(  # in a session of its own: Ctrl-C is the director's, who ends it by closing its input
            [sys.executable, "-m", "demo.worker"], cwd=ROOT, env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, line):
        self._lines.append(line)

    def flush(self):
        if self._lines:
            lines, self._lines = self._lines, []
            self._process.stdin.write(("\n".join(lines) + "\n").encode())
            self._process.stdin.flush()

    def end(self):
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait(self):
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)

    def _read(self):
        for line in self._process.stdout:
            self._heard.put(json.loads(line))
