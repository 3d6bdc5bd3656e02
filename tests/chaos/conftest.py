"""The stage of the drill's tests: servers of their own, because these are killed."""

import shutil

import pytest

from deploy.chaos.stage import Stage
from tests.conftest import RUN


@pytest.fixture(scope="module")
def stage():
    folder = RUN / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    with Stage(folder) as stage:
        yield stage
    shutil.rmtree(folder, ignore_errors=True)
