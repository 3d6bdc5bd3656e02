"""A producer's log file ("ledger"): one JSON line for each attempt to send, acknowledgement and received message, on disk before the producer continues."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson


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


class LedgerReader:
    """Reads every ledger in a folder, each entry once, while the producers append to them."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._offsets: dict[Path, int] = {}  # number of bytes of each ledger that were read

    def read_new_entries(self) -> Iterator[dict]:
        """Yield the entries that were appended since the last call.

        An incomplete last line is left for the next call. After a crash it stays incomplete: the producer had not continued after it.
        """
        for path in sorted(self._folder.glob("*.jsonl")):
            with open(path, "rb") as file:
                file.seek(self._offsets.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._offsets[path] = self._offsets.get(path, 0) + len(line)
                    yield orjson.loads(line)
