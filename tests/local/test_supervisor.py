"""What dies is started again, what is stopped stays down, and nothing is left behind."""

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
    "deaf": ["sh", "-c", "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"],
    "told": ["sh", "-c", "echo told $WORD; sleep 60"],
}


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path, lambda name: (COMMANDS[name], {"WORD": "枫桥"}))
    yield supervisor
    supervisor.stop_all(seconds=1)


def eventually(question, seconds=10):
    give_up = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
    return answer


def test_a_killed_process_comes_back(supervisor):
    supervisor.start("steady")
    first = supervisor.pid("steady")

    assert supervisor.kill("steady")
    second = eventually(lambda: supervisor.pid("steady"))

    assert second != first
    assert supervisor.starts("steady") == 2


def test_nothing_comes_back_while_restarts_are_off(supervisor):
    supervisor.restarts = False
    supervisor.start("steady")
    supervisor.kill("steady")
    time.sleep(1)
    assert supervisor.pid("steady") is None

    supervisor.restarts = True

    assert eventually(lambda: supervisor.pid("steady"))


def test_a_process_that_cannot_live_is_tried_less_and_less_often(supervisor):
    supervisor.start("dying")

    pauses = eventually(
        lambda: [line["starts_again_in_seconds"] for line in _notes(supervisor) if line["event"] == "died"][:3] if supervisor.starts("dying") > 2 else None
    )

    assert pauses[:2] == [0.5, 1.0]


def test_who_is_stopped_stays_down_and_can_be_started_again(supervisor):
    supervisor.start("steady")
    supervisor.stop("steady")
    time.sleep(0.3)
    assert supervisor.pid("steady") is None

    supervisor.start("steady")

    assert supervisor.pid("steady")


def test_stopping_ends_also_what_a_process_started_itself(supervisor):
    supervisor.start("deaf")
    grandchild = int(eventually(lambda: supervisor.log("deaf").read_text().strip()))

    supervisor.stop("deaf", seconds=0.3)

    eventually(lambda: pids.birth_of(grandchild) is None)


def test_a_process_is_told_its_environment_and_not_the_addresses_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody-else")
    monkeypatch.setitem(COMMANDS, "told", ["sh", "-c", "echo told $WORD ${DATABASE_URL:-nothing}; sleep 60"])
    supervisor = Supervisor(tmp_path, lambda name: (COMMANDS[name], {"WORD": "枫桥"}))
    supervisor.start("told")

    said = eventually(lambda: supervisor.log("told").read_text())
    supervisor.stop_all()

    assert said == "told 枫桥 nothing\n"
    assert Path(supervisor.log("told")).stat().st_mode & 0o077 == 0


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next(tmp_path):
    child = os.fork()
    if child == 0:
        Supervisor(tmp_path, lambda name: (COMMANDS[name], {})).start("steady")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    orphan = pids.remembered(tmp_path / "pid/steady.json")
    assert orphan

    Supervisor(tmp_path, lambda name: (COMMANDS[name], {})).end_orphans()

    assert not orphan.is_alive()


def _notes(supervisor):
    return [json.loads(line) for line in supervisor.log("supervisor").read_text().splitlines()]
