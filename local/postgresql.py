"""A private PostgreSQL server with its data, port and log in one folder; started, stopped and killed by its process id."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from deploy.files import make_private_folder, write_private
from local import pids
from local.programs import Programs
from local.progress import DidNotStart
from local.startup_wait import StartupWait

SHARED_MEMORY_WAIT_SECONDS = 300
PG_CTL_TIMED_OUT = "did not start in time"  # message of pg_ctl under the LC_ALL of `_run`

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # the statements are small, and the JIT library is as large as the server
}


class PostgreSQL:
    """One private server. Committed data survive a kill: fsync stays on, also in tests."""

    def __init__(self, folder: Path, programs: Programs, port: int, password: str | None = None):
        self.folder, self.programs, self.port = make_private_folder(folder), programs, port
        self.log = folder / "postgresql.log"
        self._prefix, home = _unprivileged_prefix_and_home(folder)
        self.data = home / "data"
        self._password_file = folder / "password"
        if not self._password_file.exists():
            if home != folder:
                self.delete_data()  # the data belonged to a deleted folder of this name, and their password was deleted with it
            write_private(self._password_file, password or secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self._password_file.read_text()}@127.0.0.1:{self.port}/fengqiao"

    def start(self) -> None:
        if self.is_running():
            return
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._remove_stale_pid_file()
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        give_up_at = time.monotonic() + SHARED_MEMORY_WAIT_SECONDS
        # After a kill, the last child processes may keep the shared memory for one or two seconds.
        while (result := self._control("-o", f"-p {self.port} {options}", "-l", str(self._server_log()), "-w", "-t", "60", "start")).returncode:
            if PG_CTL_TIMED_OUT in result.stdout:
                self._wait_until_ready()
                return
            if time.monotonic() > give_up_at or "shared memory block" not in self._tail():
                raise DidNotStart(f"PostgreSQL: {result.stdout}\n{self._tail()}")
            time.sleep(0.3)

    def _wait_until_ready(self) -> None:
        """Wait for a server that starts longer than pg_ctl waits: because of crash recovery, or on a busy machine."""
        startup = StartupWait(self.pid, self._server_log())
        while not self._is_ready():
            if reason := startup.reason_to_give_up():
                self.kill()
                raise DidNotStart(f"PostgreSQL: {reason}\n{self._tail()}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        """Return whether the status line (the eighth) of postmaster.pid is `ready`, as pg_ctl checks it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].startswith("ready") and self.process() is not None

    def stop(self) -> None:
        if self.is_running():
            self._control("-m", "fast", "-w", "-t", "60", "stop")

    def kill(self) -> None:
        """Kill the server with SIGKILL, without a checkpoint."""
        if process := self.process():
            process.send(signal.SIGKILL)
            process.wait_until_gone(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def delete_data(self) -> None:
        """Kill the server and delete its data, also if they are outside the folder."""
        self.kill()
        shutil.rmtree(self.data.parent if self.data.parent != self.folder else self.data, ignore_errors=True)

    def pid(self) -> int | None:
        process = self.process()
        return process.pid if process else None

    def is_running(self) -> bool:
        if not self.process():
            return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def process(self) -> pids.Process | None:
        """Return the process named in postmaster.pid if it is a server on this data folder, else None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        started = pids.start_time_of(pid)
        return pids.Process(pid, started) if started and str(self.data) in arguments else None

    def _initialise(self) -> None:
        folder = self.data.parent
        if self._prefix[:1] == ["setpriv"]:
            subprocess.run(["install", "-d", "-o", "nobody", "-g", "nogroup", "-m", "700", str(folder)], check=True)
        with tempfile.NamedTemporaryFile("w", dir=folder) as password:
            password.write(self._password_file.read_text())
            password.flush()
            os.chmod(password.name, 0o600)
            if self._prefix[:1] == ["setpriv"]:
                os.chown(password.name, pwd.getpwnam("nobody").pw_uid, -1)
            # C.UTF-8 sorts by code point and supports trigrams of Chinese text, which C does not.
            arguments = ["initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password.name}", "-E", "UTF8", "--locale=C.UTF-8"]
            result = self._run(*arguments)
        if result.returncode:
            raise DidNotStart(f"initdb: {result.stdout}")

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a killed server. If its process id were in use by another program, PostgreSQL would refuse to start."""
        if not self.process():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _server_log(self) -> Path:
        return self.data.parent / "postgresql.log"

    def _tail(self) -> str:
        return self._server_log().read_text(errors="replace")[-1500:] if self._server_log().exists() else ""

    def _control(self, *arguments: str) -> subprocess.CompletedProcess:
        return self._run("pg_ctl", "-D", str(self.data), *arguments)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        # The server started by pg_ctl would keep a pipe open, hence a file for the output.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))} | self.programs.environment | {"LC_ALL": "C.UTF-8"}
        with tempfile.TemporaryFile("w+") as output:
            command = [*self._prefix, self.programs / program, *arguments]
            completed = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True, check=False
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, completed.returncode, output.read())


def _unprivileged_prefix_and_home(folder: Path) -> tuple[list[str], Path]:
    """Return the command prefix with which PostgreSQL does not run as root, which it refuses, and the folder for its data."""
    if os.geteuid() != 0:
        return [], folder
    if _has_user_namespaces():
        return _user_namespace_prefix(), folder
    # User `nobody` cannot access a private home folder: the data are in /var/tmp, in a folder named after the run folder.
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"], Path("/var/tmp") / f"fengqiao{str(folder).replace('/', '-')}"


def _user_namespace_prefix() -> list[str]:
    """Return the command prefix that runs a program as user `daemon` in a user namespace. Files stay owned by root outside it.

    The user must be in /etc/passwd, where initdb looks it up; `daemon` always is.
    """
    daemon = pwd.getpwnam("daemon")
    return ["unshare", "-U", f"--map-user={daemon.pw_uid}", f"--map-group={daemon.pw_gid}", "--"]


@cache
def _has_user_namespaces() -> bool:
    if os.environ.get("FENGQIAO_NO_UNSHARE"):
        return False
    try:
        return subprocess.run([*_user_namespace_prefix(), "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False
