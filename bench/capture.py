"""Runs the handler of a measured service on given messages, in batches of the usual size: `python -m bench.capture <measured service> <messages.pickle>`.

Database triggers record the rows that the handler writes (see `copies`). The floor later writes the same rows without deciding anything.
"""

import pickle
import sys

from bench.service_handlers import batch_handler
from plumbing.consumer import BATCH_SIZE
from plumbing.events import Delivery


def main(measured_service: str, file: str) -> None:
    with open(file, "rb") as stored:
        messages = pickle.load(stored)
    process, read = batch_handler(measured_service)
    deliveries = [Delivery(m.body, m.content_type, m.routing_key, m.user_id or "", m.id, m.headers or {}) for m in messages]
    for first in range(0, len(deliveries), BATCH_SIZE):
        process([read(delivery) for delivery in deliveries[first : first + BATCH_SIZE]])


if __name__ == "__main__":
    main(*sys.argv[1:])
