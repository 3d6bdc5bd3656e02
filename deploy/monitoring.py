"""Settings and alert rules of the Prometheus of an installation. Standard library only."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from deploy.files import ROOT

PROMETHEUS_FOLDER = ROOT / "deploy/prometheus"


def prometheus_settings(processes: Mapping[str, str], broker: str | None, own: str, rules: Iterable[Path]) -> str:
    """Return prometheus.yml. All targets are `host:port`: of the processes by name, of the broker (None: not monitored), of Prometheus itself."""
    return Template((PROMETHEUS_FOLDER / "prometheus.yml").read_text()).substitute(
        rules=", ".join(f'"{file}"' for file in rules),
        targets="\n".join(f'      - {{targets: ["{address}"], labels: {{process: {name}}}}}' for name, address in processes.items()),
        broker=f'"{broker}"' if broker else "",
        prometheus=f'"{own}"',
    )


def prometheus_rules() -> list[Path]:
    """Return the rule files, without their test files."""
    return sorted(file for file in PROMETHEUS_FOLDER.glob("rules*.yml") if "test" not in file.name)
