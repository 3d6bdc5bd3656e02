"""The stage of the drill's tests: servers of their own, because these are killed."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.chaos.stage import Stage
from deploy.local.places import ROOT


@pytest.fixture(scope="module")
def stage():
    folder = Path(os.environ.get("FENGQIAO_TEST_RUN", ROOT / ".run" / "test")) / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    with Stage(folder) as stage:
        yield stage
    shutil.rmtree(folder, ignore_errors=True)
