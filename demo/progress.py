"""Shows how far it is: a moving line on a terminal, else a plain line every few seconds."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

EVERY = 5.0  # seconds, when nobody watches a terminal


class Shown:
    """Owns what is on stderr while the history is told."""

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

    def __call__(self, director):
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._task, completed=director.counts["ended"], line=self._line(director))
        elif now >= self._next:
            self._next = now + EVERY
            print(f"{director.counts['ended']}/{self._total}  {self._line(director)}", file=sys.stderr, flush=True)

    def _line(self, director):
        counts, seconds = director.counts, max(time.monotonic() - self._began, 0.001)
        words = (("上报 said", "said"), ("接收 accepted", "receipt.accepted"), ("生效 applied", "receipt.applied"),
                 ("未生效 rejected", "receipt.rejected"), ("未接收 refused", "receipt.refused"))  # fmt: skip
        return "  ".join(f"{word} {counts[name]}" for word, name in words) + f"  {counts['ended'] / seconds:.0f}/s"


def summary(director, total: int) -> str:
    counts = director.counts
    applied, not_taken = counts["receipt.applied"], counts["receipt.rejected"] + counts["receipt.refused"]
    unanswered, unexpected = total - counts["ended"], sum(director.unexpected.values())
    lines = [
        f"演示数据（虚构）：{total} 步，生效 {applied}，未生效或未接收 {not_taken}，未答复 {unanswered}，意外 {unexpected}",
        f"Made-up data: {total} steps, {applied} applied, {not_taken} rejected or refused, {unanswered} unanswered, {unexpected} unexpected",
    ]
    lines += [f"  {count:>6} × {step}: {answer} ({reason})" for (step, answer, reason), count in director.unexpected.most_common(10)]
    return "\n".join(lines)
