"""A RabbitMQ of our own: its data, its ports, its cookie and its log in one folder; started, stopped and killed by its own process id."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from deploy.files import private, write_private
from local import pids, rabbitmq_home
from local.patience import Patience
from local.programs import Programs
from local.progress import DidNotStart

PORTS = ("broker", "broker_management", "broker_metrics", "broker_distribution", "broker_names")
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
MEMORY_AT_MOST = 2 * 2**30

SETTINGS = """\
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
    """One private node with its own Erlang name server, both on loopback only."""

    def __init__(self, folder: Path, programs: Programs, ports: dict[str, int]):
        self.folder, self.programs, self.ports = private(folder), programs, {name: ports[name] for name in PORTS}
        self.log = folder / "rabbitmq.log"
        self.definitions = folder / "definitions.json"
        self._pid_file = folder / "pid.json"
        self._child: subprocess.Popen | None = None

    def define(self, document: dict) -> None:
        """What it holds from its next start on; nothing that is there already is taken away."""
        write_private(self.definitions, json.dumps(document, ensure_ascii=False))

    def start(self) -> None:
        """Returns when clients can connect: it opens its port only after the definitions are loaded."""
        if self.is_running():
            return
        sbin = self._prepare()
        _keep_one_older(self.log)
        # The node would start its own name server, by way of another node that needs the machine's host name to be known.
        self._name_server("-daemon")
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
        process = pids.remember(self._pid_file, self._child.pid)
        patience = Patience(lambda: process.pid, self.log)
        while not self._answers():
            why = "进程已退出 | the process has ended" if self._child.poll() is not None else patience.is_over()
            if why:
                pids.end(process, 0)
                raise DidNotStart(f"RabbitMQ: {why}\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if process := self.process():
            pids.end(process, 60)
        self._collect()
        self._name_server("-kill")  # it outlives the node; its own port makes sure that it is ours

    def kill(self) -> None:
        """As if the plug were pulled."""
        if process := self.process():
            process.send(signal.SIGKILL, group=True)
            process.wait_gone(10)
        self._collect()

    def discard(self) -> None:
        """Deletes its queues and everything in them."""
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pid(self) -> int | None:
        process = self.process()
        return process.pid if process else None

    def process(self) -> pids.Process | None:
        return pids.remembered(self._pid_file)

    def is_running(self) -> bool:
        return self.pid() is not None and self._answers()

    def ctl(self, *words: str, timeout: float = 180) -> str:
        """What `rabbitmqctl <words>` prints. Raises CalledProcessError with it if it says no."""
        done = subprocess.run(
            [self.programs / "rabbitmqctl", "--quiet", *words], env=self._environment(), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, ["rabbitmqctl", *words], done.stdout)
        return done.stdout

    def _answers(self) -> bool:
        """An open port is not enough: a broker that is going down still has one. It has to greet."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports["broker"]), timeout=2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _prepare(self) -> Path:
        """Writes the files that the node reads at its start; returns the folder of the programs to start it with."""
        for name in ("home", "data", "log"):
            private(self.folder / name)
        memory = min(MEMORY_AT_MOST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 10)
        if not self.definitions.exists():
            self.define({})
        write_private(self.folder / "rabbitmq.conf", SETTINGS.format(definitions=self.definitions, memory=memory, **self.ports))
        # A bare machine may know no name at all, not even this one.
        write_private(self.folder / "names", '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n')
        write_private(self.folder / "enabled_plugins", f"[{','.join(PLUGINS)}].\n")
        return rabbitmq_home.make(self.programs.folder, self.folder / "server", PLUGINS)

    def _environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL", "LC_"))}
        return mine | self.programs.environment | {
            "HOME": str(self.folder / "home"),  # the Erlang cookie lies there: the user's own stays untouched
            "LC_ALL": "C.UTF-8",
            "ERL_INETRC": str(self.folder / "names"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.ports["broker_names"]),
            "RABBITMQ_NODENAME": "fengqiao@localhost",
            "RABBITMQ_NODE_PORT": str(self.ports["broker"]),
            "RABBITMQ_DIST_PORT": str(self.ports["broker_distribution"]),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,  # not the machine's own
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            # Without it the start script stays in between and answers signals in the server's place.
            "RUNNING_UNDER_SYSTEMD": "true",
            # Two schedulers that sleep when idle; the distribution port would otherwise listen to the whole network.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip

    def _collect(self) -> None:
        if self._child:
            self._child.wait()
            self._child = None

    def _name_server(self, word: str) -> None:
        environment = self._environment()
        epmd = shutil.which("epmd", path=environment["PATH"])
        if epmd:
            subprocess.run([epmd, word], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _keep_one_older(log: Path, at_most: int = 20 * 2**20) -> None:
    if log.exists() and log.stat().st_size > at_most:
        log.replace(log.with_name(log.name + ".1"))
