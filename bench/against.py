"""Comparison with another commit: both commits' end-to-end benchmarks in turn on this machine, each with its own servers. `python -m bench --against COMMIT`.

The other commit runs its own code with its own benchmark, in a clone with its own Python environment. Only these keys of its bench.json are read:
`end_to_end: {events, applied, rate, cpu_us_per_event}`.
"""

import json
import os
import shutil
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.lab import log_progress
from deploy.files import ROOT, make_private_folder
from local.progress import CannotContinue

REQUIREMENTS = "requirements-dev.txt"  # the file from which `./fengqiao bench` creates the Python environment


class NoSuchCommit(CannotContinue):
    """The commit to compare with is not available. The text states the commit or the folder."""


class BenchmarkFailed(CannotContinue):
    """The benchmark of one of the two commits failed. The text contains the end of its output."""


@dataclass(frozen=True)
class EndToEndRun:
    """End-to-end figures of one run of one commit. `events`, `applied`: number of agency events published, and of those that were applied."""

    events: int
    applied: int
    rate: float
    cpu_us_per_event: float

    @classmethod
    def of(cls, figures: dict) -> "EndToEndRun":
        return cls(*(figures["end_to_end"][key] for key in ("events", "applied", "rate", "cpu_us_per_event")))


def measure(commit: str, pair_count: int, folder: Path, is_quick: bool) -> dict:
    """Run both commits' end-to-end benchmarks `pair_count` times in the order ABBA. Return this tree's end-to-end figures with key `against`.

    Of this tree's runs, `rate` and `cpu_us_per_event` are the medians and the other figures are those of the last run. `folder`: folder for the clone
    and the servers' data. Raises NoSuchCommit, BenchmarkFailed.
    """
    commit = resolve_commit(ROOT, commit)
    folder = make_private_folder(folder / "against")
    clone = prepare_clone(commit, folder)
    these_runs, other_runs = [], []
    for pair in range(pair_count):
        for side in ("this", "other") if pair % 2 == 0 else ("other", "this"):
            log_progress(f"pair {pair + 1} of {pair_count}: {'this tree' if side == 'this' else commit[:12]}")
            figures = _run_benchmark(ROOT if side == "this" else clone, folder / side, is_quick)
            if side == "this":
                these_runs.append(EndToEndRun.of(figures))
                end_to_end = figures["end_to_end"]
            else:
                other_runs.append(EndToEndRun.of(figures))
        log_progress(f"CPU per event: {these_runs[-1].cpu_us_per_event} µs, {commit[:12]} {other_runs[-1].cpu_us_per_event} µs")
    return end_to_end | {
        "rate": round(statistics.median(run.rate for run in these_runs)),
        "cpu_us_per_event": round(statistics.median(run.cpu_us_per_event for run in these_runs)),
        "against": compare_runs(commit, these_runs, other_runs),
    }


def compare_runs(commit: str, these_runs: list[EndToEndRun], other_runs: list[EndToEndRun]) -> dict:
    """Return the figures of the comparison. The runs with the same index form a pair.

    `ratio` is the median of the pairs' ratios of CPU time per event (this tree divided by the commit), `spread` their minimum and maximum. If the two
    sides did not apply the same number of events, their CPU times cannot be compared: then `different_workload` replaces the ratios.
    """
    pairs = [
        {"cpu_us_per_event": [this.cpu_us_per_event, other.cpu_us_per_event], "rate": [this.rate, other.rate]}
        for this, other in zip(these_runs, other_runs, strict=True)
    ]
    workloads = {(run.events, run.applied) for run in (*these_runs, *other_runs)}
    if len(workloads) > 1:
        sides = (("this tree", these_runs), (commit[:12], other_runs))
        texts = [f"{name}: " + ", ".join(f"{run.applied} of {run.events} events applied" for run in runs) for name, runs in sides]
        return {"commit": commit, "pairs": pairs, "different_workload": "; ".join(texts)}
    ratios = [this.cpu_us_per_event / other.cpu_us_per_event for this, other in zip(these_runs, other_runs, strict=True)]
    return {
        "commit": commit,
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "rate_ratio": round(statistics.median(this.rate / other.rate for this, other in zip(these_runs, other_runs, strict=True)), 3),
        "events": these_runs[0].events,
        "pairs": pairs,
    }


def resolve_commit(tree: Path, commit: str) -> str:
    """Return the full name of the commit. Raises NoSuchCommit if `tree` is not a git checkout or has no such commit."""
    if not (tree / ".git").exists() or not shutil.which("git"):
        raise NoSuchCommit(f"{tree} 不是 git 仓库，或未安装 git，无法与其他版本比较 | {tree} is not a git checkout or git is missing; nothing to compare with")
    found = _git(tree, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    if found.returncode:
        raise NoSuchCommit(f"本仓库没有提交 {commit} | this repository has no commit {commit}")
    return found.stdout.strip()


def prepare_clone(commit: str, folder: Path) -> Path:
    """Return the folder of a clone of this repository at the commit, with its Python environment. A clone of an earlier comparison is used again.

    The environment of this tree is used if both have the same requirements, else the clone's own command creates one.
    """
    clone = folder / commit
    if not (clone / ".git").exists():
        shutil.rmtree(clone, ignore_errors=True)
        _check(_git(folder, "clone", "--quiet", "--no-hardlinks", "--no-checkout", str(ROOT), str(clone)))
    _check(_git(clone, "checkout", "--quiet", "--force", "--detach", commit))
    environment = clone / ".venv"
    if environment.is_symlink():  # made by an earlier comparison; the requirements of this tree may have changed since
        environment.unlink()
    if not environment.exists() and (clone / REQUIREMENTS).read_bytes() == (ROOT / REQUIREMENTS).read_bytes():
        environment.symlink_to(ROOT / ".venv")
    log_progress(f"preparing {commit[:12]}")
    _run_command(clone, folder / "prepare.log", "--help")
    return clone


def _run_benchmark(tree: Path, folder: Path, is_quick: bool) -> dict:
    make_private_folder(folder)
    (folder / "bench.json").unlink(missing_ok=True)
    _run_command(tree, folder / "bench.log", *(["--quick"] if is_quick else []), "--folder", str(folder), "end_to_end")
    return json.loads((folder / "bench.json").read_text())


def _run_command(tree: Path, log: Path, *arguments: str) -> None:
    """Run `./fengqiao bench` of this tree with the arguments. Its output goes to the file `log`. Raises BenchmarkFailed."""
    environment = {name: value for name, value in os.environ.items() if name != "FENGQIAO_RUN"}
    with log.open("w") as output:
        child = subprocess.Popen([tree / "fengqiao", "bench", *arguments], cwd=tree, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            child.wait()
        finally:
            if child.poll() is None:  # this process was interrupted; the child stops its servers before it ends
                child.terminate()
                child.wait()
    if child.returncode:
        raise BenchmarkFailed(f"{tree}: ./fengqiao bench {' '.join(arguments)}\n{log.read_text(errors='replace')[-3000:]}")


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", "-C", str(folder), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _check(result: subprocess.CompletedProcess) -> None:
    if result.returncode:
        raise NoSuchCommit(f"git: {result.stderr.strip()}")
