"""Applies a county's folder to the system in the run directory, also while the system runs: `python -m local.county DIR`.

Broker users and queues of added agencies are created first. The queues of removed agencies are deleted after their last message is processed.
The processes are restarted in the order of RESTART_STAGES. No event is lost: queues and outboxes are durable, and events wait there during the restarts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.county import applied_copy
from deploy.county.__main__ import find_folder_errors
from deploy.files import ROOT, write_private
from local import pids
from local.paths import run_dir
from local.progress import CannotContinue, print_message, timed_step
from local.prometheus import process_specs
from local.readiness import is_process_ready

# Processes to restart, stage after stage. A service is restarted after the services that consume its events, so that they have read the data of a new
# agency before the first event about it arrives.
RESTART_STAGES = (("notify", "metrics", "dashboard"), ("mediation",), ("intake", "door"))
DRAIN_TIMEOUT_SECONDS, READY_TIMEOUT_SECONDS = 120, 90
# fmt: off
CHANGE_LABELS = (
    # Attribute of Changes, and its label in Chinese and English.
    ("added",       "增加", "added"),
    ("renamed",     "更名", "renamed"),
    ("suspended",   "停用", "suspended"),
    ("reactivated", "恢复", "reactivated"),
    ("removed",     "撤销", "removed"),
)
# fmt: on


class NotApplied(CannotContinue):
    """The county's folder cannot be applied; nothing was changed. The text gives the reason in Chinese and English."""


def apply_folder(folder: Path) -> None:
    """Check the county's folder, print the changes and apply them. Raises NotApplied, before anything is changed, if the folder cannot be applied."""
    errors = find_folder_errors(folder)
    if errors:
        raise NotApplied("\n".join(map(str, errors)) + f"\n共{len(errors)}处错误，未作改动 | {len(errors)} errors; nothing was changed")
    run_folder = run_dir()
    before, after = applied_copy.find_applied_copy(run_folder), folder
    if before is None:
        raise NotApplied("系统尚未启动过，请先运行 ./fengqiao up | the system was never started here; run ./fengqiao up first")

    from contracts.county import files
    from deploy.county.changes import compare_counties

    old, new = files.read_county(before)[0], files.read_county(after)[0]
    changes = compare_counties(old, new)
    if changes.refused:
        raise NotApplied("\n".join(changes.refused) + "\n未作改动 | nothing was changed")
    for name, zh, en in CHANGE_LABELS:
        for code in getattr(changes, name):
            print_message(f"{zh} {code} {new.agencies[code].zh}", f"{en}: {code} {new.agencies[code].en}")
    endpoints = json.loads((run_folder / "endpoints.json").read_text("utf-8"))
    running = any(pids.read_pid_file(run_folder / "pid" / f"{name}.json") for stage in RESTART_STAGES for name in stage)
    if not running:
        applied_copy.apply_copy(run_folder, after)
        print_message("已应用；系统未运行，下次启动时生效", "applied; the system is not running, the change takes effect at the next start")
        return
    _refuse_open_disputes(run_folder, endpoints, changes.removed)
    _apply_while_running(run_folder, endpoints, new, changes, after)
    print_message("已应用", "applied")


def _refuse_open_disputes(run_folder: Path, endpoints: dict, removed: tuple[str, ...]) -> None:
    """Raise NotApplied if a removed agency has open disputes, because they must first be routed to other agencies."""
    if not removed:
        return
    address = endpoints["services"]["mediation"]
    key = json.loads((run_folder / "secrets.json").read_text("utf-8"))["at_rest"]["mediation"]
    environment = os.environ | {
        "FENGQIAO_SERVICE": "mediation",
        "FENGQIAO_COUNTY": str(applied_copy.find_applied_copy(run_folder)),
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


def _apply_while_running(run_folder, endpoints, county, changes, folder) -> None:
    from contracts.channels import SERVICES, agency_queue, inbox_of
    from deploy import broker, keys
    from local.broker_admin import BrokerAdmin

    admin = BrokerAdmin(endpoints["amqp_management"])
    present_codes = tuple(code for code, agency in county.agencies.items() if agency.status != "removed")
    secrets = keys.load_or_create_keys(run_folder, SERVICES, present_codes)
    with timed_step("消息服务器：用户、权限、队列", "the broker's users, permissions and queues"):
        admin.upload_definitions(broker.definitions(secrets["broker"], _partition_count(run_folder), county.agencies))
        for code in changes.removed:
            admin.delete_user(code)
        for code in changes.suspended:
            admin.close_connections(code)
    for code in (*changes.suspended, *changes.removed):
        with timed_step(f"等待已收事件处理完毕：{code}", f"waiting until the events of {code} are processed"):
            _wait_until(
                lambda code=code: admin.message_count(agency_queue(code)) == 0,
                DRAIN_TIMEOUT_SECONDS,
                f"队列{agency_queue(code)}未清空 | queue {agency_queue(code)} is not empty",
            )
    applied_copy.apply_copy(run_folder, folder)
    secrets = keys.delete_agency_keys(run_folder, changes.removed)
    tokens = {code: token for code, token in secrets["agency_tokens"].items() if code in present_codes}
    write_private(run_folder / "agency-tokens.json", json.dumps(tokens, indent=1))
    _write_endpoints(run_folder, endpoints, secrets)
    ports = json.loads((run_folder / "ports.json").read_text("utf-8"))
    for stage in RESTART_STAGES:
        processes = {name: process for name in stage if (process := pids.read_pid_file(run_folder / "pid" / f"{name}.json"))}
        with timed_step(f"重新启动 {'、'.join(processes)}", f"restarting {', '.join(processes)}"):
            _restart(run_folder, processes, ports)
    for code in changes.removed:
        with timed_step(f"删除队列：{code}", f"deleting the queues of {code}"):
            admin.delete_queue(agency_queue(code))
            admin.delete_queue(inbox_of(code))


def _restart(run_folder, processes: dict[str, pids.Process], ports: dict[str, int]) -> None:
    """Send SIGTERM to these processes and wait until their supervisor has restarted them and they are ready."""
    for process in processes.values():
        process.send(signal.SIGTERM)

    def has_restarted(name):
        now = pids.read_pid_file(run_folder / "pid" / f"{name}.json")
        return now is not None and now != processes[name] and is_process_ready(ports[name], process_specs()[name].readiness_path)

    for name in processes:
        _wait_until(
            lambda name=name: has_restarted(name), READY_TIMEOUT_SECONDS, f"{name} 未就绪，见 {run_folder}/log/{name}.log | {name} is not ready, see its log"
        )


def _write_endpoints(run_folder, endpoints, secrets) -> None:
    """Write the broker addresses and access tokens of the agencies into endpoints.json."""
    host = endpoints["amqp_admin"].rpartition("@")[2]
    agencies = {
        code: {"amqp": f"amqp://{code}:{secrets['broker'][code]}@{host}", "token": token}
        for code, token in secrets["agency_tokens"].items()
        if code in secrets["broker"]
    }
    write_private(run_folder / "endpoints.json", json.dumps({**endpoints, "agencies": agencies}, ensure_ascii=False, indent=1))


def _partition_count(run_folder) -> int:
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
        apply_folder(ROOT / arguments[0])
    except CannotContinue as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
