"""Tests of the decision to stop waiting for a program that starts.

The fake programs do nothing, are slow, write to the log without becoming ready, or exit.
"""

import socket
import subprocess
import sys
import time

import psutil
import pytest

from local import postgresql, rabbitmq, startup_wait
from local.programs import Programs
from local.progress import DidNotStart, NotReady
from local.readiness import is_process_ready
from local.startup_wait import StartupWait, cpu_seconds
from local.supervisor import Supervisor
from local.system import MAX_START_FAILURES, System

SILENT = ["sleep", "120"]
LOGGING = ["sh", "-c", "while :; do echo still starting; sleep 0.1; done"]


@pytest.fixture
def start_program(tmp_path):
    """Return a function that starts a command with its output in a log and returns a StartupWait for it."""
    children = []

    def start(command, **limits):
        log = tmp_path / "log"
        with log.open("ab") as out:
            children.append(subprocess.Popen(command, stdout=out, start_new_session=True))
        return StartupWait(lambda: children[-1].pid, log, **limits)

    yield start
    for child in children:
        for process in [*psutil.Process(child.pid).children(recursive=True), child]:  # by descent, because some have their own process group
            process.kill()
        child.wait()


def wait_while(wait, condition=lambda: True):
    while condition():
        if reason := wait.reason_to_give_up():
            return reason
        time.sleep(0.02)
    return None


def test_program_without_cpu_use_and_output_is_given_up(start_program):
    assert wait_while(start_program(SILENT, max_idle=1.0)) == "1 秒内没有进展 | no progress for 1 s"


def test_program_that_keeps_logging_is_waited_for_beyond_the_idle_limit(start_program, tmp_path):
    logging = start_program(LOGGING, max_idle=5.0)

    assert wait_while(logging, lambda: (tmp_path / "log").stat().st_size < 120 * len("still starting\n")) is None


def test_program_whose_children_use_cpu_without_output_is_waited_for(start_program, monkeypatch):
    monkeypatch.setattr(startup_wait, "PROGRESS_CPU_SECONDS", 0.05)
    busy = start_program(["sh", "-c", f"setsid {sys.executable} -c 'while True: pass' & wait"], max_idle=8.0)

    assert wait_while(busy, lambda: cpu_seconds(busy.pid()) < 3) is None


def test_program_that_never_becomes_ready_is_given_up_after_the_maximum(start_program):
    assert wait_while(start_program(LOGGING, max_idle=60.0, max_seconds=1.0)) == "1 秒后仍未就绪 | not ready after 1 s"


# ── RabbitMQ ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\n{text}")
    (folder / name).chmod(0o700)
    return Programs(folder, {"PATH": "/nowhere"})  # without Erlang's name server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


SLOW = """
import os, socket, time
for _ in range(60):
    print("starting", flush=True)
    time.sleep(0.1)
with socket.create_server(("127.0.0.1", int(os.environ["RABBITMQ_NODE_PORT"]))) as server:
    while True:
        client, _ = server.accept()
        client.recv(8)
        client.sendall(bytes([1]))
        client.close()
"""


def fake_broker(tmp_path, monkeypatch, text, max_idle):
    monkeypatch.setattr(rabbitmq, "StartupWait", lambda pid, log: StartupWait(pid, log, max_idle))
    return rabbitmq.RabbitMQ(
        tmp_path / "rabbitmq", write_program(tmp_path / "sbin", "rabbitmq-server", text), {name: free_port() for name in rabbitmq.PORT_NAMES}
    )


def test_slow_broker_with_progress_is_waited_for(tmp_path, monkeypatch):
    broker = fake_broker(tmp_path, monkeypatch, SLOW, max_idle=5.0)  # it needs six seconds, and more on a busy machine

    broker.start()

    assert broker.is_running()
    broker.kill()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import time\nprint('BOOT', flush=True)\ntime.sleep(600)", "没有进展 | no progress"),
        ("print('BOOT FAILED')\nraise SystemExit(1)", "进程已退出 | the process has ended"),
    ],
)
def test_hung_or_ended_broker_raises_the_reason_with_the_end_of_its_log(tmp_path, monkeypatch, script, reason):
    broker = fake_broker(tmp_path, monkeypatch, script, max_idle=1.0)

    with pytest.raises(DidNotStart) as error:
        broker.start()

    assert reason in str(error.value) and "BOOT" in str(error.value)
    assert broker.pid() is None


# ── PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# A pg_ctl that stops waiting, and a server that continues with crash recovery.
PG_CTL = """
import pathlib, subprocess, sys
data = sys.argv[sys.argv.index("-D") + 1]
if sys.argv[-1] == "start":
    log = open(sys.argv[sys.argv.index("-l") + 1], "a")
    server = pathlib.Path(__file__).with_name("server")
    subprocess.Popen([sys.executable, server, data, *server.with_name("plan").read_text().split(",")], stdout=log, stderr=log, start_new_session=True)
    print("waiting for server to start....... stopped waiting", "pg_ctl: server did not start in time", sep=chr(10))
    sys.exit(1)
"""
SERVER = """
import os, pathlib, sys, time
_, data, steps, status = sys.argv
file = pathlib.Path(data, "postmaster.pid")
lines = [str(os.getpid()), data, "1", "5432", "", "127.0.0.1", "0", "starting", ""]
file.write_text(chr(10).join(lines))
for _ in range(int(steps)):
    print("redo in progress", flush=True)
    time.sleep(0.1)
lines[7] = status
file.write_text(chr(10).join(lines))
time.sleep(600)
"""


def fake_database(tmp_path, monkeypatch, max_idle, steps, status):
    monkeypatch.setattr(postgresql, "_unprivileged_prefix_and_home", lambda folder: ([], folder))
    monkeypatch.setattr(postgresql, "StartupWait", lambda pid, log: StartupWait(pid, log, max_idle))
    programs = write_program(tmp_path / "bin", "pg_ctl", PG_CTL)
    write_program(tmp_path / "bin", "server", SERVER)
    (tmp_path / "bin/plan").write_text(f"{steps},{status}")
    database = postgresql.PostgreSQL(tmp_path / "postgresql", programs, free_port())
    database.data.mkdir()
    (database.data / "PG_VERSION").write_text("15")
    return database


def test_database_that_starts_longer_than_pg_ctl_waits_is_waited_for(tmp_path, monkeypatch):
    database = fake_database(tmp_path, monkeypatch, 5.0, 60, "ready   ")

    database.start()

    assert database.process() is not None
    database.kill()


def test_database_without_progress_is_given_up_and_killed(tmp_path, monkeypatch):
    database = fake_database(tmp_path, monkeypatch, 1.0, 1, "starting")

    with pytest.raises(DidNotStart, match="no progress"):
        database.start()

    assert database.process() is None


# ── processes of the services ─────────────────────────────────────────────────────────────────────────────────────────────────────


class OneProcess(System):
    """A system with one program that never becomes ready, without servers."""

    def __init__(self, folder, command):
        self.names, self._supervisor = ("process",), Supervisor(folder, lambda name: (command, {}))

    def readiness(self):
        return {"process": is_process_ready(1, "/readyz")}


@pytest.mark.parametrize(("command", "seconds"), [(SILENT, 1.0), (LOGGING, 0.2)])
def test_process_that_does_nothing_or_never_becomes_ready_raises_not_ready(tmp_path, command, seconds):
    system = OneProcess(tmp_path, command)
    system.start()

    with pytest.raises(NotReady, match="process:"):
        system.wait_ready(seconds=seconds)
    system._supervisor.stop_all(seconds=1)


def test_process_that_keeps_dying_raises_not_ready_before_the_time_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("local.supervisor.FIRST_RESTART_PAUSE", 0.3)
    monkeypatch.setattr("local.supervisor.MAX_RESTART_PAUSE", 0.3)
    system = OneProcess(tmp_path, ["sh", "-c", "echo cannot; sleep 0.5; exit 1"])
    system.start()

    with pytest.raises(NotReady, match="cannot"):
        system.wait_ready(seconds=3600)

    assert system.start_count("process") > MAX_START_FAILURES
    system._supervisor.stop_all(seconds=1)
