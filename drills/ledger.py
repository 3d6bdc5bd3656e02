"""A producer's ledger: a file with one JSON line for each attempt, acknowledgement and received message, synced to disk before the producer continues."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class Ledger:
    """One ledger file, open for appending. Safe for the threads of one process."""

    def __init__(self, path: Path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def write(self, *entries: dict) -> None:
        """Append the entries and sync them to disk."""
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
        with self._lock:
            os.write(self._file, lines)
            os.fdatasync(self._file)


def read(folder: Path) -> Iterator[dict]:
    """Yield every entry of every ledger in the folder. An incomplete last line, left by a crash, is skipped: nothing depended on it yet."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
