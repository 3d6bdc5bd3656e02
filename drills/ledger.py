"""A producer's log file ("ledger"): one JSON line for each attempt to send, acknowledgement and received message, on disk before the producer continues."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class Ledger:
    """A ledger file, open for appending. Several threads of one OS process may write to it."""

    def __init__(self, path: Path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def write(self, *entries: dict) -> None:
        """Append the entries to the file and sync it to disk."""
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
        with self._lock:
            os.write(self._file, lines)
            os.fdatasync(self._file)


def read_entries(folder: Path) -> Iterator[dict]:
    """Yield every entry of every ledger in the folder. Skip an incomplete last line, which a crash can leave: the producer had not continued after it."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
