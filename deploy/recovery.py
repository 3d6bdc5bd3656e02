"""Repairs a loss of data of an installation, and reports in Chinese and English what it did. `./fengqiao recover`, and in containers deploy.compose.setup."""

import base64
import sys
from datetime import datetime
from pathlib import Path
from typing import Protocol

from contracts.channels import SERVICES
from contracts.dates import SHANGHAI
from deploy.rebuild import rebuild_service
from plumbing.epoch import EpochFile
from plumbing.migrate import UnknownSchema, migrate
from plumbing.pool import Pool
from plumbing.recovery import repair
from plumbing.settings import Settings
from services.intake import envelope
from services.intake import recovery as intake
from services.notify import recovery as notify


class CannotRecover(Exception):
    """The recovery cannot begin. The text states the cause in Chinese and English; nothing was changed."""


class Installation(Protocol):
    """The addresses and keys that a recovery needs. Implemented by local.Servers and deploy.compose.setup.Containers."""

    services: dict[str, dict[str, str]]  # service → {"database": address, "amqp": address}
    database_admin: str
    amqp_admin: str
    keys: dict
    partitions: int
    epoch_file: Path


def recover(servers: Installation, skip_codes: int = intake.CODE_MARGIN, force: bool = False) -> int:
    """Recover the installation whose servers these are. The services must not run. `force`: also if no loss is found. Raises CannotRecover."""
    databases = {service: addresses["database"] for service, addresses in servers.services.items()}
    try:
        for service in SERVICES:
            migrate(service, databases[service])
        services = {service: repair.ServiceAccess(url, base64.b64decode(servers.keys["at_rest"][service])) for service, url in databases.items()}
        file = EpochFile(servers.epoch_file)
        loss = repair.detect_loss(services, servers.amqp_admin, file)
    except UnknownSchema as problem:
        raise CannotRecover(str(problem)) from None
    except repair.ServicesAreRunning as problem:
        raise CannotRecover(f"{problem}仍在运行，请先停止各进程 | {problem} is still running; stop the processes first") from None
    if loss.is_none and not force:
        print_message("未发现数据丢失，未作改动；可以启动各进程", "no loss of data was found, nothing was changed; the processes can be started")
        return 0
    _print_loss(loss)
    counts: dict = {}

    def finish(report):
        counts.update(_finish(servers, report, skip_codes))

    report = repair.recover(services, servers.amqp_admin, servers.partitions, file, loss, finish)
    if any(listener == "metrics" for _, listener in report.ahead):
        # The read model has counted events that the producer no longer has, so it is rebuilt from what there is.
        rebuild_service("metrics", databases, servers.database_admin, servers.keys)
        print_message("已由记录重建metrics", "metrics was rebuilt from the record")
    _print_report(report, counts)
    return 0


def _finish(servers, report, skip_codes) -> dict:
    """Do what only intake and notify can do: skip numbers, send receipts and notices again, tell the agencies. Return counts."""
    counts = {}
    intake_db, notify_db = _pool(servers, "intake", envelope.read_any), _pool(servers, "notify")
    try:
        known = None
        if "intake" in report.loss.restored:
            known = {subject for stream in ("intake", "intake-safeguard") for subject in report.unknown_subjects.get(stream, ())}
        with intake_db.transaction() as tx:
            counts |= intake.record_recovery(tx, report.epoch, report.since, known, skip_codes)
        if report.loss.is_broker_lost:
            counts["receipts"] = intake.send_receipts_again(intake_db)
            counts["notices"] = notify.send_notices_again(notify_db)
        counts["agencies"] = len(notify.ask_agencies_to_send_again(notify_db, report.epoch, report.since))
    finally:
        intake_db.close()
        notify_db.close()
    return counts


def _pool(servers, service, *read) -> Pool:
    addresses = servers.services[service]
    key = base64.b64decode(servers.keys["at_rest"][service])
    settings = Settings(service, addresses["database"], addresses["amqp"], key, partitions=servers.partitions)
    return Pool(settings, 1, **({"read": read[0]} if read else {}))


def _print_loss(loss):
    for service, newest in loss.restored.items():
        at = _format_time(newest) if newest else "–"
        print_message(f"{service}的数据停留在较早时点：{at}", f"the data of {service} is of an earlier point: {at}")
    if loss.is_broker_lost:
        print_message("消息服务器的数据已丢失", "the broker has lost its data")
    if loss.is_file_missing:
        print_message("数据库以外的纪元记录缺失，按数据库已恢复处理", "the record of the epoch outside the database is missing: treated as a restored database")


def _print_report(report, counts):
    print_message(f"现为第{report.epoch}纪元", f"this is epoch {report.epoch}")
    for (stream, listener), count in sorted(report.lacking.items()):
        if count:
            print_message(f"{listener}缺少{stream}的{count}个事件，将重新发布", f"{listener} lacked {count} events of {stream}; they will be published again")
    for stream, count in sorted(report.unrecorded.items()):
        if count:
            print_message(f"{stream}有{count}个事件不在记录中", f"{count} events of {stream} are not in the record")
    for stream, count in sorted(report.jumps.items()):
        if count:
            print_message(f"{stream}有{count}件纠纷的事件编号跳过已用编号", f"the numbering of {stream} skips used numbers in {count} disputes")
    for (stream, listener), count in sorted(report.ahead.items()):
        print_message(
            f"{listener}处理过{stream}的{count}个事件，发布者已无记录", f"{listener} has processed {count} events of {stream} that the producer no longer has"
        )
    for (stream, listener), count in sorted(report.conflicts.items()):
        print_message(
            f"{listener}的{count}个{stream}事件与记录矛盾，已搁置（./fengqiao parked list）",
            f"{count} events of {stream} for {listener} contradict the record and are set aside (./fengqiao parked list)",
        )
    if "codes" in counts:
        print_message(
            f"跳过{counts['codes']}个纠纷编码、各{counts['numbers']}个日志号和回执位置",
            f"{counts['codes']} dispute codes, and {counts['numbers']} log numbers and receipt positions each, are skipped",
        )
    if report.loss.is_broker_lost:
        print_message(
            f"重新发送{counts['receipts']}个回执、{counts['notices']}个通知", f"{counts['receipts']} receipts and {counts['notices']} notices are sent again"
        )
    _print_what_agencies_do(report.since, counts["agencies"])
    print_message("现在可以启动各进程（./fengqiao up）", "the processes can be started now (./fengqiao up)")


def _print_what_agencies_do(since: datetime | None, agencies: int):
    if since:
        at = _format_time(since)
        print_message(
            f"{agencies}个机构须重报{at}以后回执的事件和尚无回执的事件；接入工具自动重报，HTTP接入的机构按410答复处理",
            f"{agencies} agencies have to send again the events answered since {at} and those without a receipt; the kit does so by itself,"
            " agencies that use HTTP follow the answer 410",
        )
    else:
        print_message(
            f"{agencies}个机构须重报尚无回执的事件；接入工具自动重报",
            f"{agencies} agencies have to send again their events without a receipt; the kit does so by itself",
        )


def _format_time(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def print_message(zh: str, en: str) -> None:
    print(f"         {zh} | {en}", file=sys.stderr, flush=True)
