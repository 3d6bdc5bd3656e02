"""Our processes, one at a time and with what a test tells them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from deploy.files import ROOT
from local.ports import allowed, is_free
from tests.county import wait_until


class Process:
    """One Python process of ours with its log in a file; killed when the block ends."""

    def __init__(self, log: Path, *words: str, **environment: str):
        self.log, self._from = log, 0
        self.port = next(port for port in allowed() if is_free(port))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FENGQIAO_", "DATABASE_URL", "AMQP_"))}
        with log.open("a") as out:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**inherited, "PYTHONUNBUFFERED": "1", "FENGQIAO_TELEMETRY_PORT": str(self.port), "FENGQIAO_HTTP_PORT": str(self.port), **environment},
            )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()

    def is_ready(self) -> bool:
        return self.parts() is not None and all(self.parts().values())

    def parts(self) -> dict | None:
        """What /readyz says of each part; None while nobody answers."""
        try:
            return json.loads(self.get("/readyz"))
        except urllib.error.HTTPError as unready:
            return json.loads(unready.read())
        except (OSError, ValueError):
            return None

    def wait_ready(self):
        wait_until(lambda: self.is_ready() or self.popen.poll() is not None, what="the process was ready")
        assert self.popen.poll() is None, self.log.read_text()
        return self

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as answer:
            return answer.read().decode()

    def measure(self, name: str) -> float:
        """The sum of a measure's values, whatever its labels."""
        return sum(float(line.rpartition(" ")[2]) for line in self.get("/metrics").splitlines() if line.split("{")[0] == name)

    def ask_to_stop(self):
        self.popen.send_signal(signal.SIGTERM)

    def ends(self, seconds: float = 20) -> int:
        return self.popen.wait(seconds)

    def mark(self):
        """From here on `text` and `lines` begin."""
        self._from = len(self.log.read_text())

    def text(self) -> str:
        return self.log.read_text()[self._from :]

    def lines(self) -> list[dict]:
        """Its log; what is not one of our lines comes as {"event": text, "level": "foreign"}."""
        found = []
        for line in self.text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
                continue
            found.append({"event": line, "level": "foreign"})
        return found
