"""Sends the steps of simulated disputes, each through a process of its agency, and the next step of a dispute after the receipt of the one before."""

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
from demo.steps import FIRST, CodePlaceholder, Step

ROOT = Path(__file__).resolve().parents[1]
OPEN_DISPUTES = 5000  # disputes sent at the same time; more of them give larger batches in all services
LAST_RECEIPTS = ("receipt.applied", "receipt.rejected", "receipt.refused", "not sent")
NO_CODE = "not sent: the dispute has no code"
SAFEGUARD_LABEL = "安全保护专线 in the safeguard lane"


class OpenDispute:
    """A dispute whose steps are being sent: the remaining steps, and the codes that intake has assigned."""

    def __init__(self, steps=(), is_confidential=False):
        self.remaining = deque(steps)
        self.is_confidential = is_confidential  # it is never printed
        self.codes: dict[str, str] = {}  # report (FIRST or SECOND) → code
        self.steps_waited_for = 0  # sent steps for which the next one waits; more than one only after steps sent without waiting
        self.steps_without_outcome = 0

    @property
    def is_waiting(self) -> bool:
        return self.steps_waited_for > 0

    @property
    def code(self) -> str | None:
        return self.codes.get(FIRST)

    def with_codes(self, part):
        """Return the subject or data of a step with codes in place of the placeholders. Raises KeyError if a code is not known."""
        if isinstance(part, dict):
            return {name: self.with_codes(value) for name, value in part.items()}
        return self.codes[part.report] if isinstance(part, CodePlaceholder) else part


class StepSender:
    """Context manager that runs a process for each agency, sends steps through them and counts the receipts.

    `counts`: receipts by type, and steps "sent" and "finished". `unexpected`: (step type, receipt, reason) → count.
    """

    def __init__(self, endpoints: dict, folder: Path):
        self._agencies, self._folder = endpoints["agencies"], folder
        self._processes: dict[str, _AgencyProcess] = {}
        self._received: queue.SimpleQueue = queue.SimpleQueue()
        self._sent: dict[str, tuple[Step, OpenDispute]] = {}
        self._earlier_receipts: dict[str, list[dict]] = {}  # receipts from an earlier run, until their step is sent again
        self._receipts: dict[str, set[str]] = {}  # step id → types of its receipts
        self.counts: Counter = Counter()
        self.unexpected: Counter = Counter()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes.values():
            process.end()
        for process in self._processes.values():
            process.wait()

    @property
    def unfinished(self) -> int:
        """Number of steps that were sent and have no outcome yet."""
        return self.counts["sent"] - self.counts["finished"]

    def start(self, agencies):
        """Start the processes of these agencies in advance, so that no step waits for the start of a process."""
        for code in agencies:
            self._process(code)

    def send_all(self, disputes: list[OpenDispute], patience: float, progress=lambda sender: None) -> bool:
        """Send all steps and wait for their outcomes. Return False if no receipt arrived for `patience` seconds."""
        waiting, busy = deque(disputes), []
        last_receipt_at = time.monotonic()
        while waiting or busy or self.unfinished:
            busy = [dispute for dispute in busy if dispute.remaining or dispute.is_waiting]
            while waiting and len(busy) < OPEN_DISPUTES:
                busy.append(waiting.popleft())
                self.send_next(busy[-1])
            if self.process_receipts(0.2):
                last_receipt_at = time.monotonic()
            elif time.monotonic() - last_receipt_at > patience:
                return False
            progress(self)
        return True

    def send_next(self, dispute: OpenDispute):
        """Send the dispute's next steps that need not wait. A safeguard step is sent only when no other step of the dispute is without outcome."""
        while dispute.remaining and (dispute.remaining[0].without_waiting or not dispute.is_waiting):
            if dispute.remaining[0].is_safeguarded and dispute.steps_without_outcome:
                return
            step = dispute.remaining.popleft()
            try:
                subject, data = dispute.with_codes(step.subject), dispute.with_codes(step.data)
            except KeyError:
                self.unexpected[_label(step), step.expected, NO_CODE] += 1
                continue
            dispute.steps_waited_for += 1
            dispute.steps_without_outcome += 1
            self._sent[step.id] = step, dispute
            self.counts["sent"] += 1
            earlier = self._earlier_receipts.pop(step.id, ())
            if not any(message["receipt"] in LAST_RECEIPTS for message in earlier):
                job = {"id": step.id, "type": step.type, "subject": subject, "data": data, "time": step.time.isoformat()}
                self._process(step.agency).send(json.dumps(job, ensure_ascii=False))
            for message in earlier:
                self._process_receipt(message)

    def process_receipts(self, seconds: float) -> bool:
        """Process the receipts that have arrived, and send the steps that waited for them. Return False if none arrived within `seconds`."""
        self._flush()
        try:
            message = self._received.get(timeout=seconds)
        except queue.Empty:
            return False
        for _ in range(5000):
            self._process_receipt(message)
            try:
                message = self._received.get_nowait()
            except queue.Empty:
                break
        else:
            self._process_receipt(message)
        self._flush()
        return True

    def _flush(self):
        for process in self._processes.values():
            process.flush()

    def _process_receipt(self, message):
        receipt, event_id = message["receipt"], message["id"]
        if event_id not in self._sent:
            self._earlier_receipts.setdefault(event_id, []).append(message)
            return
        receipts = self._receipts.setdefault(event_id, set())
        if receipt in receipts:
            return
        step, dispute = self._sent[event_id]
        is_first = not receipts
        receipts.add(receipt)
        self.counts[receipt] += 1
        if message["dispute"] and receipt != "receipt.moved":  # receipt.moved is about an earlier report
            dispute.codes[step.report] = message["dispute"]
        if receipt in LAST_RECEIPTS:
            self.counts["finished"] += 1
            dispute.steps_without_outcome -= 1
            if receipt != step.expected:
                self.unexpected[_label(step), receipt, message["reason"]] += 1
        if receipt in LAST_RECEIPTS if step.waits_for_outcome else is_first:
            dispute.steps_waited_for -= 1
        self.send_next(dispute)

    def _process(self, code):
        if code not in self._processes:
            self._processes[code] = _AgencyProcess(code, self._agencies[code]["amqp"], self._folder, self._received)
        return self._processes[code]


def _label(step):
    return SAFEGUARD_LABEL if step.type in safeguard.STEPS else step.type


class _AgencyProcess:
    """One agency's process (see `worker`), and the thread that reads its output."""

    def __init__(self, code, uri, folder, received):
        self._received, self._lines = received, []
        own = {"FENGQIAO_AGENCY": code, "FENGQIAO_AMQP_URI": uri, "FENGQIAO_OUTBOX": str(folder / f"{code}.outbox.db")}
        self._process = subprocess.Popen(  # in a session of its own, so that Ctrl-C reaches the parent only, which then closes this process's input
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
            self._received.put(json.loads(line))
