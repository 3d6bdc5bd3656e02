"""Memory of all processes of the system over a time."""

import threading

from bench.lab import Lab
from bench.resource_usage import memory_mb

SAMPLE_INTERVAL_SECONDS = 0.5


class MemorySampler:
    """Context manager that measures the memory of each process in MB: before the block, the peak (sampled twice a second), and after the block."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.before, self.peak, self.after = {}, {}, {}

    def __enter__(self):
        self.before = self.peak = self._memory_by_process()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._sample_memory)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.after = self._memory_by_process()

    def _sample_memory(self):
        while not self.is_over.wait(SAMPLE_INTERVAL_SECONDS):
            now = self._memory_by_process()
            self.peak = {name: max(now[name], self.peak[name]) for name in now}

    def _memory_by_process(self):
        database, broker = self.lab.server_pids
        pids = {name: self.lab.system.pid(name) for name in self.lab.system.names}
        return {name: memory_mb(pid) for name, pid in (pids | {"postgresql": database, "rabbitmq": broker}).items()}

    def memory_figures(self) -> dict:
        return {name: {"before": self.before[name], "peak": self.peak[name], "after": self.after[name]} for name in self.before}
