"""The Python environment and the run directory of this checkout. Standard library only."""

import os
from pathlib import Path

from deploy.files import ROOT

VENV = ROOT / ".venv"
EXTERNAL_SERVER_SETTINGS = ("DATABASE_URL", "AMQP_URI", "AMQP_MANAGEMENT_URL")  # settings with addresses of servers that this project does not start


def run_dir() -> Path:
    """Return the run directory, which holds all data of a running system: FENGQIAO_RUN, or .run in the checkout."""
    return Path(os.environ.get("FENGQIAO_RUN") or ROOT / ".run").resolve()
