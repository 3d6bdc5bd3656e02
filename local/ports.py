"""Chooses free loopback ports and stores them, so that addresses stay the same between starts."""

import json
import os
import random
import socket
from pathlib import Path

from deploy.files import write_private

# Below the range of ports for outgoing connections on Linux: a client that keeps trying to reach a stopped server could otherwise get the
# port of that server, connect to itself and block the port. Above the well-known ports.
DEFAULT_PORT_RANGE = "26000-31999"  # can be changed by FENGQIAO_PORT_RANGE


class Ports:
    """The ports of one run directory, by name."""

    def __init__(self, run_dir: Path):
        self.file = run_dir / "ports.json"

    def known(self) -> dict[str, int]:
        try:
            return json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def __getitem__(self, name: str) -> int:
        return self.known()[name]

    def choose(self, *names: str) -> None:
        """Choose a port for each name: keep a free one, replace one that is in use, add a missing one. The servers of these names must not be running."""
        ports, candidates = self.known(), allowed_ports()
        for name in names:
            if name not in ports or not is_free(ports[name]):
                taken = set(ports.values())
                ports[name] = next(port for port in random.sample(candidates, len(candidates)) if port not in taken and is_free(port))
        write_private(self.file, json.dumps(ports, indent=1))


def allowed_ports() -> range:
    """Return the range to choose from."""
    first, _, last = os.environ.get("FENGQIAO_PORT_RANGE", DEFAULT_PORT_RANGE).partition("-")
    return range(int(first), int(last) + 1)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections in TIME_WAIT do not block the port
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
