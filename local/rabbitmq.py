"""A private RabbitMQ node with its data, ports, Erlang cookie and log in one folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from deploy.files import make_private_folder, write_private
from local import pids, rabbitmq_home
from local.programs import Programs
from local.progress import DidNotStart
from local.startup_wait import StartupWait

PORT_NAMES = ("broker", "broker_management", "broker_metrics", "broker_distribution", "broker_names")
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
MAX_MEMORY_BYTES = 2 * 2**30

CONFIGURATION_TEMPLATE = """\
listeners.tcp.1 = 127.0.0.1:{broker}
management.tcp.ip = 127.0.0.1
management.tcp.port = {broker_management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {broker_metrics}
load_definitions = {definitions}
vm_memory_high_watermark.absolute = {memory}
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 64000000
cluster_name = fengqiao
collect_statistics_interval = 5000
log.file = false
log.console = true
log.console.level = info
"""


class RabbitMQ:
    """A private RabbitMQ node with an Erlang name server (epmd) of its own. Both listen on loopback only."""

    def __init__(self, folder: Path, programs: Programs, ports: dict[str, int]):
        self.folder, self.programs, self.ports = make_private_folder(folder), programs, {name: ports[name] for name in PORT_NAMES}
        self.log = folder / "rabbitmq.log"
        self.definitions = folder / "definitions.json"
        self._pid_file = folder / "pid.json"
        self._child: subprocess.Popen | None = None

    def write_definitions(self, document: dict) -> None:
        """Write the definitions document (users, queues …) that the node loads at its next start. Existing queues and users are not deleted."""
        write_private(self.definitions, json.dumps(document, ensure_ascii=False))

    def start(self) -> None:
        """Start the node and wait until clients can connect, which is possible only after the definitions are loaded."""
        if self.is_running():
            return
        sbin = self._write_node_files()
        _rotate_log(self.log)
        # epmd is started first: otherwise the node starts it with the help of a second Erlang node, which needs a resolvable host name.
        self._run_epmd("-daemon")
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sbin / "rabbitmq-server"],
                env=self._environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = pids.write_pid_file(self._pid_file, self._child.pid)
        startup = StartupWait(lambda: process.pid, self.log)
        while not self._accepts_amqp():
            reason = "进程已退出 | the process has ended" if self._child.poll() is not None else startup.reason_to_give_up()
            if reason:
                pids.terminate(process, 0)
                raise DidNotStart(f"RabbitMQ: {reason}\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if process := self.process():
            pids.terminate(process, 60)
        self._reap_child()
        self._run_epmd("-kill")  # epmd does not end with the node; the private port ensures that no other epmd is ended

    def kill(self) -> None:
        """Kill the node and its whole process group with SIGKILL."""
        if process := self.process():
            process.send(signal.SIGKILL, group=True)
            process.wait_until_ended(10)
        self._reap_child()

    def delete_data(self) -> None:
        """Kill the node and delete its queues and messages."""
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pid(self) -> int | None:
        process = self.process()
        return process.pid if process else None

    def process(self) -> pids.Process | None:
        return pids.read_pid_file(self._pid_file)

    def is_running(self) -> bool:
        return self.pid() is not None and self._accepts_amqp()

    def ctl(self, *arguments: str, timeout: float = 180) -> str:
        """Run `rabbitmqctl` with the arguments and return its output. Raises CalledProcessError if it fails."""
        completed = subprocess.run(
            [self.programs / "rabbitmqctl", "--quiet", *arguments], env=self._environment(), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        if completed.returncode:
            raise subprocess.CalledProcessError(completed.returncode, ["rabbitmqctl", *arguments], completed.stdout)
        return completed.stdout

    def _accepts_amqp(self) -> bool:
        """Return whether the broker answers an AMQP protocol header. Checking the port is not enough: it is still open while a broker stops."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports["broker"]), timeout=2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _write_node_files(self) -> Path:
        """Write the configuration files that the node reads at its start. Return the folder of its start script."""
        for name in ("home", "data", "log"):
            make_private_folder(self.folder / name)
        memory = min(MAX_MEMORY_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 10)
        if not self.definitions.exists():
            self.write_definitions({})
        write_private(self.folder / "rabbitmq.conf", CONFIGURATION_TEMPLATE.format(definitions=self.definitions, memory=memory, **self.ports))
        # Erlang resolves `localhost` from this file, because on a minimal machine not even `localhost` may be resolvable.
        write_private(self.folder / "names", '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n')
        write_private(self.folder / "enabled_plugins", f"[{','.join(PLUGINS)}].\n")
        return rabbitmq_home.create_home(self.programs.folder, self.folder / "server", PLUGINS)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL", "LC_"))}
        return inherited | self.programs.environment | {
            "HOME": str(self.folder / "home"),  # the folder of the Erlang cookie, so that the cookie of the user is not changed
            "LC_ALL": "C.UTF-8",
            "ERL_INETRC": str(self.folder / "names"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.ports["broker_names"]),
            "RABBITMQ_NODENAME": "fengqiao@localhost",
            "RABBITMQ_NODE_PORT": str(self.ports["broker"]),
            "RABBITMQ_DIST_PORT": str(self.ports["broker_distribution"]),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,  # settings of a RabbitMQ installed on the machine are not used
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            # With this variable, the server replaces the start script, which would otherwise receive the signals instead of the server.
            "RUNNING_UNDER_SYSTEMD": "true",
            # Erlang uses two schedulers without busy waiting, and its distribution port listens on loopback only.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip

    def _reap_child(self) -> None:
        if self._child:
            self._child.wait()
            self._child = None

    def _run_epmd(self, option: str) -> None:
        environment = self._environment()
        epmd = shutil.which("epmd", path=environment["PATH"])
        if epmd:
            subprocess.run(
                [epmd, option], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )


def _rotate_log(log: Path, max_bytes: int = 20 * 2**20) -> None:
    if log.exists() and log.stat().st_size > max_bytes:
        log.replace(log.with_name(log.name + ".1"))
