"""Handling of stop signals in a process that started servers. The process must not end before the servers are stopped."""

import signal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_stop_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, so that the exit methods of context managers run. Works also for background processes."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, _interrupt)


def ignore_stop_signals() -> None:
    """Ignore further stop signals, so that a second Ctrl-C does not interrupt the stopping of the servers."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


def _interrupt(*_) -> None:
    raise KeyboardInterrupt
