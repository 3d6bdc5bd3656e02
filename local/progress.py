"""Says what is being done and how many seconds it took, in Chinese and English. Knows the standard library only."""

import sys
import time
from contextlib import contextmanager


class CannotGoOn(Exception):
    """Nothing is wrong with the program; the text tells a person what is in the way, in Chinese and English."""


class Missing(CannotGoOn):
    """Something that the machine does not have; the text says what to install."""


class AlreadyRunning(CannotGoOn):
    """Somebody else runs in this run directory; the text says which one."""


class DidNotStart(CannotGoOn):
    """A server did not come up; the text is the end of its log."""


class MigrationFailed(CannotGoOn):
    """A service's tables could not be brought up to date; the text is what the migration said."""


class NotReady(CannotGoOn):
    """Some processes did not come up in time; the text names each with the end of its log."""


def say(zh: str, en: str) -> None:
    print(f"         {zh} | {en}", file=sys.stderr, flush=True)


@contextmanager
def step(zh: str, en: str):
    """One line when it is done; on a terminal also while it lasts."""
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
