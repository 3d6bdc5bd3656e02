"""Starts a Python process of this project with settings chosen by a test, and reads its log, readiness and metrics."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from deploy.files import ROOT
from local.ports import reserve_port
from tests.county import wait_until


class Process:
    """Running Python process of this project that logs to a file. The process is killed at the end of the `with` block."""

    def __init__(self, log: Path, *arguments: str, **environment: str):
        self.log, self._log_start = log, 0
        self.port = reserve_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FENGQIAO_", "DATABASE_URL", "AMQP_"))}
        with log.open("a") as out:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**inherited, "PYTHONUNBUFFERED": "1", "FENGQIAO_TELEMETRY_PORT": str(self.port), "FENGQIAO_HTTP_PORT": str(self.port), **environment},
            )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()

    def is_ready(self) -> bool:
        return self.readiness() is not None and all(self.readiness().values())

    def readiness(self) -> dict | None:
        """Return {component: is ready} from the endpoint /readyz, or None if the process does not answer."""
        try:
            return json.loads(self.http_get("/readyz"))
        except urllib.error.HTTPError as unready:
            return json.loads(unready.read())
        except (OSError, ValueError):
            return None

    def wait_ready(self):
        wait_until(lambda: self.is_ready() or self.popen.poll() is not None, what="the process was ready")
        assert self.popen.poll() is None, self.log.read_text()
        return self

    def http_get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as response:
            return response.read().decode()

    def sum_metric(self, name: str) -> float:
        """Return the sum of a Prometheus metric over all its label values."""
        return sum(float(line.rpartition(" ")[2]) for line in self.http_get("/metrics").splitlines() if line.split("{")[0] == name)

    def send_stop_signal(self):
        self.popen.send_signal(signal.SIGTERM)

    def wait_for_exit(self, seconds: float = 20) -> int:
        """Wait until the process ends, and return its exit code."""
        return self.popen.wait(seconds)

    def skip_log(self):
        """Exclude everything logged so far from the results of `log_text` and `log_lines`."""
        self._log_start = len(self.log.read_text())

    def log_text(self) -> str:
        return self.log.read_text()[self._log_start :]

    def log_lines(self) -> list[dict]:
        """Return the log lines as dicts; a line that is not JSON is returned as {"event": line, "level": "foreign"}."""
        lines = []
        for line in self.log_text().splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
                continue
            lines.append({"event": line, "level": "foreign"})
        return lines
