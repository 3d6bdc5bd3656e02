"""Applies a county's folder to the installation of the run directory, while it runs: `python -m local.county DIR`.

Broker first, for who joins; queues are emptied, for who leaves; then every process starts again, listeners before those they hear, so that nobody
hears of an agency that it does not know. Queues are durable and the outboxes too: what flows meanwhile waits and is lost nowhere.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.county import applied
from deploy.county.__main__ import errors_in
from deploy.files import ROOT, write_private
from local import pids
from local.places import run_dir
from local.progress import CannotGoOn, say, step
from local.prometheus import kinds
from local.readiness import answers

# One stage after the other, listeners before speakers: a process that knows a new agency speaks of it only when all that hear it know it too.
RESTARTED = (("notify", "metrics", "dashboard"), ("mediation",), ("intake", "door"))
DRAIN_SECONDS, READY_SECONDS = 120, 90
# fmt: off
DONE = (
    ("added",       "增加", "added"),
    ("renamed",     "更名", "renamed"),
    ("suspended",   "停用", "suspended"),
    ("reactivated", "恢复", "reactivated"),
    ("removed",     "撤销", "removed"),
)
# fmt: on


class NotApplied(CannotGoOn):
    """The folder was not applied; the text says why, in Chinese and English. Nothing was changed."""


def apply(folder: Path) -> None:
    """Check the folder, say what changes, and apply it. Raises NotApplied before anything is changed."""
    errors = errors_in(folder)
    if errors:
        raise NotApplied("\n".join(map(str, errors)) + f"\n共{len(errors)}处错误，未作改动 | {len(errors)} mistakes; nothing was changed")
    run = run_dir()
    before, after = applied.applied(run), folder
    if before is None:
        raise NotApplied("系统尚未启动过：先 ./fengqiao up | nothing was started here yet: ./fengqiao up")

    from contracts.county import files
    from deploy.county.changes import compare

    old, new = files.read(before)[0], files.read(after)[0]
    changes = compare(old, new)
    if changes.refused:
        raise NotApplied("\n".join(changes.refused) + "\n未作改动 | nothing was changed")
    for name, zh, en in DONE:
        for code in getattr(changes, name):
            say(f"{zh} {code} {new.agencies[code].zh}", f"{en}: {code} {new.agencies[code].en}")
    endpoints = json.loads((run / "endpoints.json").read_text("utf-8"))
    running = any(pids.remembered(run / "pid" / f"{name}.json") for stage in RESTARTED for name in stage)
    if not running:
        applied.put(run, after)
        say("已应用；系统未运行，下次启动时生效", "applied; nothing runs, it takes effect with the next start")
        return
    _refuse_open_disputes(run, endpoints, changes.removed)
    _apply_while_running(run, endpoints, new, changes, after)
    say("已应用", "applied")


def _refuse_open_disputes(run: Path, endpoints: dict, removed: tuple[str, ...]) -> None:
    """A body that has open disputes cannot leave: the centre sends them to others first."""
    if not removed:
        return
    address = endpoints["services"]["mediation"]
    key = json.loads((run / "secrets.json").read_text("utf-8"))["at_rest"]["mediation"]
    environment = os.environ | {
        "FENGQIAO_SERVICE": "mediation",
        "FENGQIAO_COUNTY": str(applied.applied(run)),
        "DATABASE_URL": address["database"],
        "AMQP_URI": address["amqp"],
        "FENGQIAO_AT_REST_KEY": key,
    }
    command = [sys.executable, "-W", "ignore", "-m", "services.mediation.commands.routing", "open", *removed]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotApplied(
            f"{done.stdout}{done.stderr}".strip()
            + "\n未作改动：请先停用（suspended）并改派 | nothing was changed: suspend it and have its disputes routed to others first"
        )


def _apply_while_running(run, endpoints, county, changes, folder) -> None:
    from contracts.channels import SERVICES, agency_queue, inbox_of
    from deploy import broker, keys
    from local.broker_admin import BrokerAdmin

    admin = BrokerAdmin(endpoints["amqp_management"])
    taking_part = tuple(code for code, agency in county.agencies.items() if agency.status != "removed")
    secrets = keys.load(run, SERVICES, taking_part)
    with step("消息服务器：用户、权限、队列", "the broker's users, permissions and queues"):
        admin.define(broker.definitions(secrets["broker"], _partitions(run), county.agencies))
        for code in changes.removed:
            admin.delete_user(code)
        for code in changes.suspended:
            admin.end_connections(code)
    for code in (*changes.suspended, *changes.removed):
        with step(f"等待已收事件处理完毕：{code}", f"waiting until what {code} sent is taken in"):
            _wait_until(lambda code=code: admin.messages(agency_queue(code)) == 0, DRAIN_SECONDS, f"{agency_queue(code)} 未清空 | is not empty yet")
    applied.put(run, folder)
    secrets = keys.drop(run, changes.removed)
    active = {code: token for code, token in secrets["agency_tokens"].items() if code in taking_part}
    write_private(run / "agency-tokens.json", json.dumps(active, indent=1))
    _write_endpoints(run, endpoints, secrets)
    ports = json.loads((run / "ports.json").read_text("utf-8"))
    for stage in RESTARTED:
        processes = {name: process for name in stage if (process := pids.remembered(run / "pid" / f"{name}.json"))}
        with step(f"重新启动 {'、'.join(processes)}", f"starting {', '.join(processes)} again"):
            _restart(run, processes, ports)
    for code in changes.removed:
        with step(f"删除队列：{code}", f"deleting the queues of {code}"):
            admin.delete_queue(agency_queue(code))
            admin.delete_queue(inbox_of(code))


def _restart(run, processes: dict[str, pids.Process], ports: dict[str, int]) -> None:
    """End these processes; their supervisor starts them again, and they read the county anew."""
    for process in processes.values():
        process.send(signal.SIGTERM)

    def is_ready(name):
        now = pids.remembered(run / "pid" / f"{name}.json")
        return now is not None and now != processes[name] and answers(ports[name], kinds()[name].ready_at)

    for name in processes:
        _wait_until(lambda name=name: is_ready(name), READY_SECONDS, f"{name} 未就绪，见 {run}/log/{name}.log | is not ready")


def _write_endpoints(run, endpoints, secrets) -> None:
    """Addresses and tokens of the agencies, as the demonstration and a person read them."""
    host = endpoints["amqp_admin"].rpartition("@")[2]
    agencies = {
        code: {"amqp": f"amqp://{code}:{secrets['broker'][code]}@{host}", "token": token}
        for code, token in secrets["agency_tokens"].items()
        if code in secrets["broker"]
    }
    write_private(run / "endpoints.json", json.dumps({**endpoints, "agencies": agencies}, ensure_ascii=False, indent=1))


def _partitions(run) -> int:
    return int(os.environ.get("FENGQIAO_PARTITIONS", "2"))


def _wait_until(done, seconds: float, otherwise: str) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        if time.monotonic() > give_up:
            raise CannotGoOn(otherwise)
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("用法 | usage: ./fengqiao county apply DIR", file=sys.stderr)
        return 2
    try:
        apply(ROOT / arguments[0])
    except CannotGoOn as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
