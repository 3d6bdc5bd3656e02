"""The private Prometheus of one machine. It is optional: it runs only if its program is installed. Standard library only."""

from typing import TYPE_CHECKING

from deploy.files import make_private_folder, write_private
from deploy.monitoring import prometheus_rules, prometheus_settings
from deploy.processes import HTTP_PORT_SETTING, PROCESSES, Launch, ProcessSpec
from local import programs

if TYPE_CHECKING:  # not at run time, because local.servers imports package contracts, which needs installed packages
    from local.servers import Servers

PROMETHEUS = ProcessSpec("prometheus", None, (), HTTP_PORT_SETTING, "/-/ready")


def process_specs() -> dict[str, ProcessSpec]:
    """Return the processes that can run on this machine, by name: those of an installation, and Prometheus if it is installed."""
    return PROCESSES | {PROMETHEUS.name: PROMETHEUS} if programs.find_prometheus() else dict(PROCESSES)


def make_launch(servers: "Servers", port: int) -> Launch:
    """Write the settings of Prometheus into the run directory. Return its command and port."""
    home = make_private_folder(servers.folder / "prometheus")
    addresses = {name: f"127.0.0.1:{number}" for name, number in servers.ports.stored_ports().items()}
    targets = {name: addresses[name] for name in PROCESSES if name in addresses}
    broker = f"127.0.0.1:{servers.broker.ports['broker_metrics']}" if servers.broker else None
    write_private(home / "prometheus.yml", prometheus_settings(targets, broker, f"127.0.0.1:{port}", prometheus_rules()))
    command = [
        programs.find_prometheus() / "prometheus",
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/data",
        "--storage.tsdb.retention.time=2d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Launch(command, {}, port, PROMETHEUS.readiness_path)
