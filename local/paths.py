"""Paths of the Python environment and of the run directory. Standard library only."""

import os
from pathlib import Path

from deploy.files import ROOT

VENV = ROOT / ".venv"
EXTERNAL_SERVER_SETTINGS = ("DATABASE_URL", "AMQP_URI", "AMQP_MANAGEMENT_URL")  # settings with addresses of external servers, which this project does not start


def run_dir() -> Path:
    """Return the run directory, in which a running system stores all its data: FENGQIAO_RUN, or .run in the checkout."""
    return Path(os.environ.get("FENGQIAO_RUN") or ROOT / ".run").resolve()
