"""`python -m demo`: sends the simulated history of a past quarter of a county, and then new steps at a slow rate until Ctrl-C."""

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
from contracts.steps import ORDINARY_STEP_NAMES
from demo import live
from demo.history import simulate_history
from demo.progress import ProgressDisplay, summary_text
from demo.statements import state_everything_reported
from demo.step_sender import OpenDispute, StepSender


def main(
    disputes: Annotated[int, typer.Option(help="往季纠纷数 / number of disputes in the past quarter")] = 1200,
    seed: Annotated[int, typer.Option(help="随机种子，种子相同则数据相同 / random seed; the same seed gives the same data")] = 1,
    per_minute: Annotated[float, typer.Option(help="之后每分钟的事件数 / number of events per minute afterwards")] = 12,
    history_only: Annotated[bool, typer.Option("--history-only", help="只装入往季数据后退出 / exit after the past quarter has been sent")] = False,
    patience: Annotated[float, typer.Option(help="多少秒无进展即放弃 / seconds without any progress before giving up")] = 120,
):
    """演示：各机构以虚构数据上报。 / Demonstration: agencies report invented data."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    run = Path(os.environ.get("FENGQIAO_RUN") or ".run").resolve()
    endpoints = _load_endpoints(run)
    history_end = _load_or_store_history_end(run / "demo", seed, disputes)
    histories = simulate_history(seed, disputes, history_end.date())
    open_disputes = [OpenDispute(history.steps_until(history_end), history.is_confidential) for history in histories]
    total = sum(len(dispute.remaining_steps) for dispute in open_disputes)
    try:
        with StepSender(endpoints, run / "demo" / str(seed)) as sender:
            sender.connect_agencies(sorted({step.agency for history in histories for step in history.steps}))
            with ProgressDisplay(total) as display:
                is_complete = sender.send_all(open_disputes, patience, display)
            print(summary_text(sender, total), file=sys.stderr, flush=True)
            if is_complete:
                state_everything_reported(endpoints, history_end)
            if history_only:
                raise typer.Exit(0 if is_complete and not sender.unexpected_receipts else 1)
            _continue_live(sender, endpoints, seed, history_end, histories, open_disputes, per_minute)
    except KeyboardInterrupt:
        print(file=sys.stderr)


def _continue_live(sender, endpoints, seed, history_end, histories, open_disputes, per_minute):
    # The numbers of new disputes depend on the current time, so that they differ from those that an earlier run has used after the history.
    schedule = live.LiveSchedule(seed, 100_000 + int(datetime.now(UTC).timestamp()) % 10**9, history_end)
    for history, dispute in zip(histories, open_disputes, strict=True):
        schedule.add_remaining(history, dispute)
    print(f"此后每分钟约 {per_minute:g} 个事件 | from now on about {per_minute:g} events per minute", file=sys.stderr, flush=True)
    live.send_forever(sender, schedule, per_minute, _print_step, lambda now: state_everything_reported(endpoints, now))


def _print_step(step, dispute):
    if dispute.is_confidential or step.is_safeguarded:
        return  # nothing about safeguarded disputes is printed, because everybody can read a screen
    agency, step_name = AGENCIES[step.agency], ORDINARY_STEP_NAMES[step.type]
    line = f"{step.time:%H:%M:%S}  {dispute.code or '（新纠纷 new）':<22}  {agency.zh} {step_name[0]}  |  {agency.en}: {step_name[1]}"
    print(line, file=sys.stderr, flush=True)


def _load_endpoints(run):
    try:
        return json.loads((run / "endpoints.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"{run} 中没有正在运行的系统，请先执行 ./fengqiao up。\nNo system is running in {run}. Start one with ./fengqiao up.", file=sys.stderr)
        raise typer.Exit(2) from None


def _load_or_store_history_end(folder, seed, disputes) -> datetime:
    """Return the end of the history: the start of the day on which it was first sent from this folder.

    When the history is sent again, it is therefore identical, and its events are duplicates without effect.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"begun-{seed}-{disputes}.txt"
    if not file.exists():
        file.write_text(datetime.now(SHANGHAI).date().isoformat())
    return datetime.combine(date.fromisoformat(file.read_text()), time(), SHANGHAI)


if __name__ == "__main__":
    typer.run(main)
