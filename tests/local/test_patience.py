"""When is waiting for a program that starts given up? Fake programs: one does nothing, one is slow, one is loud and never ready, one ends."""

import socket
import subprocess
import sys
import time

import psutil
import pytest

from local import patience, postgresql, rabbitmq
from local.patience import Patience, cpu_seconds
from local.programs import Programs
from local.progress import DidNotStart, NotReady
from local.readiness import answers
from local.supervisor import Supervisor
from local.system import DEATHS_AT_MOST, System

SILENT = ["sleep", "120"]
LOUD = ["sh", "-c", "while :; do echo still starting; sleep 0.1; done"]


@pytest.fixture
def started(tmp_path):
    """started(command) runs it, its output in a log; Patience about it."""
    children = []

    def start(command, **how):
        log = tmp_path / "log"
        with log.open("ab") as out:
            children.append(subprocess.Popen(command, stdout=out, start_new_session=True))
        return Patience(lambda: children[-1].pid, log, **how)

    yield start
    for child in children:
        for one in [*psutil.Process(child.pid).children(recursive=True), child]:  # by descent: some have a group of their own
            one.kill()
        child.wait()


def outcome(one, while_true=lambda: True):
    while while_true():
        if why := one.is_over():
            return why
        time.sleep(0.02)
    return None


def test_a_program_that_neither_works_nor_says_anything_is_given_up(started):
    assert outcome(started(SILENT, idle=1.0)) == "1 秒内没有进展 | no progress for 1 s"


def test_a_program_that_goes_on_saying_something_is_waited_for_longer_than_it_may_be_silent(started, tmp_path):
    loud = started(LOUD, idle=5.0)

    assert outcome(loud, lambda: (tmp_path / "log").stat().st_size < 120 * len("still starting\n")) is None


def test_a_program_whose_children_work_in_silence_is_waited_for(started, monkeypatch):
    monkeypatch.setattr(patience, "CPU_SECONDS", 0.05)
    works = started(["sh", "-c", f"setsid {sys.executable} -c 'while True: pass' & wait"], idle=8.0)

    assert outcome(works, lambda: cpu_seconds(works.pid()) < 3) is None


def test_a_program_that_is_never_ready_is_given_up_whatever_it_does(started):
    assert outcome(started(LOUD, idle=60.0, at_most=1.0)) == "1 秒后仍未就绪 | not ready after 1 s"


# ── RabbitMQ ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\n{text}")
    (folder / name).chmod(0o700)
    return Programs(folder, {"PATH": "/nowhere"})  # no name server of Erlang's


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


def fake_broker(tmp_path, monkeypatch, text, idle):
    monkeypatch.setattr(rabbitmq, "Patience", lambda pid, log: Patience(pid, log, idle))
    return rabbitmq.RabbitMQ(tmp_path / "rabbitmq", program(tmp_path / "sbin", "rabbitmq-server", text), {name: free_port() for name in rabbitmq.PORTS})


def test_a_broker_that_is_slow_and_makes_progress_is_waited_for(tmp_path, monkeypatch):
    broker = fake_broker(tmp_path, monkeypatch, SLOW, idle=5.0)  # it needs six seconds, and on a busy machine more

    broker.start()

    assert broker.is_running()
    broker.kill()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import time\nprint('BOOT', flush=True)\ntime.sleep(600)", "没有进展 | no progress"),
        ("print('BOOT FAILED')\nraise SystemExit(1)", "进程已退出 | the process has ended"),
    ],
)
def test_a_broker_that_does_nothing_more_or_ends_is_given_up_and_the_reason_is_said_with_its_log(tmp_path, monkeypatch, text, why):
    broker = fake_broker(tmp_path, monkeypatch, text, idle=1.0)

    with pytest.raises(DidNotStart) as given_up:
        broker.start()

    assert why in str(given_up.value) and "BOOT" in str(given_up.value)
    assert broker.pid() is None


# ── PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# pg_ctl that gives up after its own time, and a server that goes on: it repairs what a kill left behind.
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


def fake_database(tmp_path, monkeypatch, idle, steps, status):
    monkeypatch.setattr(postgresql, "_without_root", lambda folder: ([], folder))
    monkeypatch.setattr(postgresql, "Patience", lambda pid, log: Patience(pid, log, idle))
    programs = program(tmp_path / "bin", "pg_ctl", PG_CTL)
    program(tmp_path / "bin", "server", SERVER)
    (tmp_path / "bin/plan").write_text(f"{steps},{status}")
    database = postgresql.PostgreSQL(tmp_path / "postgresql", programs, free_port())
    database.data.mkdir()
    (database.data / "PG_VERSION").write_text("15")
    return database


def test_a_database_that_needs_longer_than_pg_ctl_waits_is_waited_for(tmp_path, monkeypatch):
    database = fake_database(tmp_path, monkeypatch, 5.0, 60, "ready   ")

    database.start()

    assert database.process() is not None
    database.kill()


def test_a_database_that_makes_no_progress_is_given_up_and_ended(tmp_path, monkeypatch):
    database = fake_database(tmp_path, monkeypatch, 1.0, 1, "starting")

    with pytest.raises(DidNotStart, match="no progress"):
        database.start()

    assert database.process() is None


# ── our own processes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class OneProcess(System):
    """The part of a system that waits, with one program in it that never says that it is ready."""

    def __init__(self, folder, command):
        self.names, self._supervisor = ("it",), Supervisor(folder, lambda name: (command, {}))

    def readiness(self):
        return {"it": answers(1, "/readyz")}


@pytest.mark.parametrize(("command", "seconds"), [(SILENT, 1.0), (LOUD, 0.2)])
def test_a_process_that_does_nothing_or_is_never_ready_is_given_up(tmp_path, command, seconds):
    system = OneProcess(tmp_path, command)
    system.start()

    with pytest.raises(NotReady, match="it:"):
        system.wait_ready(seconds=seconds)
    system._supervisor.stop_all(seconds=1)


def test_a_process_that_dies_again_and_again_is_given_up_long_before_time_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr("local.supervisor.WAIT_AT_FIRST", 0.3)
    monkeypatch.setattr("local.supervisor.WAIT_AT_MOST", 0.3)
    system = OneProcess(tmp_path, ["sh", "-c", "echo cannot; sleep 0.5; exit 1"])
    system.start()

    with pytest.raises(NotReady, match="cannot"):
        system.wait_ready(seconds=3600)

    assert system.starts("it") > DEATHS_AT_MOST
    system._supervisor.stop_all(seconds=1)
