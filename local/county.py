"""Applies a county's folder to the installation in the run directory, also while it runs: `python -m local.county DIR`.

For added agencies, broker users and queues are created first; queues of removed agencies are drained before their deletion. Then every process is
restarted, listeners before the producers that they hear, so that no process receives an event about an agency that it does not know. No event is
lost: queues and outboxes are durable, and events wait there during the restarts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.county import applied_copy
from deploy.county.__main__ import errors_in
from deploy.files import ROOT, write_private
from local import pids
from local.paths import run_dir
from local.progress import CannotContinue, print_message, timed_step
from local.prometheus import process_specs
from local.readiness import is_process_ready

# Stages of the restart, in order, listeners before producers: a process publishes events about a new agency only after every listener knows it.
RESTART_STAGES = (("notify", "metrics", "dashboard"), ("mediation",), ("intake", "door"))
DRAIN_SECONDS, READY_SECONDS = 120, 90
# fmt: off
CHANGE_LABELS = (
    ("added",       "增加", "added"),
    ("renamed",     "更名", "renamed"),
    ("suspended",   "停用", "suspended"),
    ("reactivated", "恢复", "reactivated"),
    ("removed",     "撤销", "removed"),
)
# fmt: on


class NotApplied(CannotContinue):
    """The folder was not applied and nothing was changed. The text gives the reason in Chinese and English."""


def apply(folder: Path) -> None:
    """Check the folder, print the changes and apply them. Raises NotApplied before anything is changed."""
    errors = errors_in(folder)
    if errors:
        raise NotApplied("\n".join(map(str, errors)) + f"\n共{len(errors)}处错误，未作改动 | {len(errors)} errors; nothing was changed")
    run = run_dir()
    before, after = applied_copy.find_applied_copy(run), folder
    if before is None:
        raise NotApplied("系统尚未启动过，请先运行 ./fengqiao up | the system was never started here; run ./fengqiao up first")

    from contracts.county import files
    from deploy.county.changes import compare

    old, new = files.read(before)[0], files.read(after)[0]
    changes = compare(old, new)
    if changes.refused:
        raise NotApplied("\n".join(changes.refused) + "\n未作改动 | nothing was changed")
    for name, zh, en in CHANGE_LABELS:
        for code in getattr(changes, name):
            print_message(f"{zh} {code} {new.agencies[code].zh}", f"{en}: {code} {new.agencies[code].en}")
    endpoints = json.loads((run / "endpoints.json").read_text("utf-8"))
    running = any(pids.read_pid_file(run / "pid" / f"{name}.json") for stage in RESTART_STAGES for name in stage)
    if not running:
        applied_copy.apply_copy(run, after)
        print_message("已应用；系统未运行，下次启动时生效", "applied; the system is not running, the change takes effect at the next start")
        return
    _refuse_open_disputes(run, endpoints, changes.removed)
    _apply_while_running(run, endpoints, new, changes, after)
    print_message("已应用", "applied")


def _refuse_open_disputes(run: Path, endpoints: dict, removed: tuple[str, ...]) -> None:
    """Raise NotApplied if a removed agency has open disputes. The mediation centre must first route them to other agencies."""
    if not removed:
        return
    address = endpoints["services"]["mediation"]
    key = json.loads((run / "secrets.json").read_text("utf-8"))["at_rest"]["mediation"]
    environment = os.environ | {
        "FENGQIAO_SERVICE": "mediation",
        "FENGQIAO_COUNTY": str(applied_copy.find_applied_copy(run)),
        "DATABASE_URL": address["database"],
        "AMQP_URI": address["amqp"],
        "FENGQIAO_AT_REST_KEY": key,
    }
    command = [sys.executable, "-W", "ignore", "-m", "services.mediation.commands.routing", "open", *removed]
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if completed.returncode:
        raise NotApplied(
            f"{completed.stdout}{completed.stderr}".strip()
            + "\n未作改动：请先停用该机构（suspended）并改派其未结纠纷 | nothing was changed: suspend the agency and have its disputes routed to others first"
        )


def _apply_while_running(run, endpoints, county, changes, folder) -> None:
    from contracts.channels import SERVICES, agency_queue, inbox_of
    from deploy import broker, keys
    from local.broker_admin import BrokerAdmin

    admin = BrokerAdmin(endpoints["amqp_management"])
    present_codes = tuple(code for code, agency in county.agencies.items() if agency.status != "removed")
    secrets = keys.load_or_create(run, SERVICES, present_codes)
    with timed_step("消息服务器：用户、权限、队列", "the broker's users, permissions and queues"):
        admin.upload_definitions(broker.definitions(secrets["broker"], _partition_count(run), county.agencies))
        for code in changes.removed:
            admin.delete_user(code)
        for code in changes.suspended:
            admin.close_connections(code)
    for code in (*changes.suspended, *changes.removed):
        with timed_step(f"等待已收事件处理完毕：{code}", f"waiting until the events of {code} are processed"):
            _wait_until(
                lambda code=code: admin.message_count(agency_queue(code)) == 0,
                DRAIN_SECONDS,
                f"队列{agency_queue(code)}未清空 | queue {agency_queue(code)} is not empty",
            )
    applied_copy.apply_copy(run, folder)
    secrets = keys.delete_agency_keys(run, changes.removed)
    active = {code: token for code, token in secrets["agency_tokens"].items() if code in present_codes}
    write_private(run / "agency-tokens.json", json.dumps(active, indent=1))
    _write_endpoints(run, endpoints, secrets)
    ports = json.loads((run / "ports.json").read_text("utf-8"))
    for stage in RESTART_STAGES:
        processes = {name: process for name in stage if (process := pids.read_pid_file(run / "pid" / f"{name}.json"))}
        with timed_step(f"重新启动 {'、'.join(processes)}", f"restarting {', '.join(processes)}"):
            _restart(run, processes, ports)
    for code in changes.removed:
        with timed_step(f"删除队列：{code}", f"deleting the queues of {code}"):
            admin.delete_queue(agency_queue(code))
            admin.delete_queue(inbox_of(code))


def _restart(run, processes: dict[str, pids.Process], ports: dict[str, int]) -> None:
    """Send SIGTERM to these processes and wait until their supervisor has restarted them with the new county."""
    for process in processes.values():
        process.send(signal.SIGTERM)

    def has_restarted(name):
        now = pids.read_pid_file(run / "pid" / f"{name}.json")
        return now is not None and now != processes[name] and is_process_ready(ports[name], process_specs()[name].readiness_path)

    for name in processes:
        _wait_until(lambda name=name: has_restarted(name), READY_SECONDS, f"{name} 未就绪，见 {run}/log/{name}.log | {name} is not ready, see its log")


def _write_endpoints(run, endpoints, secrets) -> None:
    """Write the addresses and tokens of the agencies into endpoints.json."""
    host = endpoints["amqp_admin"].rpartition("@")[2]
    agencies = {
        code: {"amqp": f"amqp://{code}:{secrets['broker'][code]}@{host}", "token": token}
        for code, token in secrets["agency_tokens"].items()
        if code in secrets["broker"]
    }
    write_private(run / "endpoints.json", json.dumps({**endpoints, "agencies": agencies}, ensure_ascii=False, indent=1))


def _partition_count(run) -> int:
    return int(os.environ.get("FENGQIAO_PARTITIONS", "2"))


def _wait_until(condition, seconds: float, error_text: str) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise CannotContinue(error_text)
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("用法 | usage: ./fengqiao county apply DIR", file=sys.stderr)
        return 2
    try:
        apply(ROOT / arguments[0])
    except CannotContinue as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
