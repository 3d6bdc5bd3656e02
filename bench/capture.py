"""Runs the handler of a measured service on given batches of messages with one event each: `python -m bench.capture <measured service> <batches.pickle>`.

Database triggers record the rows that the handler writes (see `copies`). The floor later writes the same rows without deciding anything.
"""

import pickle
import sys

from bench.service_handlers import batch_handler
from plumbing.events import Delivery


def main(measured_service: str, file: str) -> None:
    with open(file, "rb") as stored:
        batches = pickle.load(stored)
    process, read = batch_handler(measured_service)
    for batch in batches:
        process([read(Delivery(m.body, m.content_type, m.routing_key, m.user_id or "", m.id, m.headers or {})) for m in batch])


if __name__ == "__main__":
    main(*sys.argv[1:])
