"""CPU time by component: each process of the system, the broker, and the database server by the process that it works for."""

from collections import defaultdict

from bench.lab import Lab, Observer
from bench.resource_usage import client_ports, cpu_seconds, cpu_seconds_by_pid

DATABASE_SERVER = "postgresql"  # the server's own processes: WAL writer, checkpointer, autovacuum, and connections that have ended


def cpu_by_component(lab: Lab, observer: Observer) -> dict[str, float]:
    """Return {component: CPU seconds used so far}, without the benchmark's own queries on the observer's connection.

    The work of the database server for the process `intake` is component `postgresql for intake`: its server processes are found by the TCP ports of the
    connections. All components together are the system.
    """
    observer.cursor.execute("select pid, client_port from pg_stat_activity where client_port > 0")
    port_of_backend = dict(observer.cursor.fetchall())
    names = lab.system.names
    process_of_port = {port: name for name in names for port in client_ports(lab.system.pid(name))}
    database, broker = lab.server_pids
    seconds: dict[str, float] = {name: cpu_seconds(lab.system.pid(name)) for name in names} | {"rabbitmq": cpu_seconds(broker)}
    database_seconds: dict[str, float] = defaultdict(float)
    for pid, used in cpu_seconds_by_pid(database).items():
        if pid != observer.pid:
            process = process_of_port.get(port_of_backend.get(pid))
            database_seconds[f"{DATABASE_SERVER} for {process}" if process else DATABASE_SERVER] += used
    return seconds | database_seconds


def cpu_difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return {component: CPU seconds used between two readings}."""
    return {name: after.get(name, 0.0) - before.get(name, 0.0) for name in sorted({*before, *after})}
