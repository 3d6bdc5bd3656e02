"""Chooses free loopback ports and remembers them, so that an address stays the same from one start to the next."""

import json
import os
import random
import socket
from pathlib import Path

from deploy.files import write_private

# Below the range from which Linux takes the ports of outgoing connections: a client that keeps trying a server that is down could otherwise
# be given that very port, connect to itself, and keep the server from coming back. Above the ports that everybody knows.
RANGE = "26000-31999"  # or what FENGQIAO_PORT_RANGE says


class Ports:
    """One port per name, for one run directory."""

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
        """Keeps what is free, replaces what somebody else took meanwhile, adds what is new. Call it only for what does not run yet."""
        ports, candidates = self.known(), allowed()
        for name in names:
            if name not in ports or not is_free(ports[name]):
                taken = set(ports.values())
                ports[name] = next(port for port in random.sample(candidates, len(candidates)) if port not in taken and is_free(port))
        write_private(self.file, json.dumps(ports, indent=1))


def allowed() -> range:
    """The ports to choose from."""
    first, _, last = os.environ.get("FENGQIAO_PORT_RANGE", RANGE).partition("-")
    return range(int(first), int(last) + 1)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what lingers of closed connections is no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
