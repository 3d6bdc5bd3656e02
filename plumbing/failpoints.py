"""Failpoints: points in the code at which the fault drills (package drills) kill the process. Without FENGQIAO_CRASH_FILE they do nothing."""

import os

CRASH_FILE = os.environ.get("FENGQIAO_CRASH_FILE", "")


def failpoint(name: str) -> None:
    """Exit the process at once, without cleaning up, if the crash file contains `name`. The file is deleted first, so that this happens only once."""
    if not CRASH_FILE:
        return
    try:
        with open(CRASH_FILE) as file:
            chosen = file.read()
        if chosen != name:
            return
        os.unlink(CRASH_FILE)
    except FileNotFoundError:
        return
    os._exit(137)
