"""Progress messages with durations, in Chinese and English, and the errors whose text is meant for the operator. Standard library only."""

import sys
import time
from contextlib import contextmanager


class CannotContinue(Exception):
    """Base class of errors with a cause outside the program. The text states the cause in Chinese and English."""


class MissingPrerequisite(CannotContinue):
    """Something is missing on this machine. The text says what to install or to start."""


class AlreadyRunning(CannotContinue):
    """Another process uses the run directory. The text names the directory."""


class DidNotStart(CannotContinue):
    """A server did not start. The text is the end of its log."""


class MigrationFailed(CannotContinue):
    """The migration of a service failed. The text is the end of its output."""


class NotReady(CannotContinue):
    """Some processes did not become ready in time. The text contains the end of the log of each."""


def print_message(zh: str, en: str) -> None:
    print(f"         {zh} | {en}", file=sys.stderr, flush=True)


@contextmanager
def timed_step(zh: str, en: str):
    """Print the step and its duration after the block; on a terminal, also print the step at its start."""
    terminal = sys.stderr.isatty()
    if terminal:
        print(f"    …    {zh} | {en}", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    mark = "✗"
    try:
        yield
        mark = " "
    finally:
        start_of_line = "\r\033[K" if terminal else ""
        print(f"{start_of_line}{mark}{time.monotonic() - began:5.1f} s  {zh} | {en}", file=sys.stderr, flush=True)
