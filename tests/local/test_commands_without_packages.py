"""Tests of the `./fengqiao` commands that need no packages: in a fresh clone, they run with the standard library only and create no files."""

import os
import shutil
import subprocess
import sys

import pytest

from deploy.files import ROOT
from local.command_table import COMMANDS, NO_REQUIREMENTS

COPIED_PATHS = ("contracts", "deploy", "local", "plumbing", "services", "fengqiao", "requirements.txt", "requirements-dev.txt")


@pytest.fixture
def bare_python(tmp_path):
    """Return the path of a Python that finds no installed packages."""
    python = tmp_path / "bare-python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E -s "$@"\n')
    python.chmod(0o700)
    return python


@pytest.fixture
def fresh_clone(tmp_path):
    """Return a copy of the checkout without `.venv` and without a run directory."""
    fresh_clone = tmp_path / "clone"
    fresh_clone.mkdir()
    for path in COPIED_PATHS:
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, fresh_clone / path)
    return fresh_clone


def run_command(folder, python, *arguments, **environment):
    # With these variables, a command that tries to create `.venv` fails at once instead of downloading packages.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FENGQIAO_", "PYTHON", "VIRTUAL_ENV"))}
    inherited |= {"FENGQIAO_PYTHON": str(python), "FENGQIAO_INSTALL": "never", "PIP_NO_INDEX": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run(["sh", folder / "fengqiao", *arguments], env=inherited | environment, capture_output=True, text=True, timeout=60, check=False)


def test_python_of_these_tests_finds_no_installed_package(bare_python):
    assert subprocess.run([bare_python, "-c", "import marshmallow"], capture_output=True, check=False).returncode == 1


def test_status_command_in_a_fresh_clone_prints_that_the_system_was_never_started(fresh_clone, bare_python):
    completed = run_command(fresh_clone, bare_python, "status")

    assert (completed.stdout, completed.stderr) == ("系统尚未启动过，请先运行 ./fengqiao up | the system was never started here; run ./fengqiao up first\n", "")
    assert completed.returncode == 1
    assert not (fresh_clone / ".venv").exists() and not (fresh_clone / ".run").exists()


@pytest.mark.parametrize(("arguments", "code"), [(["help"], 0), ([], 0), (["down"], 0), (["get"], 0), (["clean"], 0), (["no-such-word"], 2)])
def test_command_without_package_requirements_runs_in_a_fresh_clone(fresh_clone, bare_python, arguments, code):
    completed = run_command(fresh_clone, bare_python, *arguments)

    assert (completed.returncode, "Traceback" in completed.stderr) == (code, False)
    assert not (fresh_clone / ".venv").exists() and not (fresh_clone / ".run").exists()


def test_only_help_down_status_get_clean_and_lock_need_no_packages():
    assert {name for name, command in COMMANDS.items() if command.requirements is NO_REQUIREMENTS} == {"help", "down", "status", "get", "clean", "lock"}


def test_status_command_without_packages_shows_the_processes_of_a_running_system(system, bare_python):
    completed = run_command(ROOT, bare_python, "status", FENGQIAO_RUN=str(system.folder))

    ready = {line.split()[0]: line.split()[-1] for line in completed.stdout.splitlines()[1:]}
    pids = {line.split()[0]: line.split()[2] for line in completed.stdout.splitlines()[1:]}
    private_servers = [
        name for name in ("database", "broker") if name in system.servers.ports.stored_ports()
    ]  # not present if several test workers share the broker
    assert ready == dict.fromkeys((*system.names, *private_servers), "✓")
    assert {name: pids[name] for name in system.names} == {name: str(system.pid(name)) for name in system.names}
    assert (completed.returncode, completed.stderr) == (0, "")
