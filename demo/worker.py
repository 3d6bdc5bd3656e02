"""Program that simulates several agencies with the agency client library (kit): reports the events that it reads, and prints the receipts.

Input:  one JSON object per line. The first line of an agency is {"agency", "amqp", "outbox"}: its code, its AMQP address and the file of its outbox.
        Its events follow as {"agency", "id", "type", "subject", "data", "time"}. The program exits at the end of the input.
Output: one JSON object per line, {"id", "receipt", "dispute", "reason"}. Receipts that an earlier run of an agency has stored are printed first.
"""

import json
import logging
import os
import sys
import threading
from collections import defaultdict
from contextlib import ExitStack
from datetime import datetime

from fengqiao_agency import Agency, AgencyError

READ_SIZE_BYTES = 1 << 18


def main():
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    output = _ReceiptOutput()
    with ExitStack() as stack:
        agencies: dict[str, Agency] = {}
        for lines in _line_batches():
            jobs = defaultdict(list)
            for line in lines:
                if "amqp" in line:
                    agencies[line["agency"]] = stack.enter_context(_open_agency(line, output))
                else:
                    jobs[line["agency"]].append(line)
            for code, of_agency in jobs.items():
                _report_jobs(agencies[code], of_agency, output)


def _open_agency(line, output):
    """Print the receipts that an earlier run of the agency has stored. Return the agency, not yet connected; it will print every new receipt."""
    # Without a heartbeat: while the history is being sent, an outbox is often empty although much is still to be reported.
    agency = Agency(line["agency"], line["amqp"], line["outbox"], heartbeat=None)
    earlier_receipt_ids = set()
    for receipt in agency.receipts():
        earlier_receipt_ids.add(receipt.id)
        output.write(receipt.event_id, receipt.type, receipt.dispute, (receipt.data.get("reason") or {}).get("code"))
    agency.on_receipt(
        lambda e: e.id in earlier_receipt_ids or output.write(e.answered_event_id, e.type, e.data.get("dispute"), (e.data.get("reason") or {}).get("code"))
    )
    return agency


class _ReceiptOutput:
    """Standard output with a lock, because the kit's threads print receipts and the main thread prints errors."""

    def __init__(self):
        self._lock = threading.Lock()

    def write(self, event_id, receipt, dispute, reason):
        with self._lock:
            sys.stdout.write(json.dumps({"id": event_id, "receipt": receipt, "dispute": dispute, "reason": reason}) + "\n")
            sys.stdout.flush()


def _line_batches():
    """Yield lists of decoded lines: those that have arrived since the last list. An agency writes its events of a list to its outbox in one transaction."""
    incomplete_line = b""
    while chunk := os.read(sys.stdin.fileno(), READ_SIZE_BYTES):
        *lines, incomplete_line = (incomplete_line + chunk).split(b"\n")
        if lines:
            yield [json.loads(line) for line in lines]


def _report_jobs(agency, jobs, output):
    try:
        agency.report_many([_report_arguments(job) for job in jobs])
    except AgencyError as error:
        if len(jobs) == 1:
            output.write(jobs[0]["id"], "not sent", None, type(error).__name__)
            return
        for job in jobs:
            _report_jobs(agency, [job], output)


def _report_arguments(job):
    return job["type"], job["subject"], job["data"], datetime.fromisoformat(job["time"]), job["id"]


if __name__ == "__main__":
    main()
