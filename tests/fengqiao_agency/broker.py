"""A private RabbitMQ of the suite's own, that may be killed: what an agency sees of the hub's broker, by the names in the contract."""

import base64
import glob
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import pika

VHOST = "fengqiao"
PLACES = ("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",)


class Broker:
    """Owns one node below `folder`: start, kill -9, start again with the same data."""

    def __init__(self, folder: Path, agencies=("police", "court"), narrow=("court",)):
        self.folder, self.sbin = folder, _sbin()
        self.port, self._dist, self._epmd = _free_ports(3)
        self.passwords = {name: secrets.token_hex(8) for name in ("hub", *agencies)}
        for name in ("home", "mnesia", "log"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "definitions.json").write_text(json.dumps(_definitions(self.passwords, agencies, narrow)))
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nvm_memory_high_watermark.absolute = 512MiB\ndisk_free_limit.absolute = 50MB\n"
            f"load_definitions = {folder}/definitions.json\nlog.file.level = warning\n"
        )
        (folder / "plugins").write_text("[].")

    def uri(self, user):
        return f"amqp://{user}:{self.passwords[user]}@127.0.0.1:{self.port}/{VHOST}"

    def start(self):
        with open(self.folder / "out.log", "ab") as out:
            self._shell = subprocess.Popen([f"{self.sbin}/rabbitmq-server"], env=self._env(), stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                pika.BlockingConnection(_quick(self.uri("hub"))).close()
                return self
            except Exception:
                assert self._shell.poll() is None, (self.folder / "out.log").read_text()[-2000:]
                time.sleep(0.1)
        raise TimeoutError("the broker did not start")

    def kill(self):
        """As a power cut does it."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
        self._shell.wait(10)

    def stop(self):
        self.kill()
        subprocess.run(["epmd", "-port", str(self._epmd), "-kill"], env=self._env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def _env(self):
        own = {
            "HOME": f"{self.folder}/home",
            "RABBITMQ_NODENAME": f"kit{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{self.folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log",
            "RABBITMQ_PID_FILE": f"{self.folder}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }
        return os.environ | own


def _sbin():
    found = [p for p in [os.environ.get("RMQ_SBIN")] if p] or [p for pattern in PLACES for p in sorted(glob.glob(pattern))]
    assert found, "RabbitMQ is missing: install rabbitmq-server or set RMQ_SBIN"
    return found[-1]


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _quick(uri):
    parameters = pika.URLParameters(uri)
    parameters.connection_attempts, parameters.socket_timeout = 1, 2
    return parameters


def _definitions(passwords, agencies, narrow):
    queue = {"x-queue-type": "quorum", "x-delivery-limit": 20, "x-overflow": "reject-publish"}
    small = queue | {"x-max-length": 50}
    exchange = {"vhost": VHOST, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return {
        "vhosts": [{"name": VHOST}],
        "users": [{"name": n, "password_hash": _hash(p), "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""} for n, p in passwords.items()],
        "permissions": [
            {"user": "hub", "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"},
            *({"user": a, "vhost": VHOST, "configure": "", "write": "^agencies$", "read": f"^agency\\.{a}$"} for a in agencies),
        ],
        "topic_permissions": [{"user": a, "vhost": VHOST, "exchange": "agencies", "write": f"^{a}\\.", "read": "^$"} for a in agencies],
        "exchanges": [exchange | {"name": "agencies", "type": "topic"}, exchange | {"name": "inboxes", "type": "direct"}],
        "queues": [
            {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}
            for a in agencies
            for name, arguments in ((f"intake.agency-events.{a}", small if a in narrow else queue), (f"agency.{a}", queue))
        ],
        "bindings": [
            {"vhost": VHOST, "source": source, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
            for a in agencies
            for source, queue, key in (("agencies", f"intake.agency-events.{a}", f"{a}.#"), ("inboxes", f"agency.{a}", a))
        ],
    }


def _hash(password):
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
