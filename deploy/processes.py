"""The processes of an installation, with the command and environment of each.

Importing this needs the standard library only: `./fengqiao status` uses the table before the environment exists.
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
class ProcessSpec:
    """One process of an installation."""

    name: str
    service: str | None  # the service whose database, broker user and keys the process uses; None: those of all services
    command: tuple[str, ...]
    port_setting: str
    readiness_path: str = "/readyz"


# fmt: off
_SPECS = (
    # name          service        arguments of Python                                                  setting of its port
    ProcessSpec("intake",     "intake",      ("-m", "plumbing.run", "intake"),                                    TELEMETRY),
    ProcessSpec("mediation",  "mediation",   ("-m", "plumbing.run", "mediation"),                                 TELEMETRY),
    ProcessSpec("metrics",    "metrics",     ("-m", "plumbing.run", "metrics"),                                   TELEMETRY),
    ProcessSpec("notify",     "notify",      ("-m", "plumbing.run", "notify"),                                    TELEMETRY),
    ProcessSpec("relay",      None,          ("-m", "plumbing.relay", "intake", "mediation", "metrics", "notify"), TELEMETRY),
    ProcessSpec("door",       "intake",      ("-m", "plumbing.serve", "services.intake.web:app"),                  HTTP),
    ProcessSpec("dashboard",  "metrics",     ("-m", "plumbing.serve", "services.metrics.web:app"),                 HTTP),
)
# fmt: on
PROCESSES = {spec.name: spec for spec in _SPECS}


@dataclass(frozen=True)
class Launch:
    """Command, environment and port of one process."""

    command: list[str]
    environment: dict[str, str]
    port: int
    readiness_path: str


class Installation(Protocol):
    """The values that the processes of an installation need: local.Servers on one machine, deploy.compose.setup.Containers in containers."""

    ports: Mapping[str, int]
    services: Mapping[str, Mapping[str, str]]  # by service: addresses `database` and `amqp`
    keys: Mapping[str, Mapping[str, str]]  # as returned by deploy.keys.load_or_create
    partitions: int
    folder: Path
    county: Path  # the county's folder that the processes read
    broker: object  # None if the broker is an external one, reached by its host name


def launch(spec: ProcessSpec, servers: Installation) -> Launch:
    """Return the command, environment and port of one process."""
    port = servers.ports[spec.name]
    environment = {
        "FENGQIAO_PROCESS": spec.name,
        "FENGQIAO_SERVICE": spec.service or spec.name,
        "FENGQIAO_PARTITIONS": str(servers.partitions),
        "FENGQIAO_COUNTY": str(servers.county),
        spec.port_setting: str(port),
        "PYTHONUNBUFFERED": "1",
        # Importing the resolver of eventlet takes 0.2 s. With a private broker, only notify resolves host names: those of webhooks.
        **({"EVENTLET_NO_GREENDNS": "yes"} if servers.broker and spec.name != "notify" else {}),
    }
    if spec.service:
        addresses = servers.services[spec.service]
        environment |= {
            "DATABASE_URL": addresses["database"],
            "AMQP_URI": addresses["amqp"],
            "FENGQIAO_AT_REST_KEY": servers.keys["at_rest"][spec.service],
        }
    if spec.service == "intake":
        environment |= {
            "FENGQIAO_SEAL_PRIVATE_KEY": servers.keys["seal"]["private"],
            "FENGQIAO_SEAL_PUBLIC_KEY": servers.keys["seal"]["public"],
            "FENGQIAO_AGENCY_TOKENS": str(servers.folder / "agency-tokens.json"),
        }
    if spec.name == "relay":
        environment["FENGQIAO_RELAY"] = str(servers.folder / "relay.json")
    return Launch([sys.executable, *spec.command], environment, port, spec.readiness_path)


def write_files(servers: Installation) -> None:
    """Write the files that processes read besides their environment: the relay's addresses and the agencies' tokens."""
    write_private(servers.folder / "relay.json", json.dumps(servers.services, indent=1))
    write_private(servers.folder / "agency-tokens.json", json.dumps(servers.keys["agency_tokens"], indent=1))
