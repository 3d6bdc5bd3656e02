"""Makes `.venv` from the locked list of packages, every one checked by its hash. Knows the standard library only."""

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
from local.places import VENV
from local.progress import Missing, step

RUNNING = ROOT / "requirements.txt"
DEVELOPING = ROOT / "requirements-dev.txt"
STAMP = VENV / "installed.json"


def make(wanted: Path = RUNNING) -> Path:
    """The environment's Python, with everything in `wanted` installed. Quick when there is nothing to do."""
    with wanted.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make demo` and `make test` may be started side by side
        python = VENV / "bin/python"
        if not _works(python):
            shutil.rmtree(VENV, ignore_errors=True)
        if wanted.name not in _installed():
            with step("准备 Python 环境（按锁定清单，逐包校验）", f"Python environment from {wanted.name}, every package checked by its hash"):
                pip = _pip() if VENV.exists() else _create()
                _install(pip, wanted)
        return python


def _installed() -> set[str]:
    """The lists that the environment holds as they are now. Whoever develops has also what is needed to run."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (FileNotFoundError, ValueError):
        return set()
    held = {name for name, digest in stamp.items() if digest == _digest(ROOT / name)}
    return held | {RUNNING.name} if DEVELOPING.name in held else held


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _works(python: Path) -> bool:
    """An environment whose Python was removed or upgraded underneath it is made again."""
    ask = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return python.exists() and subprocess.run([python, "-c", ask], stderr=subprocess.DEVNULL, check=False).returncode == 0


def _create() -> list[str]:
    """Debian splits venv from Python: whoever may install does so, everybody else borrows a pip from elsewhere."""
    if importlib.util.find_spec("ensurepip") is None and debian.how() == "system":
        debian.install(["python3-venv"])
        importlib.invalidate_caches()
    has_pip = subprocess.run([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    subprocess.run([sys.executable, "-m", "venv", *([] if has_pip else ["--without-pip"]), VENV], check=True)
    return _pip()


def _pip() -> list[str]:
    """A command that installs into the environment: its own pip, this Python's, or one from Debian's package, unpacked."""
    inside = str(VENV / "bin/python")
    if subprocess.run([inside, "-c", "import pip"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return [inside, "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", inside]
    if debian.how() != "never":
        tree = debian.unpack_alone(["python3-pip-whl"], VENV / "pip")
        for wheel in tree.glob("usr/share/python-wheels/pip-*.whl"):
            return [inside, str(wheel / "pip")]
    raise Missing("缺少 pip：请安装 python3-venv（apt-get install python3-venv） | There is no pip: install python3-venv (apt-get install python3-venv)")


def _install(pip: list[str], wanted: Path) -> None:
    STAMP.unlink(missing_ok=True)
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r", str(wanted)]
    quiet = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_INPUT": "1"}
    done = subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Missing(f"安装 Python 包失败：\n | Python packages could not be installed:\n{done.stdout[-3000:]}")
    STAMP.write_text(json.dumps({wanted.name: _digest(wanted)}))
