"""Tests of the identification of OS processes by id and start time."""

import dataclasses
import signal
import subprocess

from local import pids


def test_process_that_reuses_the_id_of_a_recorded_process_is_not_signalled(tmp_path):
    other_process = subprocess.Popen(["sleep", "60"])
    recorded_process = pids.write_pid_file(tmp_path / "pid", other_process.pid)
    earlier_process = dataclasses.replace(recorded_process, started="earlier:1")

    assert not earlier_process.is_alive()
    assert not earlier_process.send(signal.SIGKILL)
    assert other_process.poll() is None

    assert pids.terminate(recorded_process, 5)
    assert other_process.wait() == -signal.SIGTERM


def test_read_pid_file_returns_the_process_only_while_the_process_runs(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    pids.write_pid_file(tmp_path / "pid", child.pid)

    assert pids.read_pid_file(tmp_path / "pid").pid == child.pid

    child.kill()
    child.wait()

    assert pids.read_pid_file(tmp_path / "pid") is None


def test_read_pid_file_returns_none_if_the_file_is_damaged_or_missing(tmp_path):
    (tmp_path / "half").write_text('{"pid": 12')

    assert pids.read_pid_file(tmp_path / "half") is None
    assert pids.read_pid_file(tmp_path / "none") is None


def test_process_that_ignores_sigterm_is_killed():
    ignoring_sigterm = subprocess.Popen(["sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait; sleep 60"], start_new_session=True, stdout=subprocess.PIPE)
    ignoring_sigterm.stdout.readline()
    process = pids.Process(ignoring_sigterm.pid, pids.start_time_of(ignoring_sigterm.pid))

    assert not pids.terminate(process, 0.3)
    assert ignoring_sigterm.wait() == -signal.SIGKILL
    ignoring_sigterm.stdout.close()
