"""Finds the programs of PostgreSQL, RabbitMQ, Prometheus and a browser on the machine, or installs or unpacks their Debian packages."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from deploy.files import ROOT, make_private_folder
from local import debian
from local.progress import MissingPrerequisite, timed_step

MIN_POSTGRESQL_VERSION = 15
RUNTIME_FOLDER = ROOT / ".run/runtime"  # shared by all run directories, so that packages are downloaded only once

MISSING_PROGRAMS_TEXT = """\
缺少 {missing}。请安装后再试：
  Debian/Ubuntu：apt-get install postgresql rabbitmq-server（或以 root 身份运行，本程序会自动安装，且不启动任何系统服务）
  其他系统：PostgreSQL {postgresql} 及以上、RabbitMQ 3.10 及以上；或用环境变量 PG_BIN、RABBITMQ_SBIN 指明其程序目录；
  或用 DATABASE_URL、AMQP_URI、AMQP_MANAGEMENT_URL 指向现有的服务器。
{missing} not found. Install and try again:
  Debian, Ubuntu: apt-get install postgresql rabbitmq-server (or run this as root: the packages are installed and no system service is started)
  Other systems: PostgreSQL {postgresql} or later and RabbitMQ 3.10 or later; or set PG_BIN and RABBITMQ_SBIN to the folders of their programs;
  or set DATABASE_URL, AMQP_URI and AMQP_MANAGEMENT_URL to existing servers."""


@dataclass(frozen=True)
class Programs:
    """A folder with programs, and the environment variables that they need."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


def find_postgresql() -> Programs | None:
    if os.environ.get("PG_BIN"):
        return Programs(Path(os.environ["PG_BIN"]))
    for tree in (Path("/"), RUNTIME_FOLDER / "tree"):
        folders = [
            folder for folder in tree.glob("usr/lib/postgresql/*/bin") if (folder / "initdb").exists() and int(folder.parent.name) >= MIN_POSTGRESQL_VERSION
        ]
        if folders:
            return Programs(max(folders, key=lambda folder: int(folder.parent.name)), _program_environment(tree))
    initdb = shutil.which("initdb")
    return Programs(Path(initdb).resolve().parent) if initdb else None


def find_rabbitmq() -> Programs | None:
    if os.environ.get("RABBITMQ_SBIN"):
        return Programs(Path(os.environ["RABBITMQ_SBIN"]))
    for tree in (Path("/"), RUNTIME_FOLDER / "tree"):
        # The wrapper /usr/sbin/rabbitmq-server is not used: it would use the node, user and data of the RabbitMQ service of the machine.
        folders = sorted(tree.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"), key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.parent.name)])
        has_erlang = (tree / "usr/lib/erlang/bin/erl").exists() or shutil.which("erl")
        if folders and has_erlang:
            return Programs(folders[-1], _program_environment(tree))
    return None


def find_prometheus() -> Programs | None:
    for tree in (Path("/"), RUNTIME_FOLDER / "prometheus/tree"):
        if (tree / "usr/bin/prometheus").exists():
            return Programs(tree / "usr/bin")
    found = shutil.which("prometheus")
    return Programs(Path(found).parent) if found else None


def find_browser() -> str | None:
    return os.environ.get("FENGQIAO_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def get_server_programs() -> tuple[Programs, Programs]:
    """Return the programs of PostgreSQL and RabbitMQ. If one is missing, install or unpack its package. Raises MissingPrerequisite if that fails."""
    finders = {"postgresql": find_postgresql, "rabbitmq-server": find_rabbitmq}
    packages = [package for package, find in finders.items() if not find()]
    if packages:
        _install_or_unpack(packages, f"{'、'.join(packages)}", ", ".join(packages))
        still_missing = [package for package, find in finders.items() if not find()]
        if still_missing:
            raise MissingPrerequisite(MISSING_PROGRAMS_TEXT.format(missing=", ".join(still_missing), postgresql=MIN_POSTGRESQL_VERSION))
    return find_postgresql(), find_rabbitmq()


def get_prometheus() -> Programs | None:
    """Return the programs of Prometheus, or None. A missing package is unpacked, not installed, because an installed package starts a system service."""
    if not find_prometheus() and debian.install_mode() != "never":
        with timed_step("获取 Prometheus", "downloading Prometheus"):
            try:
                debian.unpack_without_dependencies(["prometheus"], make_private_folder(RUNTIME_FOLDER / "prometheus"))
            except debian.PackageError as reason:
                raise MissingPrerequisite(str(reason)) from reason
    return find_prometheus()


def get_browser() -> str | None:
    """Return the path of a browser for the page tests, or None. A missing browser is installed with Chinese fonts; an unpacked one would not run."""
    if not find_browser() and debian.install_mode() == "system":
        with timed_step("安装浏览器与中文字体（用于页面测试）", "installing a browser and Chinese fonts for the page tests"):
            try:
                debian.install(["chromium", "fonts-noto-cjk"])
            except debian.PackageError as reason:
                raise MissingPrerequisite(str(reason)) from reason
    return find_browser()


def _install_or_unpack(packages: list[str], zh: str, en: str) -> None:
    try:
        match debian.install_mode():
            case "system":
                with timed_step(f"安装 {zh}（不启动系统服务）", f"installing {en}, without starting system services"):
                    debian.install(packages)
            case "private":
                with timed_step(f"下载 {zh} 并解压到本目录", f"downloading {en} and unpacking them in this checkout"):
                    _set_erlang_root(debian.unpack(packages, make_private_folder(RUNTIME_FOLDER)))
    except debian.PackageError as reason:
        raise MissingPrerequisite(f"{MISSING_PROGRAMS_TEXT.format(missing=en, postgresql=MIN_POSTGRESQL_VERSION)}\n\n{reason}") from reason


def _set_erlang_root(tree: Path) -> None:
    """Write the path of the unpacked tree into Erlang's start script, the only file that contains the installation path."""
    erl = tree / "usr/lib/erlang/bin/erl"
    if erl.exists():
        erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", f"ROOTDIR={tree}/usr/lib/erlang"))


def _program_environment(tree: Path) -> dict[str, str]:
    if tree == Path("/"):
        return {}
    path = f"{tree}/usr/lib/erlang/bin:{tree}/usr/bin:{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "LD_LIBRARY_PATH": debian.library_path(tree)}
