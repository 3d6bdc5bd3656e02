"""Gets Debian packages: installed with every service denied (A), or unpacked in a private folder (B). Knows no package by name."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from local.progress import CannotGoOn

POLICY = Path("/usr/sbin/policy-rc.d")
CREATE_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
LOCK_WAIT_SECONDS = 300


class Failed(CannotGoOn):
    """apt or dpkg said no; the text is the end of what it printed."""


def how() -> str:
    """`system`, `private` or `never`; FENGQIAO_INSTALL decides, otherwise root installs and everybody else unpacks."""
    wish = os.environ.get("FENGQIAO_INSTALL", "auto")
    if wish == "never" or not shutil.which("apt-get"):
        return "never"
    if wish in ("system", "private"):
        return wish
    return "system" if os.geteuid() == 0 else "private"


def install(packages: Iterable[str]) -> None:
    """Way A. Starts no service, makes no default cluster, and leaves no setting of the machine changed."""
    with _kept(POLICY), _kept(CREATE_CLUSTER):
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
        CREATE_CLUSTER.parent.mkdir(exist_ok=True)
        with CREATE_CLUSTER.open("a") as settings:
            settings.write("create_main_cluster = false\n")
        _update([])
        # --force-confold: dpkg would stop and ask about the settings file that was there before the package.
        _apt("-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "install", *packages)
    if shutil.which("systemctl") and Path("/run/systemd/system").is_dir():
        # Denied now, these would still start with the next boot, on the ports everybody knows.
        units = [f"{package}.service" for package in packages if not package.startswith("postgresql")]
        subprocess.run(["systemctl", "disable", "--quiet", *units, "epmd.socket"], stderr=subprocess.DEVNULL, check=False)


def unpack(packages: Iterable[str], into: Path) -> Path:
    """Way B. A private copy of apt's state; fetches what is not installed, verified as always, and unpacks it. Returns the tree."""
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
    _update(options)
    _apt(*options, "-y", "--download-only", "--no-install-recommends", "install", *packages)
    for deb in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(tree)])
        deb.unlink()
    return tree


def unpack_alone(packages: Iterable[str], into: Path) -> Path:
    """Only the named packages, without what they need, and even when they are installed. Returns the tree."""
    into.mkdir(parents=True, exist_ok=True)
    tree = into / "tree"
    with tempfile.TemporaryDirectory(dir=into) as debs:
        lists = ["-o", f"Dir::State::Lists={into}/lists", "-o", f"Dir::Cache={into}/cache", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]
        for folder in (into / "lists/partial", into / "cache/archives/partial", tree):
            folder.mkdir(parents=True, exist_ok=True)
        _update(lists)
        _apt(*lists, "download", *packages, cwd=debs)
        for deb in sorted(Path(debs).glob("*.deb")):
            _run(["dpkg-deb", "-x", str(deb), str(tree)])
    return tree


def library_path(tree: Path) -> str:
    """What LD_LIBRARY_PATH needs so that programs of an unpacked tree find their libraries."""
    return str(tree / "usr/lib" / f"{platform.machine()}-linux-gnu")


@contextmanager
def _kept(file: Path):
    """The file is afterwards as it was before, whatever happens in between."""
    before = (file.read_bytes(), file.stat().st_mode) if file.exists() else None
    try:
        yield
    finally:
        # The package's own version, laid beside ours because ours was there first.
        packaged = [beside for ending in (".dpkg-dist", ".ucf-dist") if (beside := file.with_name(file.name + ending)).exists()]
        if before:
            file.write_bytes(before[0])
            file.chmod(before[1])
        elif packaged:
            packaged[0].replace(file)
        else:
            file.unlink(missing_ok=True)


def _update(options: list[str]) -> None:
    """apt waits for dpkg's lock by itself, but not for the lock of its own lists: that is asked for again until it is free."""
    give_up = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return _apt(*options, "update")
        except Failed as reason:
            if "Could not get lock" not in str(reason) or time.monotonic() > give_up:
                raise
            time.sleep(1)


def _apt(*arguments: str, cwd: str | None = None) -> None:
    _run(["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_SECONDS}", "-o", "Acquire::Retries=3", *arguments], cwd)


def _run(command: list[str], cwd: str | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command[:1] + command[-3:])}\n" + done.stdout[-2000:])
