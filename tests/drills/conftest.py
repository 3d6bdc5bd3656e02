"""The system under the drill's tests, on a database and a broker that the drill kills."""

import shutil

import pytest

from drills.environment import Stage


@pytest.fixture(scope="module")
def stage(run_folder, killable):
    folder = run_folder / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with Stage(folder, servers=killable) as stage:
        yield stage
    shutil.rmtree(folder, ignore_errors=True)
