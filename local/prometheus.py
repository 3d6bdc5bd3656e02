"""The private Prometheus of one machine. It runs only where its program is found; nothing depends on it. Standard library only."""

from typing import TYPE_CHECKING

from deploy.files import private, write_private
from deploy.monitoring import prometheus_rules, prometheus_settings
from deploy.processes import HTTP, KINDS, Kind, Launch
from local import programs

if TYPE_CHECKING:  # it imports the contracts, which need the environment's packages
    from local.servers import Servers

PROMETHEUS = Kind("prometheus", None, (), HTTP, "/-/ready")


def kinds() -> dict[str, Kind]:
    """Return the processes that can run on this machine, by name."""
    return KINDS | {PROMETHEUS.name: PROMETHEUS} if programs.find_prometheus() else dict(KINDS)


def launch(servers: "Servers", port: int) -> Launch:
    """Write the settings of Prometheus into the run directory; return how it is started."""
    home = private(servers.folder / "prometheus")
    at = {name: f"127.0.0.1:{number}" for name, number in servers.ports.known().items()}
    ours = {name: at[name] for name in KINDS if name in at}
    broker = f"127.0.0.1:{servers.broker.ports['broker_metrics']}" if servers.broker else None
    write_private(home / "prometheus.yml", prometheus_settings(ours, broker, f"127.0.0.1:{port}", prometheus_rules()))
    command = [
        programs.find_prometheus() / "prometheus",
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/data",
        "--storage.tsdb.retention.time=2d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Launch(command, {}, port, PROMETHEUS.ready_at)
