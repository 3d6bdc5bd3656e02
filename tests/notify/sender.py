"""Runs the service notify with the total time limit of a webhook call that a test chooses: `python -m tests.notify.sender`."""

from plumbing import run  # must be the first import, because it monkey-patches the standard library

import os  # isort: skip

from services.notify import webhook

if __name__ == "__main__":
    webhook.TOTAL_TIMEOUT_SECONDS = float(os.environ["TEST_TOTAL_SECONDS"])
    run.main("notify")
