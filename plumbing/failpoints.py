"""Where the reliability drill may make a process die, as if somebody pulled the plug there. Without its setting, nothing happens."""

import os

CRASH_FILE = os.environ.get("FENGQIAO_CRASH_FILE", "")


def failpoint(name: str) -> None:
    """Dies here, at once and without cleaning up, if the drill wrote this name into the file; once, as the file is deleted first."""
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
