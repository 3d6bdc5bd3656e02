"""CPU time and memory of OS processes, read from /proc through psutil."""

import os
import platform
from pathlib import Path

import psutil


def process_tree(pid: int) -> list[psutil.Process]:
    """Return the process and all its descendants; an empty list if the process has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(*pids: int | None) -> float:
    """Return the CPU seconds used so far by these processes, their running descendants and their ended children."""
    return sum(sum(cpu_seconds_by_pid(pid).values()) for pid in pids)


def cpu_seconds_by_pid(pid: int | None) -> dict[int, float]:
    """Return {pid: CPU seconds used so far by this process and its ended children} of a process and its running descendants."""
    seconds = {}
    for process in process_tree(pid) if pid else ():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds[process.pid] = times.user + times.system + times.children_user + times.children_system
    return seconds


def client_ports(pid: int | None) -> list[int]:
    """Return the local ports of all TCP connections of a process and its descendants."""
    ports = []
    for process in process_tree(pid) if pid else ():
        try:
            ports += [connection.laddr.port for connection in process.net_connections("tcp")]
        except psutil.NoSuchProcess:
            continue
    return ports


def memory_mb(pid: int | None) -> float:
    """Return the resident memory of a process tree in MB. Of child processes only unshared memory is counted, so that shared pages are counted once."""
    total = 0
    processes = process_tree(pid) if pid else []
    for process in processes:
        try:
            info = process.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += info.rss - (info.shared if len(processes) > 1 and process.pid != pid else 0)
    return round(total / 2**20, 1)


def machine_description(postgresql: str, rabbitmq: str) -> dict:
    """Return hardware, software versions and load of the machine, without its name or address."""
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
