"""The stage of the drill's tests: servers of their own, because these are killed."""

import shutil

import pytest

from deploy.chaos.stage import Stage


@pytest.fixture(scope="module")
def stage(run_folder):
    folder = run_folder / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    with Stage(folder) as stage:
        yield stage
        stage.servers.broker.kill()  # nothing in it is needed any more, and its orderly end takes six seconds
    shutil.rmtree(folder, ignore_errors=True)
