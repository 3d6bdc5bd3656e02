"""One simulated agency, in a process of its own: reports the events that it reads from standard input and prints the receipts. Uses the agency kit only.

Input:  one JSON object a line, {"id", "type", "subject", "data", "time"}.
Output: one JSON object a line, {"id", "receipt", "dispute", "reason"}; receipts of an earlier run come first. It ends at the end of its input.
"""

import json
import logging
import os
import sys
import threading
from datetime import datetime

from fengqiao_agency import Agency, AgencyError

CHUNK = 1 << 18


def main():
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    output = _Output()
    with Agency(os.environ["FENGQIAO_AGENCY"], os.environ["FENGQIAO_AMQP_URI"], os.environ["FENGQIAO_OUTBOX"]) as agency:
        earlier = set()
        for receipt in agency.receipts():
            earlier.add(receipt.id)
            output.write(receipt.event_id, receipt.type, receipt.dispute, (receipt.data.get("reason") or {}).get("code"))
        agency.on_receipt(
            lambda e: e.id in earlier or output.write(e.answered_event_id, e.type, e.data.get("dispute"), (e.data.get("reason") or {}).get("code"))
        )
        for jobs in _batches():
            _report(agency, jobs, output)


class _Output:
    """Standard output, with a lock: the kit's thread prints receipts, the main thread prints errors."""

    def __init__(self):
        self._lock = threading.Lock()

    def write(self, event_id, receipt, dispute, reason):
        with self._lock:
            sys.stdout.write(json.dumps({"id": event_id, "receipt": receipt, "dispute": dispute, "reason": reason}) + "\n")
            sys.stdout.flush()


def _batches():
    """Yield the lines that have arrived, together, so that they are written to the outbox at once."""
    incomplete_line = b""
    while chunk := os.read(sys.stdin.fileno(), CHUNK):
        *lines, incomplete_line = (incomplete_line + chunk).split(b"\n")
        if lines:
            yield [json.loads(line) for line in lines]


def _report(agency, jobs, output):
    try:
        agency.report_many([_arguments(job) for job in jobs])
    except AgencyError as error:
        if len(jobs) == 1:
            output.write(jobs[0]["id"], "not sent", None, type(error).__name__)
            return
        for job in jobs:
            _report(agency, [job], output)


def _arguments(job):
    return job["type"], job["subject"], job["data"], datetime.fromisoformat(job["time"]), job["id"]


if __name__ == "__main__":
    main()
