"""Handling of stop signals in a process that started servers: it must live until they are stopped."""

import signal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_stop_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, so that context managers are left properly. Works for background processes, too."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, _interrupt)


def ignore_stop_signals() -> None:
    """Ignore further stop signals, so that a second Ctrl-C does not interrupt the stop."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


def _interrupt(*_) -> None:
    raise KeyboardInterrupt
