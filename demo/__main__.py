"""python -m demo: a past quarter of a made-up county first, then its life at a pace to watch, until Ctrl-C."""

import json
import os
import signal
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from contracts import AGENCIES
from contracts.dates import SHANGHAI
from contracts.steps import STEPS
from demo import live
from demo.director import Director, Play
from demo.history import whole_quarter
from demo.progress import Shown, summary


def main(
    disputes: Annotated[int, typer.Option(help="往季纠纷数 / disputes in the past quarter")] = 1200,
    seed: Annotated[int, typer.Option(help="随机种子，相同则故事相同 / the same seed tells the same story")] = 1,
    per_minute: Annotated[float, typer.Option(help="之后每分钟的事件数 / events a minute afterwards")] = 12,
    history_only: Annotated[bool, typer.Option("--history-only", help="只装入往季数据后退出 / end when the past quarter is told")] = False,
    patience: Annotated[float, typer.Option(help="多少秒毫无进展即放弃 / seconds without any progress before giving up")] = 120,
):
    """演示：各机构以虚构数据上报。 / The demonstration: agencies report made-up data."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    run = Path(os.environ.get("FENGQIAO_RUN") or ".run").resolve()
    endpoints = _endpoints(run)
    begun = _begun(run / "demo", seed, disputes)
    lives = whole_quarter(seed, disputes, begun.date())
    plays = [Play(life.until(begun), life.is_quiet) for life in lives]
    total = sum(len(play.to_say) for play in plays)
    try:
        with Director(endpoints, run / "demo" / str(seed)) as director:
            director.start(sorted({step.agency for life in lives for step in life.steps}))
            with Shown(total) as shown:
                everything = director.tell(plays, patience, shown)
            print(summary(director, total), file=sys.stderr, flush=True)
            if history_only:
                raise typer.Exit(0 if everything and not director.unexpected else 1)
            _live(director, seed, begun, lives, plays, per_minute)
    except KeyboardInterrupt:
        print(file=sys.stderr)


def _live(director, seed, begun, lives, plays, per_minute):
    # An interrupted live part may have told more than the history: new lives get numbers that no earlier run used.
    story = live.Story(seed, 100_000 + int(datetime.now(UTC).timestamp()) % 10**9, begun)
    for told, play in zip(lives, plays, strict=True):
        story.go_on_with(told, play)
    print(f"此后每分钟约 {per_minute:g} 个事件 | from now on about {per_minute:g} events a minute", file=sys.stderr, flush=True)
    live.tell(director, story, per_minute, _show)


def _show(step, play):
    if play.is_quiet or step.is_quiet:
        return  # a screen is outside the safeguard lane
    who, what = AGENCIES[step.agency], STEPS[step.type]
    line = f"{step.time:%H:%M:%S}  {play.code or '（新纠纷 new）':<22}  {who.zh} {what[0]}  |  {who.en}: {what[1]}"
    print(line, file=sys.stderr, flush=True)


def _endpoints(run):
    try:
        return json.loads((run / "endpoints.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"{run} 中没有运行的系统，请先 ./fengqiao up。\nNothing runs in {run}: ./fengqiao up first.", file=sys.stderr)
        raise typer.Exit(2) from None


def _begun(folder, seed, disputes) -> datetime:
    """The day on which this story was first told here: told again, it is the same, and the hub has no second effect."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"begun-{seed}-{disputes}.txt"
    if not file.exists():
        file.write_text(datetime.now(SHANGHAI).date().isoformat())
    return datetime.combine(date.fromisoformat(file.read_text()), time(), SHANGHAI)


if __name__ == "__main__":
    typer.run(main)
