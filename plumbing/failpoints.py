"""Where the reliability drill may make a process die, as if somebody pulled the plug there. Without its setting, nothing happens."""

import os

CRASH_AT = os.environ.get("FENGQIAO_CRASH_AT", "")
ONCE = os.environ.get("FENGQIAO_CRASH_MARK", "")


def failpoint(name: str) -> None:
    """Dies here, at once and without cleaning up, if the drill asked for it; once per mark file."""
    if name != CRASH_AT:
        return
    try:
        os.close(os.open(ONCE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    os._exit(137)
