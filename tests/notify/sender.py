"""notify as a process of its own, with the time limit for a call that a test wants: `python -m tests.notify.sender`."""

from plumbing import run  # makes everything green: first of all

import os  # isort: skip

from services.notify import webhook

if __name__ == "__main__":
    webhook.TOTAL_SECONDS = float(os.environ["TEST_TOTAL_SECONDS"])
    run.main("notify")
