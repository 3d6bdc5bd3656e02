"""List of the processes of an installation, with the command and environment of each.

Importing this module needs only the standard library, because `./fengqiao status` uses the list without the Python environment.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.files import write_private

TELEMETRY_PORT_SETTING, HTTP_PORT_SETTING = "FENGQIAO_TELEMETRY_PORT", "FENGQIAO_HTTP_PORT"


@dataclass(frozen=True)
class ProcessSpec:
    """Specification of one process of an installation. `port_setting` is the environment variable with its port."""

    name: str
    service: str | None  # service whose database, broker user and keys the process uses; None: the process uses those of all services
    command: tuple[str, ...]
    port_setting: str
    readiness_path: str = "/readyz"


# fmt: off
_SPECS = (
    # Process name, service, arguments of Python, and environment variable with the port.
    ProcessSpec("intake",     "intake",      ("-m", "plumbing.run", "intake"),                                    TELEMETRY_PORT_SETTING),
    ProcessSpec("mediation",  "mediation",   ("-m", "plumbing.run", "mediation"),                                 TELEMETRY_PORT_SETTING),
    ProcessSpec("metrics",    "metrics",     ("-m", "plumbing.run", "metrics"),                                   TELEMETRY_PORT_SETTING),
    ProcessSpec("notify",     "notify",      ("-m", "plumbing.run", "notify"),                                    TELEMETRY_PORT_SETTING),
    ProcessSpec("relay",      None,          ("-m", "plumbing.relay", "intake", "mediation", "metrics", "notify"), TELEMETRY_PORT_SETTING),
    ProcessSpec("door",       "intake",      ("-m", "plumbing.serve", "services.intake.web:app"),                  HTTP_PORT_SETTING),
    ProcessSpec("dashboard",  "metrics",     ("-m", "plumbing.serve", "services.metrics.web:app"),                 HTTP_PORT_SETTING),
)
# fmt: on
PROCESSES = {spec.name: spec for spec in _SPECS}


@dataclass(frozen=True)
class Launch:
    """Command, environment, port and readiness path with which one process is started."""

    command: list[str]
    environment: dict[str, str]
    port: int
    readiness_path: str


class Installation(Protocol):
    """The values that the processes of an installation need. Implemented by local.Servers (one machine) and deploy.compose.setup.Containers."""

    ports: Mapping[str, int]
    services: Mapping[str, Mapping[str, str]]  # service → {"database": address, "amqp": address}
    keys: Mapping[str, Mapping[str, str]]  # as returned by deploy.keys.load_or_create_keys
    partitions: int
    folder: Path
    county: Path  # the county's folder that the processes read
    epoch_file: Path | None  # the record of the epoch outside the database (plumbing.epoch); None: the processes do not check for lost data
    broker: object  # None: the broker is external, and its address may contain a host name that must be resolved


def make_launch(spec: ProcessSpec, servers: Installation) -> Launch:
    """Return the command, environment and port with which the process is started."""
    port = servers.ports[spec.name]
    environment = {
        "FENGQIAO_PROCESS": spec.name,
        "FENGQIAO_SERVICE": spec.service or spec.name,
        "FENGQIAO_PARTITIONS": str(servers.partitions),
        "FENGQIAO_COUNTY": str(servers.county),
        spec.port_setting: str(port),
        "PYTHONUNBUFFERED": "1",
        # Importing eventlet's resolver takes 0.2 s. It is left out if the process resolves no host names: with a private broker, only the notify service
        # does, for webhooks.
        **({"EVENTLET_NO_GREENDNS": "yes"} if servers.broker and spec.name != "notify" else {}),
    }
    if servers.epoch_file:
        environment["FENGQIAO_EPOCH_FILE"] = str(servers.epoch_file)
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
            "FENGQIAO_AGENCY_TOKENS": str(servers.folder / "agency-tokens.json"),
        }
    if spec.name == "relay":
        environment["FENGQIAO_RELAY"] = str(servers.folder / "relay.json")
    return Launch([sys.executable, *spec.command], environment, port, spec.readiness_path)


def write_process_files(servers: Installation) -> None:
    """Write the files that processes read at their start: the addresses for the relay, and the agencies' access tokens."""
    write_private(servers.folder / "relay.json", json.dumps(servers.services, indent=1))
    write_private(servers.folder / "agency-tokens.json", json.dumps(servers.keys["agency_tokens"], indent=1))
