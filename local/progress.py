"""Progress messages with durations, in Chinese and English, and exceptions whose text is shown to the operator. Standard library only."""

import sys
import time
from contextlib import contextmanager


class CannotContinue(Exception):
    """Base class of errors that the operator can remove. The text states the cause in Chinese and English."""


class MissingPrerequisite(CannotContinue):
    """A program, package or server is missing on this machine. The text says what to install or to start."""


class AlreadyRunning(CannotContinue):
    """Another system is running in the run directory. The text names the directory."""


class DidNotStart(CannotContinue):
    """A server did not start. The text contains the end of its log."""


class MigrationFailed(CannotContinue):
    """The migration of a service's tables failed. The text contains the end of the migration's output."""


class NotReady(CannotContinue):
    """Some processes did not become ready in time. The text contains the end of each process's log."""


def print_message(zh: str, en: str) -> None:
    print(f"         {zh} | {en}", file=sys.stderr, flush=True)


@contextmanager
def timed_step(zh: str, en: str):
    """Print the name of a step and its duration at the end of the block; on a terminal, print the name also at the beginning."""
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
