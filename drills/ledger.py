"""What a producer did and was told, one JSON line each, on disk before it goes on. Knows nothing else."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class Ledger:
    """Owns one file. Safe for the threads of one process."""

    def __init__(self, path: Path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def write(self, *entries: dict) -> None:
        """On disk when this returns."""
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
        with self._lock:
            os.write(self._file, lines)
            os.fdatasync(self._file)


def read(folder: Path) -> Iterator[dict]:
    """Every entry of every ledger in the folder. A last line that a crash cut short was never promised to anybody."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
