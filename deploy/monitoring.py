"""Settings and alert rules for the Prometheus server of an installation. Standard library only."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from deploy.files import ROOT

PROMETHEUS_FOLDER = ROOT / "deploy/prometheus"


def prometheus_settings(processes: Mapping[str, str], broker: str | None, own_address: str, rules: Iterable[Path]) -> str:
    """Return the text of prometheus.yml with the targets (`host:port`): processes by name, the broker (None: not monitored) and Prometheus itself."""
    return Template((PROMETHEUS_FOLDER / "prometheus.yml").read_text()).substitute(
        rules=", ".join(f'"{file}"' for file in rules),
        targets="\n".join(f'      - {{targets: ["{address}"], labels: {{process: {name}}}}}' for name, address in processes.items()),
        broker=f'"{broker}"' if broker else "",
        prometheus=f'"{own_address}"',
    )


def prometheus_rules() -> list[Path]:
    """Return the paths of the files with alert rules, without the test files of the rules."""
    return sorted(file for file in PROMETHEUS_FOLDER.glob("rules*.yml") if "test" not in file.name)
