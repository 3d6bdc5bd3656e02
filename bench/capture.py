"""Runs a hop's own code over given messages, in batches of the usual size: `python -m bench.capture <hop> <messages.pickle>`.

What it writes is the work that the floor then repeats without thinking.
"""

import pickle
import sys

from bench.packing import hearer
from plumbing.consumer import SIZE
from plumbing.events import Delivery


def main(hop: str, file: str) -> None:
    with open(file, "rb") as stored:
        messages = pickle.load(stored)
    hear, read = hearer(hop)
    deliveries = [Delivery(m.body, m.content_type, m.routing_key, m.user_id or "", m.id, m.headers or {}) for m in messages]
    for first in range(0, len(deliveries), SIZE):
        hear([read(delivery) for delivery in deliveries[first : first + SIZE]])


if __name__ == "__main__":
    main(*sys.argv[1:])
