"""CPU time and memory of processes, read from /proc through psutil."""

import os
import platform
from pathlib import Path

import psutil


def process_tree(pid: int) -> list[psutil.Process]:
    """Return the process and all its descendants; an empty list if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(*pids: int | None) -> float:
    """Return the CPU time used so far by these processes, their descendants and their children that have ended."""
    total = 0.0
    for pid in pids:
        for process in process_tree(pid) if pid else ():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(pid: int | None) -> float:
    """Return the resident memory of a process tree. Of child processes only unshared memory counts: shared pages would be counted many times."""
    total = 0
    processes = process_tree(pid) if pid else []
    for process in processes:
        try:
            info = process.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += info.rss - (info.shared if len(processes) > 1 and process.pid != pid else 0)
    return round(total / 2**20, 1)


def machine(postgresql: str, rabbitmq: str) -> dict:
    """Return hardware, versions and load of the machine, without its name or address."""
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
