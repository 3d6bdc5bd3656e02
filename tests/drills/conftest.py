"""Fixture of the drill's tests: a running system whose database and broker the drill may kill."""

import shutil

import pytest

from drills.system import DrillSystem


@pytest.fixture(scope="module")
def drill_system(run_folder, killable_servers):
    folder = run_folder / "chaos"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with DrillSystem(folder, servers=killable_servers) as drill_system:
        yield drill_system
    shutil.rmtree(folder, ignore_errors=True)
