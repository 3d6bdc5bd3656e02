"""Does a process that started servers end them, in whatever way it is told to end?"""

import signal
import subprocess
import sys

import pytest

from deploy.files import ROOT

OWNER = """
import contextlib, signal
from local.signals import end_as_by_ctrl_c
end_as_by_ctrl_c()
with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as servers:
    servers.callback(print, "servers ended")
    print("up", flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda sign: sign.name)
def test_whoever_is_told_to_end_ends_what_it_started_also_in_the_background(sign):
    in_the_background = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}  # as a shell does for `… &`
    owner = subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True, **in_the_background)
    assert owner.stdout.readline() == "up\n"

    owner.send_signal(sign)

    assert owner.communicate(timeout=20)[0] == "servers ended\n"
    assert owner.returncode == 0
