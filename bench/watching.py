"""What processes cost: CPU time and memory, of ours, of the database and of the broker. Reads /proc through psutil."""

import os
import platform
from pathlib import Path

import psutil


def family(pid: int) -> list[psutil.Process]:
    """A process and everything that it started."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(*pids: int | None) -> float:
    """CPU time so far of these processes, their children, and their children that ended."""
    total = 0.0
    for pid in pids:
        for process in family(pid) if pid else ():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(pid: int | None) -> float:
    """Resident memory of a process; of the database, what its processes have for themselves (shared pages would count many times)."""
    total = 0
    processes = family(pid) if pid else []
    for process in processes:
        try:
            info = process.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += info.rss - (info.shared if len(processes) > 1 and process.pid != pid else 0)
    return round(total / 2**20, 1)


def machine(postgresql: str, rabbitmq: str) -> dict:
    """What this was measured on, without its name or address."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.machine(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "postgresql": postgresql,
        "rabbitmq": rabbitmq,
        "load_at_start": round(os.getloadavg()[0], 2),
    }
