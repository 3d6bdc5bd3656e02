"""`python -m drills`: one run, or with --prove a run per seeded fault. Exit code 0 only if nothing was lost, duplicated or out of order."""

import json
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from deploy.files import private
from drills import schedule
from drills.drill import Drill, use_servers_of_its_own
from drills.system import DrillSystem
from drills.workload import HOUSES
from local.places import run_dir
from local.signals import end_as_by_ctrl_c


def main(
    seconds: Annotated[float, typer.Option(help="故障持续的秒数 | how long things go wrong")] = 120,
    seed: Annotated[int | None, typer.Option(help="随机种子，用于重演 | to tell a run again")] = None,
    run: Annotated[Path | None, typer.Option(help="运行目录，结束后删除 | run directory, deleted afterwards")] = None,
    keep: Annotated[bool, typer.Option(help="保留运行目录 | keep the run directory")] = False,
    prove: Annotated[bool, typer.Option(help="逐一植入已知缺陷，证明核对能发现 | seed known faults, one by one, and show that the count finds them")] = False,
) -> None:
    """可靠性演练：随机杀死、冻结、切断各进程与服务器，之后核对不丢、不重、不乱 | kill, freeze and cut off anything, then count."""
    if not HOUSES:
        print("本县机构不足，无法演练：须有使用自有系统的负责乡镇的调解组织和行业性调解组织各一 |"
              " this county is too small for a drill: it needs a mediation body for a township and one for no township, each with a system of its own",
              file=sys.stderr)  # fmt: skip
        raise typer.Exit(2)
    use_servers_of_its_own()
    folder = run or run_dir() / "chaos"
    if prove:
        from drills.seeded_faults import prove_all

        raise typer.Exit(prove_all(folder))
    seed = random.randrange(10**6) if seed is None else seed
    faults = schedule.draw(seed, seconds)
    _say(f"seed {seed}, {len(faults)} faults in {seconds:g} s:")
    for fault in faults:
        _say(f"  {fault}")
    shutil.rmtree(folder, ignore_errors=True)
    with DrillSystem(folder) as system:
        found = Drill(system, seed, _say).run(faults, seconds)
    summary = found.summary() | {"seconds": seconds}
    (private(run_dir()) / "chaos.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    print(json.dumps({name: value for name, value in summary.items() if name != "findings"}, ensure_ascii=False))
    for kind, things in found.figures.findings.items():
        for thing in things[:20]:
            print(f"{kind}: {thing}")
        if len(things) > 20:
            print(f"{kind}: … {len(things)} in all, see {run_dir() / 'chaos.json'}")
    if not keep and found.is_clean:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if found.is_clean else 1)


_BEGAN = time.monotonic()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    end_as_by_ctrl_c()
    typer.run(main)
