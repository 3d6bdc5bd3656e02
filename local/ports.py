"""Chooses free loopback ports and stores them, so that the addresses are the same after each start."""

import json
import os
import random
import socket
from pathlib import Path

from deploy.files import write_private

# The range is above the well-known ports and below the ports that Linux uses for outgoing connections: otherwise a client that keeps trying to reach
# a stopped server could get the port of that server as its own, connect to itself and block the port.
DEFAULT_PORT_RANGE = "26000-31999"  # used if FENGQIAO_PORT_RANGE is not set


class Ports:
    """The ports of one run directory, by name of the server or process."""

    def __init__(self, run_dir: Path):
        self.file = run_dir / "ports.json"

    def stored_ports(self) -> dict[str, int]:
        try:
            return json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def __getitem__(self, name: str) -> int:
        return self.stored_ports()[name]

    def choose(self, *names: str) -> None:
        """Store a free port for each name. A stored port that is still free is kept. The servers with these names must not be running."""
        ports, candidates = self.stored_ports(), allowed_ports()
        for name in names:
            if name not in ports or not is_port_free(ports[name]):
                taken = set(ports.values())
                ports[name] = next(port for port in random.sample(candidates, len(candidates)) if port not in taken and is_port_free(port))
        write_private(self.file, json.dumps(ports, indent=1))


def allowed_ports() -> range:
    """Return the range from which ports are chosen."""
    first, _, last = os.environ.get("FENGQIAO_PORT_RANGE", DEFAULT_PORT_RANGE).partition("-")
    return range(int(first), int(last) + 1)


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers set the same option: closed connections in TIME_WAIT then do not block the port
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
