"""Which processes make up the system, how each is started, and what each is told. A table, and one function that fills it in.

Importing this needs the standard library only: `./fengqiao status` reads the table before the environment exists.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from deploy.local import programs
from deploy.local.places import ROOT, private, write_private

if TYPE_CHECKING:  # it imports the contracts, which need the environment's packages
    from deploy.local.servers import Servers

TELEMETRY, HTTP = "FENGQIAO_TELEMETRY_PORT", "FENGQIAO_HTTP_PORT"
PROMETHEUS_FILES = ROOT / "deploy/prometheus"


@dataclass(frozen=True)
class Kind:
    """A line of the table below."""

    name: str
    service: str | None  # whose database, broker user and keys it works with
    command: tuple[str, ...]
    port_is: str
    ready_at: str = "/readyz"


# fmt: off
KINDS = (
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
PROMETHEUS = Kind("prometheus", None, (), HTTP, "/-/ready")  # only where its program is found; nothing depends on it


@dataclass(frozen=True)
class Launch:
    """Everything needed to start one process."""

    command: list[str]
    environment: dict[str, str]
    port: int
    ready_at: str


def kinds() -> dict[str, Kind]:
    """What can run on this machine, by name."""
    here = (*KINDS, PROMETHEUS) if programs.find_prometheus() else KINDS
    return {kind.name: kind for kind in here}


def launch(kind: Kind, servers: "Servers") -> Launch:
    port = servers.ports[kind.name]
    if kind is PROMETHEUS:
        return Launch(_prometheus(servers, port), {}, port, kind.ready_at)
    told = {
        "FENGQIAO_PROCESS": kind.name,
        "FENGQIAO_SERVICE": kind.service or kind.name,
        "FENGQIAO_PARTITIONS": str(servers.partitions),
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


def write_files(servers: "Servers") -> None:
    """What processes read instead of being told in their environment: the relay's addresses, the agencies' tokens."""
    write_private(servers.folder / "relay.json", json.dumps(servers.services, indent=1))
    write_private(servers.folder / "agency-tokens.json", json.dumps(servers.keys["agency_tokens"], indent=1))


def prometheus_settings(processes: dict[str, str], broker: str | None, own: str, rules: Iterable[Path]) -> str:
    """What Prometheus asks, and where: the addresses of processes by name, of the broker and of itself."""
    return Template((PROMETHEUS_FILES / "prometheus.yml").read_text()).substitute(
        rules=", ".join(f'"{file}"' for file in rules),
        targets="\n".join(f'      - {{targets: ["{address}"], labels: {{process: {name}}}}}' for name, address in processes.items()),
        broker=f'"{broker}"' if broker else "",
        prometheus=f'"{own}"',
    )


def prometheus_rules() -> list[Path]:
    return sorted(file for file in PROMETHEUS_FILES.glob("rules*.yml") if "test" not in file.name)


def _prometheus(servers: "Servers", port: int) -> list[str]:
    home = private(servers.folder / "prometheus")
    at = {name: f"127.0.0.1:{number}" for name, number in servers.ports.known().items()}
    ours = {kind.name: at[kind.name] for kind in KINDS if kind.name in at}
    broker = f"127.0.0.1:{servers.broker.ports['broker_metrics']}" if servers.broker else None
    write_private(home / "prometheus.yml", prometheus_settings(ours, broker, f"127.0.0.1:{port}", prometheus_rules()))
    return [
        programs.find_prometheus() / "prometheus",
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/data",
        "--storage.tsdb.retention.time=2d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
