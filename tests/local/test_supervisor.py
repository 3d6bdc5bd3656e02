"""Tests of the supervisor: it restarts dead processes, does not restart stopped processes, and leaves no process running."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from local import pids
from local.supervisor import Supervisor

COMMANDS = {
    "steady": ["sleep", "60"],
    "dying": ["false"],
    "ignores_sigterm": ["sh", "-c", "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"],
    "prints_environment": ["sh", "-c", "echo value $WORD; sleep 60"],
}


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path, lambda name: (COMMANDS[name], {"WORD": "枫桥"}))
    yield supervisor
    supervisor.stop_all(seconds=1)


def wait_for(condition, seconds=10):
    give_up_at = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < give_up_at, "the condition was not met in time"
        time.sleep(0.02)
    return value


def test_killed_process_is_restarted(supervisor):
    supervisor.start("steady")
    first = supervisor.pid("steady")

    assert supervisor.kill("steady")
    second = wait_for(lambda: supervisor.pid("steady"))

    assert second != first
    assert supervisor.start_count("steady") == 2


def test_killed_process_is_not_restarted_while_restarts_are_switched_off(supervisor):
    supervisor.restarts = False
    supervisor.start("steady")
    supervisor.kill("steady")
    time.sleep(1)
    assert supervisor.pid("steady") is None

    supervisor.restarts = True

    assert wait_for(lambda: supervisor.pid("steady"))


def test_pause_before_a_restart_doubles_after_each_failed_start(supervisor):
    supervisor.start("dying")

    pauses = wait_for(
        lambda: (
            [line["starts_again_in_seconds"] for line in _log_lines(supervisor) if line["event"] == "died"][:3] if supervisor.start_count("dying") > 2 else None
        )
    )

    assert pauses[:2] == [0.5, 1.0]


def test_stopped_process_is_not_restarted_until_start_is_called(supervisor):
    supervisor.start("steady")
    supervisor.stop("steady")
    time.sleep(0.3)
    assert supervisor.pid("steady") is None

    supervisor.start("steady")

    assert supervisor.pid("steady")


def test_stop_also_ends_the_child_processes_of_a_process_that_ignores_sigterm(supervisor):
    supervisor.start("ignores_sigterm")
    grandchild = int(wait_for(lambda: supervisor.log("ignores_sigterm").read_text().strip()))

    supervisor.stop("ignores_sigterm", seconds=0.3)

    wait_for(lambda: pids.start_time_of(grandchild) is None)


def test_process_gets_its_own_environment_but_no_server_addresses_of_its_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody-else")
    monkeypatch.setitem(COMMANDS, "prints_environment", ["sh", "-c", "echo value $WORD ${DATABASE_URL:-nothing}; sleep 60"])
    supervisor = Supervisor(tmp_path, lambda name: (COMMANDS[name], {"WORD": "枫桥"}))
    supervisor.start("prints_environment")

    output = wait_for(lambda: supervisor.log("prints_environment").read_text())
    supervisor.stop_all()

    assert output == "value 枫桥 nothing\n"
    assert Path(supervisor.log("prints_environment")).stat().st_mode & 0o077 == 0


def test_end_orphans_ends_the_processes_of_a_killed_supervisor(tmp_path):
    child = os.fork()
    if child == 0:
        Supervisor(tmp_path, lambda name: (COMMANDS[name], {})).start("steady")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    orphan = pids.read_pid_file(tmp_path / "pid/steady.json")
    assert orphan

    Supervisor(tmp_path, lambda name: (COMMANDS[name], {})).end_orphans()

    assert not orphan.is_alive()


def _log_lines(supervisor):
    return [json.loads(line) for line in supervisor.log("supervisor").read_text().splitlines()]
