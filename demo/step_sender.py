"""Sends the steps of simulated disputes. Four OS processes send for all agencies; a step is sent after the receipt of the dispute's previous step."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path

from contracts import safeguard
from demo.steps import FIRST_REPORT, CodePlaceholder, Step

ROOT = Path(__file__).resolve().parents[1]
WORKER_COUNT = 4  # number of OS processes that send for the agencies; each takes a third of a second of CPU time to start, so there is not one per agency
MAX_OPEN_DISPUTES = 5000  # largest number of disputes whose steps are sent at the same time; with more disputes the services process larger batches
OUTCOME_RECEIPTS = ("receipt.applied", "receipt.rejected", "receipt.refused", "not sent")
NO_CODE = "not sent: the dispute has no code"
SAFEGUARD_LABEL = "安全保护专线 in the safeguard lane"


class OpenDispute:
    """A dispute whose steps are being sent, with its remaining steps and the codes that intake has assigned."""

    def __init__(self, steps=(), is_confidential=False):
        self.remaining_steps = deque(steps)
        self.is_confidential = is_confidential  # True: nothing about the dispute is printed
        self.codes: dict[str, str] = {}  # dispute code by report (FIRST_REPORT or SECOND_REPORT)
        self.steps_waited_for = 0  # number of sent steps whose receipts the next step waits for
        self.steps_without_outcome = 0  # number of sent steps whose outcome receipt has not arrived

    @property
    def is_waiting(self) -> bool:
        return self.steps_waited_for > 0

    @property
    def code(self) -> str | None:
        return self.codes.get(FIRST_REPORT)

    def replace_placeholders(self, part):
        """Return a step's subject or data in which dispute codes replace the placeholders. Raises KeyError if a code is not known."""
        if isinstance(part, dict):
            return {name: self.replace_placeholders(value) for name, value in part.items()}
        return self.codes[part.report] if isinstance(part, CodePlaceholder) else part


