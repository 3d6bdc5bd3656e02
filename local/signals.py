"""Whoever started servers must live long enough to end them."""

import signal

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_as_by_ctrl_c() -> None:
    """Told to end in whatever way, this process raises KeyboardInterrupt and so leaves its context managers in order. Ctrl-C works in the background too."""
    for sign in ENDINGS:
        signal.signal(sign, _interrupt)


def end_undisturbed() -> None:
    """A second Ctrl-C must not leave half of it running."""
    for sign in ENDINGS:
        signal.signal(sign, signal.SIG_IGN)


def _interrupt(*_) -> None:
    raise KeyboardInterrupt
