"""Creates the Python environment `.venv` from the locked requirements; pip verifies every package by its hash. Standard library only."""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.files import ROOT
from local import debian
from local.paths import VENV
from local.progress import MissingPrerequisite, timed_step

RUNTIME_REQUIREMENTS = ROOT / "requirements.txt"
DEVELOPMENT_REQUIREMENTS = ROOT / "requirements-dev.txt"
INSTALLED_FILE = VENV / "installed.json"


def ensure_environment(requirements: Path = RUNTIME_REQUIREMENTS) -> Path:
    """Install the requirements into the environment, which is created if needed. Return the path of its Python."""
    with requirements.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # lock, because two commands such as `make demo` and `make test` may be started at the same time
        python = VENV / "bin/python"
        if not _is_usable(python):
            shutil.rmtree(VENV, ignore_errors=True)
        if requirements.name not in _installed_requirements():
            with timed_step(
                "准备 Python 环境（按锁定清单，逐包校验）", f"creating the Python environment from {requirements.name}, every package verified by its hash"
            ):
                pip = _pip_command() if VENV.exists() else _create_environment()
                _install_requirements(pip, requirements)
        return python


def _installed_requirements() -> set[str]:
    """Return the names of the requirements files whose current content is installed. Installing the development file also installs the runtime file."""
    try:
        installed = json.loads(INSTALLED_FILE.read_text())
    except (FileNotFoundError, ValueError):
        return set()
    current = {name for name, digest in installed.items() if digest == _file_digest(ROOT / name)}
    return current | {RUNTIME_REQUIREMENTS.name} if DEVELOPMENT_REQUIREMENTS.name in current else current


def _file_digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_usable(python: Path) -> bool:
    """Return whether the Python of the environment runs and has the same version as this Python, which may have been upgraded."""
    script = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return python.exists() and subprocess.run([python, "-c", script], stderr=subprocess.DEVNULL, check=False).returncode == 0


def _create_environment() -> list[str]:
    """Create the environment and return a pip command for it. Debian's separate package python3-venv is installed if it is missing and root runs this."""
    if importlib.util.find_spec("ensurepip") is None and debian.install_mode() == "system":
        debian.install(["python3-venv"])
        importlib.invalidate_caches()
    has_pip = subprocess.run([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    subprocess.run([sys.executable, "-m", "venv", *([] if has_pip else ["--without-pip"]), VENV], check=True)
    return _pip_command()


def _pip_command() -> list[str]:
    """Return a pip command for the environment: with the environment's own pip, this Python's pip, or pip from an unpacked Debian package."""
    venv_python = str(VENV / "bin/python")
    if subprocess.run([venv_python, "-c", "import pip"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return [venv_python, "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", venv_python]
    if debian.install_mode() != "never":
        tree = debian.unpack_without_dependencies(["python3-pip-whl"], VENV / "pip")
        for wheel in tree.glob("usr/share/python-wheels/pip-*.whl"):
            return [venv_python, str(wheel / "pip")]
    raise MissingPrerequisite(
        "缺少 pip：请安装 python3-venv（apt-get install python3-venv） | pip is missing: install python3-venv (apt-get install python3-venv)"
    )


def _install_requirements(pip: list[str], requirements: Path) -> None:
    INSTALLED_FILE.unlink(missing_ok=True)
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r", str(requirements)]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_INPUT": "1"}
    completed = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if completed.returncode:
        raise MissingPrerequisite(f"安装 Python 包失败 | Python packages could not be installed:\n{completed.stdout[-3000:]}")
    INSTALLED_FILE.write_text(json.dumps({requirements.name: _file_digest(requirements)}))
