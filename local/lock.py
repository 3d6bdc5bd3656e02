"""Locks the Python packages again after pyproject.toml changed. Needs uv, the only step that does: a throwaway one is fetched if there is none."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.files import ROOT
from local.environment import DEVELOPING, RUNNING
from local.progress import step

PUBLIC_INDEX = "https://pypi.org/simple"
EXPORTS = {RUNNING: ["--no-dev"], DEVELOPING: ["--all-groups"]}


def lock() -> None:
    with tempfile.TemporaryDirectory() as folder, step("锁定 Python 包", "locking the Python packages"):
        uv = shutil.which("uv") or _throwaway(Path(folder))
        # Neither this machine's mirrors nor its folders of wheels may get into a file that others install from.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        run = [uv, "--quiet", "--no-config", "--directory", str(ROOT)]
        subprocess.run([*run, "lock", "--default-index", PUBLIC_INDEX], env=environment, check=True)
        for file, groups in EXPORTS.items():
            header = "--no-header"  # uv's own header repeats the command line, temporary paths included
            export = [*run, "export", "--locked", "--default-index", PUBLIC_INDEX, "--no-emit-project", "--no-annotate", header, *groups]
            text = subprocess.run(export, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
            file.write_text(f"# Made by ./fengqiao lock from uv.lock; install with: pip install --require-hashes -r {file.name}\n{text}")
    strangers = set(re.findall(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text())) - {PUBLIC_INDEX}
    if strangers:
        raise SystemExit(f"uv.lock names other indexes than the public one: {strangers}")


def _throwaway(folder: Path) -> str:
    import venv

    venv.create(folder / "uv", with_pip=True)
    subprocess.run([folder / "uv/bin/python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(folder / "uv/bin/uv")
