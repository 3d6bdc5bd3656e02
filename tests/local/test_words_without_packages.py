"""Words that need no environment answer in a fresh clone, with the standard library alone, and leave nothing behind."""

import os
import shutil
import subprocess
import sys

import pytest

from deploy.files import ROOT
from local.words import BARE, WORDS

PARTS = ("contracts", "deploy", "local", "plumbing", "services", "fengqiao", "requirements.txt", "requirements-dev.txt")


@pytest.fixture
def python_alone(tmp_path):
    """A Python that finds no installed package, whatever environment it belongs to."""
    python = tmp_path / "python-alone"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E -s "$@"\n')
    python.chmod(0o700)
    return python


@pytest.fixture
def clone(tmp_path):
    """The tree as somebody gets it: no environment, nothing ever started."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, clone / part)
    return clone


def run(folder, python, *words, **environment):
    # Whoever tries to make an environment all the same fails at once, instead of fetching packages.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FENGQIAO_", "PYTHON", "VIRTUAL_ENV"))}
    inherited |= {"FENGQIAO_PYTHON": str(python), "FENGQIAO_INSTALL": "never", "PIP_NO_INDEX": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run(["sh", folder / "fengqiao", *words], env=inherited | environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_isolated_python_finds_no_package(python_alone):
    assert subprocess.run([python_alone, "-c", "import marshmallow"], capture_output=True, check=False).returncode == 1


def test_status_in_a_fresh_clone_says_that_nothing_was_started(clone, python_alone):
    done = run(clone, python_alone, "status")

    assert (done.stdout, done.stderr) == ("系统尚未启动过：先 ./fengqiao up | nothing was started here yet: ./fengqiao up\n", "")
    assert done.returncode == 1
    assert not (clone / ".venv").exists() and not (clone / ".run").exists()


@pytest.mark.parametrize(("words", "code"), [(["help"], 0), ([], 0), (["down"], 0), (["get"], 0), (["clean"], 0), (["no-such-word"], 2)])
def test_other_words_need_no_environment_either(clone, python_alone, words, code):
    done = run(clone, python_alone, *words)

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert not (clone / ".venv").exists() and not (clone / ".run").exists()


def test_every_word_without_needs_is_tested_here_or_fetches_something():
    assert {name for name, word in WORDS.items() if word.needs is BARE} == {"help", "down", "status", "get", "clean", "lock"}


def test_status_shows_a_running_system_without_any_package(system, python_alone):
    done = run(ROOT, python_alone, "status", FENGQIAO_RUN=str(system.folder))

    ready = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()[1:]}
    pids = {line.split()[0]: line.split()[2] for line in done.stdout.splitlines()[1:]}
    private = [name for name in ("database", "broker") if name in system.servers.ports.known()]  # the broker may be one that several runs share
    assert ready == dict.fromkeys((*system.names, *private), "✓")
    assert {name: pids[name] for name in system.names} == {name: str(system.pid(name)) for name in system.names}
    assert (done.returncode, done.stderr) == (0, "")
