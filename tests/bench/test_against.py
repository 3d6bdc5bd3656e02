"""Tests of the comparison with another commit: the order of the runs, the ratio and its spread, and the errors. The benchmarks are replaced by a script."""

import json
import subprocess

import pytest

from bench import against
from bench.against import BenchmarkFailed, EndToEndRun, NoSuchCommit, compare_runs

COMMIT = "0" * 40
# Writes the figures of a run to bench.json, as `./fengqiao bench … --folder FOLDER end_to_end` does, and records the run.
BENCH_SCRIPT = """#!/bin/sh
[ "$2" = --help ] && exit 0
echo {name} >> {record}
while [ "$1" != --folder ]; do shift; done
echo '{figures}' > "$2/bench.json"
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A git repository with two commits, whose `./fengqiao bench` reports 8,000 µs per event in the first commit and 2,000 µs in the second."""
    folder = tmp_path / "tree"
    folder.mkdir()
    _git(folder, "init", "--quiet")
    (folder / "requirements-dev.txt").write_text("pika==1.4.4\n")
    (folder / ".venv").mkdir()
    for name, cpu in (("first", 8000), ("second", 2000)):
        _write_script(folder, name, {"events": 210, "applied": 210, "rate": 1_000_000 // cpu, "cpu_us_per_event": cpu}, tmp_path / "runs")
        _git(folder, "add", "fengqiao", "requirements-dev.txt")
        _git(folder, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", name)
    monkeypatch.setattr(against, "ROOT", folder)
    return folder


def _write_script(folder, name, end_to_end, record):
    script = folder / "fengqiao"
    script.write_text(BENCH_SCRIPT.format(name=name, record=record, figures=json.dumps({"end_to_end": end_to_end})))
    script.chmod(0o755)


def _git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_both_commits_run_in_turn_and_the_first_of_each_pair_alternates(tree, tmp_path):
    figures = against.measure("HEAD~1", 3, tmp_path, is_quick=True)

    assert (tmp_path / "runs").read_text().split() == ["second", "first", "first", "second", "second", "first"]
    assert figures["cpu_us_per_event"] == 2000 and figures["against"]["ratio"] == 0.25 and figures["against"]["rate_ratio"] == 4
    assert figures["against"]["commit"] == against.resolve_commit(tree, "HEAD~1") and len(figures["against"]["pairs"]) == 3


def test_uncommitted_changes_of_this_tree_are_measured_and_those_of_the_clone_are_discarded(tree, tmp_path):
    against.measure("HEAD", 1, tmp_path, is_quick=True)
    _write_script(tree, "changed", {"events": 210, "applied": 210, "rate": 1000, "cpu_us_per_event": 1000}, tmp_path / "runs")
    (clone,) = tmp_path.glob("against/*/fengqiao")
    clone.write_text("#!/bin/sh\nexit 1\n")

    assert against.measure("HEAD", 1, tmp_path, is_quick=True)["against"]["ratio"] == 0.5


def test_the_environment_of_this_tree_is_shared_only_while_both_sides_have_the_same_requirements(tree, tmp_path):
    clone = against.prepare_clone(against.resolve_commit(tree, "HEAD"), tmp_path)
    assert (clone / ".venv").resolve() == tree / ".venv"

    (tree / "requirements-dev.txt").write_text("pika==1.4.5\n")
    against.prepare_clone(clone.name, tmp_path)

    assert not (clone / ".venv").exists()


def test_an_unknown_commit_and_a_folder_without_git_are_refused_with_a_clear_message(tree, tmp_path):
    with pytest.raises(NoSuchCommit, match="no commit abcdef"):
        against.measure("abcdef", 1, tmp_path, is_quick=True)
    with pytest.raises(NoSuchCommit, match="not a git checkout"):
        against.resolve_commit(tmp_path, "HEAD")


def test_a_failing_benchmark_is_reported_with_the_end_of_its_output(tree, tmp_path):
    (tree / "fengqiao").write_text("#!/bin/sh\necho no database\nexit 3\n")

    with pytest.raises(BenchmarkFailed, match="no database"):
        against.measure("HEAD", 1, tmp_path, is_quick=True)


def test_the_ratio_is_the_median_of_the_pairs_with_their_minimum_and_maximum():
    these = [EndToEndRun(100, 100, rate, cpu) for rate, cpu in ((400, 2000), (500, 3000), (300, 1000))]
    others = [EndToEndRun(100, 100, 200, cpu) for cpu in (8000, 4000, 10_000)]

    figures = compare_runs(COMMIT, these, others)

    assert (figures["ratio"], figures["spread"], figures["rate_ratio"]) == (0.25, [0.1, 0.75], 2.0)
    assert figures["pairs"][1] == {"cpu_us_per_event": [3000, 4000], "rate": [500, 200]}


@pytest.mark.parametrize("other", [EndToEndRun(120, 120, 200, 8000), EndToEndRun(100, 99, 200, 8000)])
def test_no_ratio_is_given_if_the_two_sides_did_not_apply_the_same_events(other):
    figures = compare_runs(COMMIT, [EndToEndRun(100, 100, 400, 2000)], [other])

    assert "ratio" not in figures
    assert figures["different_workload"] == f"this tree: 100 of 100 events applied; 000000000000: {other.applied} of {other.events} events applied"
