"""Installs Debian packages on the machine without starting their services, or unpacks them in a private folder."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from local.progress import CannotContinue

POLICY_RC_D = Path("/usr/sbin/policy-rc.d")
CREATE_CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.conf")
LOCK_WAIT_SECONDS = 300


class PackageError(CannotContinue):
    """apt or dpkg failed. The text contains the end of its output."""


def install_mode() -> str:
    """Return how to obtain packages: `system` (install), `private` (unpack) or `never`.

    Set by FENGQIAO_INSTALL; by default `system` for root, `private` for other users, and `never` without apt.
    """
    setting = os.environ.get("FENGQIAO_INSTALL", "auto")
    if setting == "never" or not shutil.which("apt-get"):
        return "never"
    if setting in ("system", "private"):
        return setting
    return "system" if os.geteuid() == 0 else "private"


def install(packages: Iterable[str]) -> None:
    """Install the packages on the machine, without starting services or creating PostgreSQL's default database cluster. Settings files stay unchanged."""
    with _restored_afterwards(POLICY_RC_D), _restored_afterwards(CREATE_CLUSTER_CONF):
        POLICY_RC_D.write_text("#!/bin/sh\nexit 101\n")
        POLICY_RC_D.chmod(0o755)
        CREATE_CLUSTER_CONF.parent.mkdir(exist_ok=True)
        with CREATE_CLUSTER_CONF.open("a") as settings:
            settings.write("create_main_cluster = false\n")
        _update_lists([])
        # With --force-confold, dpkg keeps an existing settings file instead of asking the user.
        _apt("-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "install", *packages)
    if shutil.which("systemctl") and Path("/run/systemd/system").is_dir():
        # Installed services would start at the next boot of the machine and occupy their well-known ports.
        units = [f"{package}.service" for package in packages if not package.startswith("postgresql")]
        subprocess.run(["systemctl", "disable", "--quiet", *units, "epmd.socket"], stderr=subprocess.DEVNULL, check=False)


def unpack(packages: Iterable[str], into: Path) -> Path:
    """Download the packages and their missing dependencies, and unpack them below `into`. Return the folder of the unpacked tree.

    apt verifies the packages. Its state on the machine is not changed: a private copy is used.
    """
    into.mkdir(parents=True, exist_ok=True)
    tree = into / "tree"
    for folder in (into / "lists/partial", into / "cache/archives/partial", tree):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile("/var/lib/dpkg/status", into / "status")
    options = [
        "-o", f"Dir::State::Lists={into}/lists",
        "-o", f"Dir::Cache={into}/cache",
        "-o", f"Dir::State::status={into}/status",
        "-o", "Debug::NoLocking=1",
        "-o", "APT::Sandbox::User=",
    ]  # fmt: skip
    archives = into / "cache/archives"
    _update_lists(options)
    _apt(*options, "-y", "--download-only", "--no-install-recommends", "install", *packages)
    for deb in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(tree)])
        deb.unlink()
    return tree


def unpack_without_dependencies(packages: Iterable[str], into: Path) -> Path:
    """Download only the named packages, even if they are installed, and unpack them below `into`. Return the folder of the unpacked tree."""
    into.mkdir(parents=True, exist_ok=True)
    tree = into / "tree"
    with tempfile.TemporaryDirectory(dir=into) as debs:
        lists = ["-o", f"Dir::State::Lists={into}/lists", "-o", f"Dir::Cache={into}/cache", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]
        for folder in (into / "lists/partial", into / "cache/archives/partial", tree):
            folder.mkdir(parents=True, exist_ok=True)
        _update_lists(lists)
        _apt(*lists, "download", *packages, cwd=debs)
        for deb in sorted(Path(debs).glob("*.deb")):
            _run(["dpkg-deb", "-x", str(deb), str(tree)])
    return tree


def library_path(tree: Path) -> str:
    """Return the value of LD_LIBRARY_PATH with which the programs of an unpacked tree find their libraries."""
    return str(tree / "usr/lib" / f"{platform.machine()}-linux-gnu")


@contextmanager
def _restored_afterwards(file: Path):
    """Restore the content and mode of the file after the block."""
    before = (file.read_bytes(), file.stat().st_mode) if file.exists() else None
    try:
        yield
    finally:
        # Because the file existed during the installation, dpkg stored the package's version of it under another name.
        packaged = [candidate for ending in (".dpkg-dist", ".ucf-dist") if (candidate := file.with_name(file.name + ending)).exists()]
        if before:
            file.write_bytes(before[0])
            file.chmod(before[1])
        elif packaged:
            packaged[0].replace(file)
        else:
            file.unlink(missing_ok=True)


def _update_lists(options: list[str]) -> None:
    """Run `apt-get update`. It is retried while another apt has locked the package lists, because apt does not wait for that lock itself."""
    give_up_at = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return _apt(*options, "update")
        except PackageError as reason:
            if "Could not get lock" not in str(reason) or time.monotonic() > give_up_at:
                raise
            time.sleep(1)


def _apt(*arguments: str, cwd: str | None = None) -> None:
    _run(["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_SECONDS}", "-o", "Acquire::Retries=3", *arguments], cwd)


def _run(command: list[str], cwd: str | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    completed = subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if completed.returncode:
        raise PackageError(f"{' '.join(command[:1] + command[-3:])}\n" + completed.stdout[-2000:])
