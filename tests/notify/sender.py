"""notify as a separate process, with the total time limit of a webhook call set by a test: `python -m tests.notify.sender`."""

from plumbing import run  # monkey-patches the standard library, so it must be the first import

import os  # isort: skip

from services.notify import webhook

if __name__ == "__main__":
    webhook.TOTAL_SECONDS = float(os.environ["TEST_TOTAL_SECONDS"])
    run.main("notify")
