"""A process is its number and its birth."""

import dataclasses
import signal
import subprocess

from local import pids


def test_a_number_that_now_belongs_to_somebody_else_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["sleep", "60"])
    recorded = pids.remember(tmp_path / "pid", stranger.pid)
    of_earlier = dataclasses.replace(recorded, born="earlier:1")

    assert not of_earlier.is_alive()
    assert not of_earlier.send(signal.SIGKILL)
    assert stranger.poll() is None

    assert pids.end(recorded, 5)
    assert stranger.wait() == -signal.SIGTERM


def test_what_was_written_down_is_found_again_only_while_it_lives(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    pids.remember(tmp_path / "pid", child.pid)

    assert pids.remembered(tmp_path / "pid").pid == child.pid

    child.kill()
    child.wait()

    assert pids.remembered(tmp_path / "pid") is None


def test_a_damaged_or_missing_pid_file_names_nobody(tmp_path):
    (tmp_path / "half").write_text('{"pid": 12')

    assert pids.remembered(tmp_path / "half") is None
    assert pids.remembered(tmp_path / "none") is None


def test_who_does_not_listen_to_being_asked_is_killed():
    deaf = subprocess.Popen(["sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait; sleep 60"], start_new_session=True, stdout=subprocess.PIPE)
    deaf.stdout.readline()
    process = pids.Process(deaf.pid, pids.birth_of(deaf.pid))

    assert not pids.end(process, 0.3)
    assert deaf.wait() == -signal.SIGKILL
    deaf.stdout.close()
