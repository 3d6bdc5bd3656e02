"""`python -m drills`: runs one reliability drill, or with --prove one short drill per seeded fault.

The exit code is 0 if no event was lost, duplicated or out of order and all work was finished in time; with --prove, if the checks found every seeded fault.
"""

import json
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from deploy.files import make_private_folder
from drills import schedule
from drills.drill import DEFAULT_RATE, REQUIRED_DRAIN_SECONDS, Drill, ignore_configured_servers
from drills.system import DrillSystem
from drills.workload import AGENCY_GROUPS
from local.paths import run_dir
from local.signals import interrupt_on_stop_signals


def main(
    seconds: Annotated[float, typer.Option(help="注入故障的时长（秒） | seconds during which faults are injected")] = 120,
    minutes: Annotated[float | None, typer.Option(help="注入故障的时长（分钟），代替 --seconds | the same in minutes, instead of --seconds")] = None,
    rate: Annotated[float, typer.Option(help="各机构合计每秒上报的事件数 | events per second of all agencies together")] = DEFAULT_RATE,
    seed: Annotated[int | None, typer.Option(help="随机种子，用于重现同一次演练 | random seed; the same seed repeats the same faults")] = None,
    run: Annotated[Path | None, typer.Option(help="运行目录，结束后删除 | run directory, deleted afterwards")] = None,
    keep: Annotated[bool, typer.Option(help="保留运行目录 | keep the run directory")] = False,
    prove: Annotated[
        bool, typer.Option(help="逐一植入已知缺陷，验证核对能够发现 | put known faults into the code one by one and verify that the checks find them")
    ] = False,
) -> None:
    """可靠性演练：随机终止、冻结进程与服务器，切断连接，之后核对事件不丢、不重、不乱 | break processes, servers and connections at random, then check every event."""
    if not AGENCY_GROUPS:
        print("本县机构不足，无法演练：至少须有一个乡镇调解组织和一个行业性调解组织，且均使用自有系统 |"
              " this county is too small for a drill: it needs a township's mediation body and one without a township, each with its own system",
              file=sys.stderr)  # fmt: skip
        raise typer.Exit(2)
    ignore_configured_servers()
    folder = run or run_dir() / "chaos"
    if prove:
        from drills.seeded_faults import run_all_seeded_faults

        raise typer.Exit(run_all_seeded_faults(folder))
    seed = random.randrange(10**6) if seed is None else seed
    seconds = seconds if minutes is None else 60 * minutes
    faults = schedule.draw_schedule_of_drill(seed, seconds)
    _log(f"seed {seed}, {len(faults)} faults in {seconds:g} s, {rate:g} events/s:")
    for fault in faults:
        _log(f"  {fault}")
    shutil.rmtree(folder, ignore_errors=True)
    with DrillSystem(folder) as system:
        result = Drill(system, seed, _log, rate=rate).run(faults, seconds)
    summary = result.summary() | {"rate": rate}
    (make_private_folder(run_dir()) / "chaos.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    print(json.dumps({name: value for name, value in summary.items() if name != "findings"}, ensure_ascii=False))
    for kind, findings in result.figures.findings.items():
        for finding in findings[:20]:
            print(f"{kind}: {finding}")
        if len(findings) > 20:
            print(f"{kind}: … {len(findings)} in all, see {run_dir() / 'chaos.json'}")
    if not keep and result.is_clean:
        shutil.rmtree(folder, ignore_errors=True)
    if not result.is_drained_in_time:
        print(f"积压未在{REQUIRED_DRAIN_SECONDS:g}秒内处理完毕 | the work was not finished within {REQUIRED_DRAIN_SECONDS:g} s after the last fault")
    raise typer.Exit(0 if result.is_clean and result.is_drained_in_time else 1)


_STARTED = time.monotonic()


def _log(line: str) -> None:
    print(f"{time.monotonic() - _STARTED:7.1f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    interrupt_on_stop_signals()
    typer.run(main)
