"""The Python environment and the run directory of this checkout. Standard library only."""

import os
from pathlib import Path

from deploy.files import ROOT

VENV = ROOT / ".venv"
OTHERS_SERVERS = ("DATABASE_URL", "AMQP_URI", "AMQP_MANAGEMENT_URL")  # settings that name servers which somebody else runs


def run_dir() -> Path:
    """Return the folder of everything that a running system leaves behind: FENGQIAO_RUN, or .run in the checkout."""
    return Path(os.environ.get("FENGQIAO_RUN") or ROOT / ".run").resolve()
