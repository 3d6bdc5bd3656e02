"""Chooses free loopback ports for servers and stores them in a file, so that a server has the same port after each start.

A server may listen only some seconds after its port was chosen. Until the process that chose the port ends, no other server is given this port.
"""

import json
import os
import random
import socket
from collections.abc import Collection
from pathlib import Path

from deploy.files import write_private

# The range is above the well-known ports and below the ports that Linux uses for outgoing connections: otherwise a client that keeps trying to reach
# a stopped server could get the port of that server as its own, connect to itself and block the port.
DEFAULT_PORT_RANGE = "26000-31999"  # used if FENGQIAO_PORT_RANGE is not set

# Reservations of this process: port → (socket, owner). Only one socket of the machine can have a name, and the kernel releases it when its process ends.
_reservations: dict[int, tuple[socket.socket, object]] = {}


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
        ports = self.stored_ports()
        for name in names:
            if name not in ports or not (is_port_free(ports[name]) and _reserve(ports[name], self.file)):
                ports[name] = reserve_port(self.file, set(ports.values()))
        write_private(self.file, json.dumps(ports, indent=1))


class NoFreePort(Exception):
    """Every port of the range is in use or reserved."""


def reserve_port(owner: object = None, excluded: Collection[int] = ()) -> int:
    """Return a free port that no other owner is given, in this or another process, until this process ends.

    `owner`: any value that stands for the server that will use the port. The same owner may be given the same port again; without `owner`, nobody is.
    `excluded`: ports that are not returned. Raises NoFreePort.
    """
    owner = object() if owner is None else owner
    candidates = allowed_ports()
    for port in random.sample(candidates, len(candidates)):
        if port not in excluded and is_port_free(port) and _reserve(port, owner):
            return port
    raise NoFreePort(
        f"{candidates.start}-{candidates.stop - 1} 中没有空闲端口 | no free port in {candidates.start}-{candidates.stop - 1} (FENGQIAO_PORT_RANGE)"
    )


def allowed_ports() -> range:
    """Return the range from which ports are chosen."""
    first, _, last = os.environ.get("FENGQIAO_PORT_RANGE", DEFAULT_PORT_RANGE).partition("-")
    return range(int(first), int(last) + 1)


def _reserve(port: int, owner: object) -> bool:
    """Reserve the port for the owner until this process ends. Return False if it is reserved for another owner, in this or another process."""
    if port in _reservations:
        return _reservations[port][1] == owner
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0fengqiao port {port}")  # a name that starts with a zero byte is not the name of a file
    except OSError:
        reservation.close()
        return False
    _reservations[port] = (reservation, owner)
    return True


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers set the same option: closed connections in TIME_WAIT then do not block the port
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
