"""Display of the progress of sending the history: a progress bar on a terminal, otherwise a line of text every few seconds."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PLAIN_LINE_SECONDS = 5.0  # time between two lines if standard error is not a terminal


class ProgressDisplay:
    """Context manager that shows the progress on standard error. Calling the object with the StepSender updates the display."""

    def __init__(self, total: int):
        self._total, self._began, self._next = total, time.monotonic(), 0.0
        self._bar = self._task = None
        if sys.stderr.isatty():
            columns = TextColumn("往季纠纷 | a past quarter"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[line]}"), TimeElapsedColumn()
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("", total=total, line="")

    def __enter__(self):
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_):
        if self._bar:
            self._bar.stop()

    def __call__(self, sender):
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._task, completed=sender.counts["finished"], line=self._line(sender))
        elif now >= self._next:
            self._next = now + PLAIN_LINE_SECONDS
            print(f"{sender.counts['finished']}/{self._total}  {self._line(sender)}", file=sys.stderr, flush=True)

    def _line(self, sender):
        counts, seconds = sender.counts, max(time.monotonic() - self._began, 0.001)
        labels = (("已上报 sent", "sent"), ("接收 accepted", "receipt.accepted"), ("生效 applied", "receipt.applied"),
                 ("未生效 rejected", "receipt.rejected"), ("未接收 refused", "receipt.refused"))  # fmt: skip
        return "  ".join(f"{label} {counts[name]}" for label, name in labels) + f"  {counts['finished'] / seconds:.0f}/s"


def summary_text(sender, total: int) -> str:
    """Return a text, in Chinese and English, about the outcomes of the sent steps. `total`: number of steps of the history."""
    counts = sender.counts
    applied, not_applied = counts["receipt.applied"], counts["receipt.rejected"] + counts["receipt.refused"]
    unanswered, unexpected = total - counts["finished"], sum(sender.unexpected_receipts.values())
    lines = [
        f"演示数据（虚构）：{total} 步，生效 {applied}，未生效或未接收 {not_applied}，未答复 {unanswered}，与预期不符 {unexpected}",
        f"Invented data: {total} steps, {applied} applied, {not_applied} rejected or refused, {unanswered} unanswered, {unexpected} unexpected",
    ]
    lines += [f"  {count:>6} × {step}: {answer} ({reason})" for (step, answer, reason), count in sender.unexpected_receipts.most_common(10)]
    return "\n".join(lines)
