"""A private PostgreSQL server with its data, port and log in one folder."""

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
PG_CTL_TIMEOUT_TEXT = "did not start in time"  # message of pg_ctl in the locale that `_run_program` sets

SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # just-in-time compilation does not pay for small statements, and its library is as large as the server
}


class PostgreSQL:
    """A private PostgreSQL server. Committed data survive a kill of the server, because fsync is on, also in tests."""

    def __init__(self, folder: Path, programs: Programs, port: int, password: str | None = None):
        self.folder, self.programs, self.port = make_private_folder(folder), programs, port
        self.log = folder / "postgresql.log"
        self._prefix, home = _unprivileged_prefix_and_home(folder)
        self.data = home / "data"
        self._password_file = folder / "password"
        if not self._password_file.exists():
            if home != folder:
                self.delete_data()  # data left by a deleted folder of the same name, whose password file no longer exists
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
        options = " ".join(f"-c {name}='{value}'" for name, value in SERVER_SETTINGS.items())
        give_up_at = time.monotonic() + SHARED_MEMORY_WAIT_SECONDS
        # After a kill, the last child processes may use the shared memory for one or two seconds; the start is then tried again.
        while (result := self._run_pg_ctl("-o", f"-p {self.port} {options}", "-l", str(self._server_log()), "-w", "-t", "60", "start")).returncode:
            if PG_CTL_TIMEOUT_TEXT in result.stdout:
                self._wait_until_ready()
                return
            if time.monotonic() > give_up_at or "shared memory block" not in self._end_of_log():
                raise DidNotStart(f"PostgreSQL: {result.stdout}\n{self._end_of_log()}")
            time.sleep(0.3)

    def _wait_until_ready(self) -> None:
        """Wait until the server is ready, although pg_ctl stopped waiting: crash recovery takes long, or the machine is busy."""
        startup = StartupWait(self.pid, self._server_log())
        while not self._is_ready():
            if reason := startup.reason_to_give_up():
                self.kill()
                raise DidNotStart(f"PostgreSQL: {reason}\n{self._end_of_log()}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        """Return whether the server is ready: the eighth line of postmaster.pid is `ready`, which is also what pg_ctl checks."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].startswith("ready") and self.process() is not None

    def stop(self) -> None:
        if self.is_running():
            self._run_pg_ctl("-m", "fast", "-w", "-t", "60", "stop")

    def kill(self) -> None:
        """Kill the server with SIGKILL, without a checkpoint."""
        if process := self.process():
            process.send(signal.SIGKILL)
            process.wait_until_ended(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def delete_data(self) -> None:
        """Kill the server and delete its data, also if the data are outside the folder."""
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
        """Return the process named in postmaster.pid, or None if it is not a server that uses this data folder."""
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
            # Locale C.UTF-8 sorts by code point and, unlike locale C, supports trigrams of Chinese text.
            arguments = ["initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password.name}", "-E", "UTF8", "--locale=C.UTF-8"]
            result = self._run_program(*arguments)
        if result.returncode:
            raise DidNotStart(f"initdb: {result.stdout}")

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a killed server. PostgreSQL would refuse to start if another program now used the process id in it."""
        if not self.process():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _server_log(self) -> Path:
        return self.data.parent / "postgresql.log"

    def _end_of_log(self) -> str:
        return self._server_log().read_text(errors="replace")[-1500:] if self._server_log().exists() else ""

    def _run_pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess:
        return self._run_program("pg_ctl", "-D", str(self.data), *arguments)

    def _run_program(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        # The output goes to a file, not a pipe: the server started by pg_ctl would keep the pipe open.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))} | self.programs.environment | {"LC_ALL": "C.UTF-8"}
        with tempfile.TemporaryFile("w+") as output:
            command = [*self._prefix, self.programs / program, *arguments]
            completed = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True, check=False
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, completed.returncode, output.read())


def _unprivileged_prefix_and_home(folder: Path) -> tuple[list[str], Path]:
    """Return the command prefix that makes PostgreSQL run as another user than root, and the folder for its data. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return [], folder
    if _has_user_namespaces():
        return _user_namespace_prefix(), folder
    # User `nobody` cannot access a private home folder. The data are therefore in /var/tmp, in a folder named after the run directory.
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"], Path("/var/tmp") / f"fengqiao{str(folder).replace('/', '-')}"


def _user_namespace_prefix() -> list[str]:
    """Return the command prefix that runs a program as user `daemon` in a Linux user namespace. Outside the namespace, root owns the files.

    User `daemon` is chosen because initdb looks the user up in /etc/passwd, and `daemon` is always there.
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
