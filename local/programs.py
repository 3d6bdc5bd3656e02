"""Finds the server programs, or gets them: already there, installed (A), or unpacked below the run directory (B). Knows packages and paths."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from deploy.files import ROOT, private
from local import debian
from local.progress import Missing, step

POSTGRESQL_AT_LEAST = 15
RUNTIME = ROOT / ".run/runtime"  # shared by every run directory: what was fetched once serves demo and tests

WANTED = """\
缺少 {missing}。请安装后再试：
  Debian/Ubuntu：apt-get install postgresql rabbitmq-server（或以 root 身份运行，本程序会自行安装且不启动任何系统服务）
  其他系统：PostgreSQL {postgresql} 及以上、RabbitMQ 3.10 及以上；或用环境变量 PG_BIN、RABBITMQ_SBIN 指明其程序目录；
  或用 DATABASE_URL、AMQP_URI、AMQP_MANAGEMENT_URL 指向现有的服务器。
{missing} not found. Install and try again:
  Debian, Ubuntu: apt-get install postgresql rabbitmq-server (or run this as root: it installs them and starts no service of the machine)
  elsewhere: PostgreSQL {postgresql} or later and RabbitMQ 3.10 or later; or say in PG_BIN and RABBITMQ_SBIN where their programs lie;
  or let DATABASE_URL, AMQP_URI and AMQP_MANAGEMENT_URL point to servers that run already."""


@dataclass(frozen=True)
class Programs:
    """A folder of programs, and what their environment needs to run from there."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


def find_postgresql() -> Programs | None:
    if os.environ.get("PG_BIN"):
        return Programs(Path(os.environ["PG_BIN"]))
    for tree in (Path("/"), RUNTIME / "tree"):
        folders = [
            folder for folder in tree.glob("usr/lib/postgresql/*/bin") if (folder / "initdb").exists() and int(folder.parent.name) >= POSTGRESQL_AT_LEAST
        ]
        if folders:
            return Programs(max(folders, key=lambda folder: int(folder.parent.name)), _unpacked(tree))
    initdb = shutil.which("initdb")
    return Programs(Path(initdb).resolve().parent) if initdb else None


def find_rabbitmq() -> Programs | None:
    if os.environ.get("RABBITMQ_SBIN"):
        return Programs(Path(os.environ["RABBITMQ_SBIN"]))
    for tree in (Path("/"), RUNTIME / "tree"):
        # Never /usr/sbin/rabbitmq-server: that wrapper changes to the machine's own node, its user and its data.
        folders = sorted(tree.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"), key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.parent.name)])
        has_erlang = (tree / "usr/lib/erlang/bin/erl").exists() or shutil.which("erl")
        if folders and has_erlang:
            return Programs(folders[-1], _unpacked(tree))
    return None


def find_prometheus() -> Programs | None:
    for tree in (Path("/"), RUNTIME / "prometheus/tree"):
        if (tree / "usr/bin/prometheus").exists():
            return Programs(tree / "usr/bin")
    found = shutil.which("prometheus")
    return Programs(Path(found).parent) if found else None


def find_browser() -> str | None:
    return os.environ.get("FENGQIAO_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def servers() -> tuple[Programs, Programs]:
    """PostgreSQL's programs and RabbitMQ's; gets what is missing where that is possible. Raises Missing with what to install."""
    sought = {"postgresql": find_postgresql, "rabbitmq-server": find_rabbitmq}
    packages = [package for package, find in sought.items() if not find()]
    if packages:
        _get(packages, f"{'、'.join(packages)}", ", ".join(packages))
        still = [package for package, find in sought.items() if not find()]
        if still:
            raise Missing(WANTED.format(missing=", ".join(still), postgresql=POSTGRESQL_AT_LEAST))
    return find_postgresql(), find_rabbitmq()


def get_prometheus() -> Programs | None:
    """Always unpacked, never installed: its package would bring a service of the machine's own."""
    if not find_prometheus() and debian.how() != "never":
        with step("获取 Prometheus", "fetching Prometheus"):
            try:
                debian.unpack_alone(["prometheus"], private(RUNTIME / "prometheus"))
            except debian.Failed as reason:
                raise Missing(str(reason)) from reason
    return find_prometheus()


def get_browser() -> str | None:
    """A browser with Chinese type, for the tests of the pages; only installed, as it does not run unpacked."""
    if not find_browser() and debian.how() == "system":
        with step("安装浏览器与中文字体（用于页面测试）", "installing a browser and Chinese type for the tests of the pages"):
            try:
                debian.install(["chromium", "fonts-noto-cjk"])
            except debian.Failed as reason:
                raise Missing(str(reason)) from reason
    return find_browser()


def _get(packages: list[str], zh: str, en: str) -> None:
    try:
        match debian.how():
            case "system":
                with step(f"安装 {zh}（不启动系统服务）", f"installing {en}, starting no service of the machine"):
                    debian.install(packages)
            case "private":
                with step(f"下载并在本目录展开 {zh}", f"fetching {en} and unpacking them privately"):
                    _make_movable(debian.unpack(packages, private(RUNTIME)))
    except debian.Failed as reason:
        raise Missing(f"{WANTED.format(missing=en, postgresql=POSTGRESQL_AT_LEAST)}\n\n{reason}") from reason


def _make_movable(tree: Path) -> None:
    """Erlang's start script is the only file that knows where it was meant to lie."""
    erl = tree / "usr/lib/erlang/bin/erl"
    if erl.exists():
        erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", f"ROOTDIR={tree}/usr/lib/erlang"))


def _unpacked(tree: Path) -> dict[str, str]:
    if tree == Path("/"):
        return {}
    path = f"{tree}/usr/lib/erlang/bin:{tree}/usr/bin:{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "LD_LIBRARY_PATH": debian.library_path(tree)}
