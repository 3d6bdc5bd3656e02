"""Drill: the demonstration's history is reported, exported, and loaded into an empty installation three times: as it was, reordered, and slower.

    python -m drills.replay [--disputes N]

States, deadlines, codes, notices in force and figures must be equal each time, because they follow from what was reported and from when it
happened, not from when it arrived. The first loading is limited to a rate; the last one runs at ten times this rate.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import psycopg2
import typer

from deploy import processes
from deploy.files import ROOT
from drills.system import DrillSystem
from local import replay
from local.paths import run_dir
from local.signals import interrupt_on_stop_signals

PROCESSES = ("intake", "mediation", "metrics", "notify", "relay", "door")
# What is compared: name, and the query. Left out are times of arrival and processing, numbers of steps, and counters of what was reported or announced.
OBSERVED = {
    "codes": "select agency, report_no, code from intake.reports",
    "disputes": "select code, state, township, kind, reporter, body, parties, consents, suitable, mediator, terms, outcome, opened_at, entered_at, latest_at,"
    " automatic_at, particulars from mediation.disputes",
    "deadlines": "select code, key, kind, started_at, due_at, owed_by, state, provisional, history, is_replaced from mediation.deadlines"
    " where state <> 'stopped'",
    "notices in force": "select distinct kind, dispute, addressee, clock, due_at from notify.notices_in_force",
    "daily figures": "select day, figure, township, kind, count from metrics.daily_counts where count <> 0 and figure <> 'refused'",
    "open disputes": "select state, township, kind, overdue, count from metrics.open_cube where count <> 0",
    "next actors": "select agency, township, overdue, count from metrics.open_waits where count <> 0",
    "read model": "select code, township, kind, channel, reporter, opened_at, merged_into, state, next_actors, body, entered_at, closed_at, outcome, runs_out_at,"
    " runs_out_clock, overdue from metrics.disputes",
}


def main(
    disputes: Annotated[int, typer.Option(help="演示历史的纠纷数 | number of disputes in the demonstration's history")] = 1200,
    rate: Annotated[float, typer.Option(help="首次装入每秒的事件数 | events a second of the first loading")] = 60,
) -> None:
    """装入演练：同一上报日志以不同的次序和速度装入，结果须一致 | load the same log in different orders and at different rates, and compare the results."""
    interrupt_on_stop_signals()
    folder = run_dir() / "replay-drill"
    shutil.rmtree(folder, ignore_errors=True)
    with DrillSystem(folder, PROCESSES) as system:
        differences = run(system, disputes, rate, lambda text: print(text, file=sys.stderr, flush=True))
    shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(differences, ensure_ascii=False, indent=1))
    raise typer.Exit(1 if any(differences.values()) else 0)


def run(system: DrillSystem, disputes: int, rate: float, log: Callable[[str], None]) -> dict[str, dict[str, list[str]]]:
    """Run the drill on an empty system. Return, for each loading, the differences to the original by what was compared; empty lists of none."""
    exported = system.folder / "exported.jsonl"
    _report_history(system, disputes)
    replay.wait_until_quiet(system)
    original = observe(system)
    log(", ".join(f"{name}: {len(rows)}" for name, rows in original.items()))
    _export(system, exported)
    differences = {}
    for name, options in (("as it was", {"speed": rate}), ("reordered", {"shuffle": 7}), ("ten times as fast", {"speed": 10 * rate})):
        system.restart_empty({})
        assert replay.load(system, exported, **options) == 0
        differences[name] = compare(original, observe(system))
        log(f"{name}: {sum(map(len, differences[name].values()))} differences")
    return differences


def observe(system) -> dict[str, set[str]]:
    """Return what is compared: rows as JSON text, by name."""
    with closing(psycopg2.connect(system.servers.database_admin)) as connection, connection.cursor() as cursor:
        found = {}
        for name, sql in OBSERVED.items():
            cursor.execute(sql)
            found[name] = {json.dumps(row, default=str, sort_keys=True, ensure_ascii=False) for row in cursor.fetchall()}
        return found


def compare(original: dict[str, set[str]], loaded: dict[str, set[str]]) -> dict[str, list[str]]:
    """Return the rows that only one of them has, with "-" before those of the original and "+" before those of the loaded installation."""
    return {
        name: [f"- {row}" for row in sorted(rows - loaded[name])] + [f"+ {row}" for row in sorted(loaded[name] - rows)]
        for name, rows in original.items()
        if rows != loaded[name]
    }


def _report_history(system, disputes):
    command = [sys.executable, "-m", "demo", "--history-only", f"--disputes={disputes}"]
    environment = {**os.environ, "FENGQIAO_RUN": str(system.folder)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _export(system, file: Path):
    environment = {**os.environ, **processes.make_launch(processes.PROCESSES["intake"], system.servers).environment}
    subprocess.run([sys.executable, "-W", "ignore", "-m", "services.intake.export", str(file)], cwd=ROOT, env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    typer.run(main)
