"""Says what is being done and how many seconds it took, in Chinese and English. Knows the standard library only."""

import sys
import time
from contextlib import contextmanager


class Missing(Exception):
    """Something that the machine does not have; the text says what to install, in Chinese and English."""


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
