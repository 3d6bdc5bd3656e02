"""Tests of stop signals: after SIGINT, SIGTERM or SIGHUP, a process that started servers stops them and ends."""

import signal
import subprocess
import sys

import pytest

from deploy.files import ROOT

SERVER_OWNER_SCRIPT = """
import contextlib, signal
from local.signals import interrupt_on_stop_signals
interrupt_on_stop_signals()
with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as servers:
    servers.callback(print, "servers ended")
    print("up", flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda signum: signum.name)
def test_background_process_stops_its_servers_after_a_stop_signal(signum):
    background_options = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}  # a shell starts background commands with SIGINT ignored
    owner = subprocess.Popen([sys.executable, "-c", SERVER_OWNER_SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True, **background_options)
    assert owner.stdout.readline() == "up\n"

    owner.send_signal(signum)

    assert owner.communicate(timeout=20)[0] == "servers ended\n"
    assert owner.returncode == 0
