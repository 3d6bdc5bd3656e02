"""Command `replay`: loads an exported message log into a new, empty installation of its own.

    ./fengqiao replay --from LOG --into FOLDER [--keys RUN_DIRECTORY] [--shuffle SEED] [--speed EVENTS_PER_SECOND]

The events take the usual way from intake on. The installation stops after the load; `FENGQIAO_RUN=FOLDER ./fengqiao up --without-demo` starts it again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2

from contracts import SUBSCRIPTIONS
from contracts.channels import service_of
from contracts.dates import SHANGHAI
from deploy import processes
from deploy.files import ROOT, make_private_folder, write_private
from local.progress import CannotContinue, print_message, timed_step
from local.system import System
from services.mediation.county_files import CountyFiles

QUIET_SECONDS = 3.0  # mediation looks for passed deadlines once a second; after this time without an event, all have been found
CHECK_LIMIT = "15 minutes"  # a deadline that is checked later than this waits for an agency that has fallen silent
POLL_SECONDS = 0.25


def run(arguments: list[str]) -> int:
    """Load the log. Raises CannotContinue if the folder is not empty."""
    options = _parse(arguments)
    folder = Path(options.into).resolve()
    if folder.exists() and any(folder.iterdir()):
        raise CannotContinue(f"{folder} 不是空目录，未装入 | {folder} is not empty; nothing was loaded")
    copy_keys(Path(options.keys), make_private_folder(folder))
    with System(folder) as system:
        code = load(system, Path(options.log).resolve(), options.shuffle, options.speed)
    if code == 0:
        print_message(f"已装入 {folder}", f"loaded into {folder}")
    return code


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="./fengqiao replay", description="将上报日志装入空系统 | load a message log into an empty installation")
    parser.add_argument("--from", dest="log", required=True, metavar="LOG", help="./fengqiao log export 导出的文件 | file written by ./fengqiao log export")
    parser.add_argument("--into", required=True, metavar="FOLDER", help="新系统的运行目录，须为空 | run directory of the new installation; it must be empty")
    parser.add_argument(
        "--keys", default=os.environ.get("FENGQIAO_RUN") or str(ROOT / ".run"), metavar="FOLDER",
        help="原系统的运行目录，取其密钥以读取密封的当事人 | run directory of the original installation, whose keys read encrypted parties",
    )  # fmt: skip
    parser.add_argument("--shuffle", type=int, metavar="SEED", help="各机构的事件随机交错 | interleave the agencies' events at random")
    parser.add_argument("--speed", type=float, metavar="N", help="每秒至多N个事件 | at most N events a second")
    return parser.parse_args(arguments)


def copy_keys(original: Path, folder: Path) -> None:
    """Give the new installation the sealing key pair and the keys at rest of the original. Passwords and tokens are created anew."""
    file = original / "secrets.json"
    if not file.exists():
        raise CannotContinue(f"{original} 中没有原系统的密钥 | {original} does not contain the keys of the original installation")
    keys = json.loads(file.read_text())
    write_private(folder / "secrets.json", json.dumps({name: keys[name] for name in ("at_rest", "seal")}, indent=1))


def load(system: System, log: Path, shuffle: int | None = None, speed: float | None = None) -> int:
    """Load the log into this running, empty system, and wait until it has processed everything. Return the exit code of the loader."""
    options = [f"--silent-until={silence_ends_at(system, log).isoformat()}"]
    options += [f"--shuffle={shuffle}"] if shuffle is not None else []
    options += [f"--speed={speed}"] if speed is not None else []
    environment = {**os.environ, **processes.make_launch(processes.PROCESSES["intake"], system.servers).environment}
    with timed_step("装入上报日志", "loading the message log"):
        loader = subprocess.run([sys.executable, "-W", "ignore", "-m", "services.intake.replay", str(log), *options], cwd=ROOT, env=environment, check=False)
    if loader.returncode == 0:
        with timed_step("处理完毕", "everything is processed"):
            wait_until_quiet(system)
    return loader.returncode


def silence_ends_at(system: System, log: Path) -> datetime:
    """Return the end of the last day whose grace period had ended when the last event of the log was received: its deadlines waited for nobody any more."""
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    last = max((datetime.fromisoformat(entry["received_at"]) for entry in entries if "received_at" in entry), default=datetime.now(SHANGHAI))
    policy = CountyFiles(system.servers.county).policy
    day = last.astimezone(SHANGHAI).replace(hour=23, minute=59, second=59, microsecond=0)
    while policy.end_of_grace(day) > last:
        day -= timedelta(days=1)
    return day


def wait_until_quiet(system: System, limit_seconds: float = 600) -> None:
    """Wait until no event is on its way, and none has been published for QUIET_SECONDS. Raises CannotContinue after the limit."""
    give_up, quiet_since, before = time.monotonic() + limit_seconds, time.monotonic(), None
    connection = psycopg2.connect(system.servers.database_admin)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            while time.monotonic() - quiet_since < QUIET_SECONDS:
                if time.monotonic() > give_up:
                    raise CannotContinue("尚有事件未处理 | some events are still unprocessed")
                cursor.execute(UNPROCESSED_SQL)
                now = cursor.fetchone()
                if now != before or now[0]:
                    before, quiet_since = now, time.monotonic()
                time.sleep(POLL_SECONDS)
    finally:
        connection.close()


# Whether an event is on its way, and how many events have been published.
UNPROCESSED_SQL = "select {}, {}".format(
    " or ".join(
        [f"exists (select from {service}.outbox)" for service in SUBSCRIPTIONS]
        + [
            f"exists (select from {service_of(stream)}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject"
            f" where s.source = '{stream}' and coalesce(h.last_sequence, 0) < s.last_sequence)"
            for listener, streams in SUBSCRIPTIONS.items()
            for stream in streams
        ]
        + ["exists (select from intake.watermarks where greatest(up_to, stated_up_to) > coalesce(published_up_to, '-infinity'))"]
        + [f"exists (select from mediation.deadlines where state = 'open' and due_at < now() and next_check_at < now() + interval '{CHECK_LIMIT}')"]
    ),
    " + ".join(f"(select coalesce(sum(last_sequence), 0) from {service}.spoken)" for service in SUBSCRIPTIONS),
)
