"""Tests of the wait for a starting program: when it ends because of missing progress or too many deaths, and when it continues.

The fake programs do nothing, start slowly, write to the log without becoming ready, or exit.
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

SILENT_COMMAND = ["sleep", "120"]
LOGGING_COMMAND = ["sh", "-c", "while :; do echo still starting; sleep 0.1; done"]


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
        for process in [*psutil.Process(child.pid).children(recursive=True), child]:  # found as descendants, because some have their own process group
            process.kill()
        child.wait()


def reason_to_give_up_while(wait, condition=lambda: True):
    while condition():
        if reason := wait.reason_to_give_up():
            return reason
        time.sleep(0.02)
    return None


def test_wait_ends_for_a_program_that_uses_no_cpu_time_and_writes_no_output(start_program):
    assert reason_to_give_up_while(start_program(SILENT_COMMAND, max_idle=1.0)) == "1 秒内没有进展 | no progress for 1 s"


def test_wait_continues_beyond_the_idle_limit_while_the_program_writes_to_its_log(start_program, tmp_path):
    logging = start_program(LOGGING_COMMAND, max_idle=5.0)

    assert reason_to_give_up_while(logging, lambda: (tmp_path / "log").stat().st_size < 120 * len("still starting\n")) is None


def test_wait_continues_while_a_child_of_the_program_uses_cpu_time(start_program, monkeypatch):
    monkeypatch.setattr(startup_wait, "PROGRESS_CPU_SECONDS", 0.05)
    busy = start_program(["sh", "-c", f"setsid {sys.executable} -c 'while True: pass' & wait"], max_idle=8.0)

    assert reason_to_give_up_while(busy, lambda: cpu_seconds(busy.pid()) < 3) is None


def test_wait_ends_after_the_maximum_although_the_program_writes_to_its_log(start_program):
    assert reason_to_give_up_while(start_program(LOGGING_COMMAND, max_idle=60.0, max_seconds=1.0)) == "1 秒后仍未就绪 | not ready after 1 s"


# ── RabbitMQ ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\n{text}")
    (folder / name).chmod(0o700)
    return Programs(folder, {"PATH": "/nowhere"})  # a PATH in which Erlang's name server (epmd) is not found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


SLOW_BROKER_SCRIPT = """
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


def test_broker_that_starts_slowly_but_makes_progress_is_waited_for(tmp_path, monkeypatch):
    broker = fake_broker(tmp_path, monkeypatch, SLOW_BROKER_SCRIPT, max_idle=5.0)  # the fake broker needs at least six seconds

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
def test_start_of_a_broker_that_hangs_or_exits_raises_the_reason_and_the_end_of_its_log(tmp_path, monkeypatch, script, reason):
    broker = fake_broker(tmp_path, monkeypatch, script, max_idle=1.0)

    with pytest.raises(DidNotStart) as error:
        broker.start()

    assert reason in str(error.value) and "BOOT" in str(error.value)
    assert broker.pid() is None


# ── PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# A fake pg_ctl that stops waiting, and a fake server that is still in crash recovery at that time.
FAKE_PG_CTL_SCRIPT = """
import pathlib, subprocess, sys
data = sys.argv[sys.argv.index("-D") + 1]
if sys.argv[-1] == "start":
    log = open(sys.argv[sys.argv.index("-l") + 1], "a")
    server = pathlib.Path(__file__).with_name("server")
    subprocess.Popen([sys.executable, server, data, *server.with_name("plan").read_text().split(",")], stdout=log, stderr=log, start_new_session=True)
    print("waiting for server to start....... stopped waiting", "pg_ctl: server did not start in time", sep=chr(10))
    sys.exit(1)
"""
FAKE_SERVER_SCRIPT = """
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
    programs = write_program(tmp_path / "bin", "pg_ctl", FAKE_PG_CTL_SCRIPT)
    write_program(tmp_path / "bin", "server", FAKE_SERVER_SCRIPT)
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


def test_database_that_makes_no_progress_is_killed(tmp_path, monkeypatch):
    database = fake_database(tmp_path, monkeypatch, 1.0, 1, "starting")

    with pytest.raises(DidNotStart, match="no progress"):
        database.start()

    assert database.process() is None


# ── processes of the services ─────────────────────────────────────────────────────────────────────────────────────────────────────


class OneProcessSystem(System):
    """A system without servers, with one process that never becomes ready."""

    def __init__(self, folder, command):
        self.names, self._supervisor = ("process",), Supervisor(folder, lambda name: (command, {}))

    def readiness(self):
        return {"process": is_process_ready(1, "/readyz")}


@pytest.mark.parametrize(("command", "seconds"), [(SILENT_COMMAND, 1.0), (LOGGING_COMMAND, 0.2)])
def test_wait_ready_raises_not_ready_for_a_process_that_makes_no_progress_or_exceeds_the_limit(tmp_path, command, seconds):
    system = OneProcessSystem(tmp_path, command)
    system.start()

    with pytest.raises(NotReady, match="process:"):
        system.wait_ready(seconds=seconds)
    system._supervisor.stop_all(seconds=1)


def test_wait_ready_raises_not_ready_before_the_time_limit_if_a_process_dies_repeatedly(tmp_path, monkeypatch):
    monkeypatch.setattr("local.supervisor.FIRST_RESTART_PAUSE_SECONDS", 0.3)
    monkeypatch.setattr("local.supervisor.MAX_RESTART_PAUSE_SECONDS", 0.3)
    system = OneProcessSystem(tmp_path, ["sh", "-c", "echo cannot; sleep 0.5; exit 1"])
    system.start()

    with pytest.raises(NotReady, match="cannot"):
        system.wait_ready(seconds=3600)

    assert system.start_count("process") > MAX_START_FAILURES
    system._supervisor.stop_all(seconds=1)