class StepSender:
    """Context manager that starts the processes that send for the agencies (module `worker`), gives them the steps, and counts the receipts.

    `counts`: number of receipts by receipt type, and of steps by "sent" and "finished".
    `unexpected_receipts`: number of unexpected outcomes by (step type, receipt type, reason).
    """

    def __init__(self, endpoints: dict, folder: Path):
        self._agencies, self._folder = endpoints["agencies"], folder
        self._received: queue.SimpleQueue = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._worker_of_agency: dict[str, _Worker] = {}
        self._sent: dict[str, tuple[Step, OpenDispute]] = {}
        self._earlier_receipts: dict[str, list[dict]] = {}  # receipts by step id that an earlier run has received, until the step is sent again
        self._receipts: dict[str, set[str]] = {}  # types of the received receipts by step id
        self.counts: Counter = Counter()
        self.unexpected_receipts: Counter = Counter()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self._workers:
            worker.close_input()
        for worker in self._workers:
            worker.wait_until_ended()

    @property
    def unfinished_count(self) -> int:
        """Number of sent steps whose outcome receipt has not arrived."""
        return self.counts["sent"] - self.counts["finished"]

    def connect_agencies(self, agencies):
        """Connect these agencies to the broker in advance, so that no step has to wait for the connection."""
        for code in agencies:
            self._worker_for(code)
        self._flush_workers()

    def send_all(self, disputes: list[OpenDispute], patience: float, progress=lambda sender: None) -> bool:
        """Send all steps of the disputes and wait for their outcomes. Return False if no receipt arrived for `patience` seconds, else True."""
        waiting, busy = deque(disputes), []
        last_receipt_at = time.monotonic()
        while waiting or busy or self.unfinished_count:
            busy = [dispute for dispute in busy if dispute.remaining_steps or dispute.is_waiting]
            while waiting and len(busy) < MAX_OPEN_DISPUTES:
                busy.append(waiting.popleft())
                self.send_next_steps(busy[-1])
            if self.process_receipts(0.2):
                last_receipt_at = time.monotonic()
            elif time.monotonic() - last_receipt_at > patience:
                return False
            progress(self)
        return True

    def send_next_steps(self, dispute: OpenDispute):
        """Send the dispute's next steps that need not wait for a receipt.

        A safeguard step is sent only after all earlier steps of the dispute have their outcomes.
        """
        while dispute.remaining_steps and (dispute.remaining_steps[0].without_waiting or not dispute.is_waiting):
            if dispute.remaining_steps[0].is_safeguarded and dispute.steps_without_outcome:
                return
            step = dispute.remaining_steps.popleft()
            try:
                subject, data = dispute.replace_placeholders(step.subject), dispute.replace_placeholders(step.data)
            except KeyError:
                self.unexpected_receipts[_printable_step_type(step), step.expected, NO_CODE] += 1
                continue
            dispute.steps_waited_for += 1
            dispute.steps_without_outcome += 1
            self._sent[step.id] = step, dispute
            self.counts["sent"] += 1
            earlier = self._earlier_receipts.pop(step.id, ())
            if not any(message["receipt"] in OUTCOME_RECEIPTS for message in earlier):
                job = {"agency": step.agency, "id": step.id, "type": step.type, "subject": subject, "data": data, "time": step.time.isoformat()}
                self._worker_for(step.agency).send_line(json.dumps(job, ensure_ascii=False))
            for message in earlier:
                self._process_receipt(message)

    def process_receipts(self, seconds: float) -> bool:
        """Process the receipts that have arrived, and send the steps that waited for them. Return False if no receipt arrived within `seconds`."""
        self._flush_workers()
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
        self._flush_workers()
        return True

    def _flush_workers(self):
        for worker in self._workers:
            worker.flush_lines()

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
        if message["dispute"] and receipt != "receipt.moved":  # the code in receipt.moved belongs to an earlier report
            dispute.codes[step.report] = message["dispute"]
        if receipt in OUTCOME_RECEIPTS:
            self.counts["finished"] += 1
            dispute.steps_without_outcome -= 1
            if receipt != step.expected:
                self.unexpected_receipts[_printable_step_type(step), receipt, message["reason"]] += 1
        if receipt in OUTCOME_RECEIPTS if step.waits_for_outcome else is_first:
            dispute.steps_waited_for -= 1
        self.send_next_steps(dispute)

    def _worker_for(self, code):
        """Return the process that sends for this agency. On the first call for an agency, choose the next process in turn and tell it to connect the agency."""
        if code not in self._worker_of_agency:
            if len(self._workers) < WORKER_COUNT:
                self._workers.append(_Worker(self._received))
            worker = self._worker_of_agency[code] = self._workers[len(self._worker_of_agency) % WORKER_COUNT]
            worker.send_line(json.dumps({"agency": code, "amqp": self._agencies[code]["amqp"], "outbox": str(self._folder / f"{code}.outbox.db")}))
        return self._worker_of_agency[code]


def _printable_step_type(step):
    return SAFEGUARD_LABEL if step.type in safeguard.STEP_NAMES else step.type


class _Worker:
    """One OS process that sends for several agencies (module `worker`), and a thread that reads the receipts which the process prints."""

    def __init__(self, received):
        self._received, self._lines = received, []
        # The process has a session of its own, so that Ctrl-C interrupts only the parent, which then closes the standard input of this process.
        self._process = subprocess.Popen([sys.executable, "-m", "demo.worker"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def send_line(self, line):
        self._lines.append(line)

    def flush_lines(self):
        if self._lines:
            lines, self._lines = self._lines, []
            self._process.stdin.write(("\n".join(lines) + "\n").encode())
            self._process.stdin.flush()

    def close_input(self):
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait_until_ended(self):
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)

    def _read_output(self):
        for line in self._process.stdout:
            self._received.put(json.loads(line))
