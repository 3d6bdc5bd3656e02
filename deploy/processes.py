"""The processes of an installation: a table, and the command and environment with which each one is started.

Importing this needs the standard library only: `./fengqiao status` reads the table before the environment exists.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.files import write_private

TELEMETRY, HTTP = "FENGQIAO_TELEMETRY_PORT", "FENGQIAO_HTTP_PORT"


@dataclass(frozen=True)
class Kind:
    """A line of the table below."""

    name: str
    service: str | None  # whose database, broker user and keys it works with
    command: tuple[str, ...]
    port_is: str
    ready_at: str = "/readyz"


# fmt: off
_ROWS = (
    #    name          on behalf of   Python runs                                                          its port answers
    Kind("intake",     "intake",      ("-m", "plumbing.run", "intake"),                                    TELEMETRY),
    Kind("mediation",  "mediation",   ("-m", "plumbing.run", "mediation"),                                 TELEMETRY),
    Kind("metrics",    "metrics",     ("-m", "plumbing.run", "metrics"),                                   TELEMETRY),
    Kind("notify",     "notify",      ("-m", "plumbing.run", "notify"),                                    TELEMETRY),
    Kind("relay",      None,          ("-m", "plumbing.relay", "intake", "mediation", "metrics", "notify"), TELEMETRY),
    Kind("door",       "intake",      ("-m", "plumbing.serve", "services.intake.web:app"),                  HTTP),
    Kind("dashboard",  "metrics",     ("-m", "plumbing.serve", "services.metrics.web:app"),                 HTTP),
)
# fmt: on
KINDS = {kind.name: kind for kind in _ROWS}


@dataclass(frozen=True)
class Launch:
    """Everything needed to start one process."""

    command: list[str]
    environment: dict[str, str]
    port: int
    ready_at: str


class Installation(Protocol):
    """What the processes have to be given: addresses, keys and ports. One machine has local.Servers, containers have deploy.compose.setup.Containers."""

    ports: Mapping[str, int]
    services: Mapping[str, Mapping[str, str]]  # by service: `database` and `amqp` addresses
    keys: Mapping[str, Mapping[str, str]]  # as deploy.keys.load returns them
    partitions: int
    folder: Path
    county: Path  # the folder that the processes read
    broker: object  # None where the broker is somebody else's, found by its host name


def launch(kind: Kind, servers: Installation) -> Launch:
    """Return the command, environment and port of one process."""
    port = servers.ports[kind.name]
    told = {
        "FENGQIAO_PROCESS": kind.name,
        "FENGQIAO_SERVICE": kind.service or kind.name,
        "FENGQIAO_PARTITIONS": str(servers.partitions),
        "FENGQIAO_COUNTY": str(servers.county),
        kind.port_is: str(port),
        "PYTHONUNBUFFERED": "1",
        # eventlet's own resolver takes 0.2 s to import. With a private broker only notify resolves host names: those of webhooks.
        **({"EVENTLET_NO_GREENDNS": "yes"} if servers.broker and kind.name != "notify" else {}),
    }
    if kind.service:
        addresses = servers.services[kind.service]
        told |= {
            "DATABASE_URL": addresses["database"],
            "AMQP_URI": addresses["amqp"],
            "FENGQIAO_AT_REST_KEY": servers.keys["at_rest"][kind.service],
        }
    if kind.service == "intake":
        told |= {
            "FENGQIAO_SEAL_PRIVATE_KEY": servers.keys["seal"]["private"],
            "FENGQIAO_SEAL_PUBLIC_KEY": servers.keys["seal"]["public"],
            "FENGQIAO_AGENCY_TOKENS": str(servers.folder / "agency-tokens.json"),
        }
    if kind.name == "relay":
        told["FENGQIAO_RELAY"] = str(servers.folder / "relay.json")
    return Launch([sys.executable, *kind.command], told, port, kind.ready_at)


def write_files(servers: Installation) -> None:
    """What processes read instead of being told in their environment: the relay's addresses, the agencies' tokens."""
    write_private(servers.folder / "relay.json", json.dumps(servers.services, indent=1))
    write_private(servers.folder / "agency-tokens.json", json.dumps(servers.keys["agency_tokens"], indent=1))
