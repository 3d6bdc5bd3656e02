"""One agency of the demonstration, a process of its own: reads what to report from standard input, prints the receipts. Uses the kit only.

In:  one JSON object a line, {"id", "type", "subject", "data", "time"}.
Out: one JSON object a line, {"id", "receipt", "dispute", "reason"}; first those of an earlier run. It ends when standard input does.
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
    told = _Told()
    with Agency(os.environ["FENGQIAO_AGENCY"], os.environ["FENGQIAO_AMQP_URI"], os.environ["FENGQIAO_OUTBOX"]) as agency:
        earlier = set()
        for receipt in agency.receipts():
            earlier.add(receipt.id)
            told.say(receipt.event_id, receipt.type, receipt.dispute, (receipt.data.get("reason") or {}).get("code"))
        agency.on_receipt(lambda e: e.id in earlier or told.say(e.about, e.type, e.data.get("dispute"), (e.data.get("reason") or {}).get("code")))
        for jobs in _batches():
            _report(agency, jobs, told)


class _Told:
    """Owns standard output: receipts come from the kit's thread, mistakes from ours."""

    def __init__(self):
        self._lock = threading.Lock()

    def say(self, event_id, receipt, dispute, reason):
        with self._lock:
            sys.stdout.write(json.dumps({"id": event_id, "receipt": receipt, "dispute": dispute, "reason": reason}) + "\n")
            sys.stdout.flush()


def _batches():
    """As many lines as have come: a burst is written to the outbox at once."""
    rest = b""
    while chunk := os.read(sys.stdin.fileno(), CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield [json.loads(line) for line in lines]


def _report(agency, jobs, told):
    try:
        agency.report_many([_arguments(job) for job in jobs])
    except AgencyError as error:
        if len(jobs) == 1:
            told.say(jobs[0]["id"], "not sent", None, type(error).__name__)
            return
        for job in jobs:
            _report(agency, [job], told)


def _arguments(job):
    return job["type"], job["subject"], job["data"], datetime.fromisoformat(job["time"]), job["id"]


if __name__ == "__main__":
    main()
