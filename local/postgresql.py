"""A PostgreSQL of our own: its data, its port, its log in one folder; started, stopped and killed by its own process id."""

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

from deploy.files import private, write_private
from local import pids
from local.patience import Patience
from local.programs import Programs
from local.progress import DidNotStart

MEMORY_SECONDS = 300
STILL_STARTING = "did not start in time"  # pg_ctl, in the language of LC_ALL below

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are small; and its library is as big as the server
}


class PostgreSQL:
    """One private server. What is confirmed survives a kill: fsync stays on, in tests as well."""

    def __init__(self, folder: Path, programs: Programs, port: int, password: str | None = None):
        self.folder, self.programs, self.port = private(folder), programs, port
        self.log = folder / "postgresql.log"
        self._prefix, home = _without_root(folder)
        self.data = home / "data"
        self._password_file = folder / "password"
        if not self._password_file.exists():
            if home != folder:
                self.discard()  # they belonged to a folder of this name that was deleted, and its password with it
            write_private(self._password_file, password or secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self._password_file.read_text()}@127.0.0.1:{self.port}/fengqiao"

    def start(self) -> None:
        if self.is_running():
            return
        if not (self.data / "PG_VERSION").exists():
            self._make()
        self._forget_the_dead()
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        give_up = time.monotonic() + MEMORY_SECONDS
        # After a kill the last of its children may still hold the shared memory: it goes within a second or two.
        while (result := self._control("-o", f"-p {self.port} {options}", "-l", str(self._server_log()), "-w", "-t", "60", "start")).returncode:
            if STILL_STARTING in result.stdout:
                self._wait()
                return
            if time.monotonic() > give_up or "shared memory block" not in self._tail():
                raise DidNotStart(f"PostgreSQL: {result.stdout}\n{self._tail()}")
            time.sleep(0.3)

    def _wait(self) -> None:
        """For a server that needs longer than pg_ctl waits: it repairs what a kill left behind, or the machine is busy."""
        patience = Patience(self.pid, self._server_log())
        while not self._is_ready():
            if why := patience.is_over():
                self.kill()
                raise DidNotStart(f"PostgreSQL: {why}\n{self._tail()}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        """As pg_ctl asks it: the eighth line of the pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].startswith("ready") and self.process() is not None

    def stop(self) -> None:
        if self.is_running():
            self._control("-m", "fast", "-w", "-t", "60", "stop")

    def kill(self) -> None:
        """As if the plug were pulled: no checkpoint, no goodbye."""
        if process := self.process():
            process.send(signal.SIGKILL)
            process.wait_gone(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def discard(self) -> None:
        """Deletes the data, wherever they lie."""
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
        """By its own pid file, if that process is really a server on these data."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        born = pids.birth_of(pid)
        return pids.Process(pid, born) if born and str(self.data) in words else None

    def _make(self) -> None:
        folder = self.data.parent
        if self._prefix[:1] == ["setpriv"]:
            subprocess.run(["install", "-d", "-o", "nobody", "-g", "nogroup", "-m", "700", str(folder)], check=True)
        with tempfile.NamedTemporaryFile("w", dir=folder) as password:
            password.write(self._password_file.read_text())
            password.flush()
            os.chmod(password.name, 0o600)
            if self._prefix[:1] == ["setpriv"]:
                os.chown(password.name, pwd.getpwnam("nobody").pw_uid, -1)
            # C.UTF-8: sorts by code point, and trigrams of Chinese work, which they do not with C.
            words = ["initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password.name}", "-E", "UTF8", "--locale=C.UTF-8"]
            result = self._run(*words)
        if result.returncode:
            raise DidNotStart(f"initdb: {result.stdout}")

    def _forget_the_dead(self) -> None:
        """A pid file left by a kill could name a number that another program has by now; PostgreSQL would then refuse to start."""
        if not self.process():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _server_log(self) -> Path:
        return self.data.parent / "postgresql.log"

    def _tail(self) -> str:
        return self._server_log().read_text(errors="replace")[-1500:] if self._server_log().exists() else ""

    def _control(self, *words: str) -> subprocess.CompletedProcess:
        return self._run("pg_ctl", "-D", str(self.data), *words)

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess:
        # pg_ctl leaves a server behind that keeps our pipe open: what it says goes to a file.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))} | self.programs.environment | {"LC_ALL": "C.UTF-8"}
        with tempfile.TemporaryFile("w+") as said:
            command = [*self._prefix, self.programs / program, *words]
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", start_new_session=True, check=False)
            said.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, said.read())


def _without_root(folder: Path) -> tuple[list[str], Path]:
    """PostgreSQL refuses to run as root. Returns what to put before its programs, and where its data may lie."""
    if os.geteuid() != 0:
        return [], folder
    if _has_user_namespaces():
        return _as_daemon(), folder
    # `nobody` cannot reach below a closed home: the data lie elsewhere, named after the folder they belong to.
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"], Path("/var/tmp") / f"fengqiao{str(folder).replace('/', '-')}"


def _as_daemon() -> list[str]:
    """Inside, geteuid() is daemon's; outside, the files stay root's. The number must be in /etc/passwd, initdb looks it up: daemon's always is."""
    daemon = pwd.getpwnam("daemon")
    return ["unshare", "-U", f"--map-user={daemon.pw_uid}", f"--map-group={daemon.pw_gid}", "--"]


@cache
def _has_user_namespaces() -> bool:
    if os.environ.get("FENGQIAO_NO_UNSHARE"):
        return False
    try:
        return subprocess.run([*_as_daemon(), "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False
