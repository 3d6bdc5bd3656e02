"""Updates uv.lock and the requirements files after a change of pyproject.toml. If uv is missing, a temporary copy is installed."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.files import ROOT
from local.environment import DEVELOPMENT_REQUIREMENTS, RUNTIME_REQUIREMENTS
from local.progress import timed_step

PUBLIC_INDEX = "https://pypi.org/simple"
EXPORTED_GROUPS = {RUNTIME_REQUIREMENTS: ["--no-dev"], DEVELOPMENT_REQUIREMENTS: ["--all-groups"]}


def lock() -> None:
    """Write uv.lock and the requirements files. Raises SystemExit if uv.lock names another package index than PUBLIC_INDEX."""
    with tempfile.TemporaryDirectory() as folder, timed_step("锁定 Python 包", "locking the Python packages"):
        uv = shutil.which("uv") or _install_temporary_uv(Path(folder))
        # The uv and pip settings of this machine are left out: its package mirrors must not get into the lock file.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        run = [uv, "--quiet", "--no-config", "--directory", str(ROOT)]
        subprocess.run([*run, "lock", "--default-index", PUBLIC_INDEX], env=environment, check=True)
        for file, groups in EXPORTED_GROUPS.items():
            header = "--no-header"  # uv's header would contain the command line with temporary paths
            export = [*run, "export", "--locked", "--default-index", PUBLIC_INDEX, "--no-emit-project", "--no-annotate", header, *groups]
            text = subprocess.run(export, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
            file.write_text(f"# Made by ./fengqiao lock from uv.lock; install with: pip install --require-hashes -r {file.name}\n{text}")
    other_indexes = set(re.findall(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text())) - {PUBLIC_INDEX}
    if other_indexes:
        raise SystemExit(f"uv.lock contains indexes other than the public one: {other_indexes}")


def _install_temporary_uv(folder: Path) -> str:
    import venv

    venv.create(folder / "uv", with_pip=True)
    subprocess.run([folder / "uv/bin/python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(folder / "uv/bin/uv")
