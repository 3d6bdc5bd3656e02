"""Is the suite itself run as it should be: long files first, the whole system on few workers, nothing left behind?"""

import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import AlreadyRunning, pids
from tests.scheduling import KILL_SERVERS, LONG, TELL_A_QUARTER, WHOLE_SYSTEM, LongFilesFirst, long_files_first
from tests.shared import TestRun

ROOT = Path(__file__).parents[1]
FLOWS = [f"tests/flows/test_{n}.py::test_x" for n in range(12)]
OTHERS = [f"tests/contracts/test_{n}.py::test_{case}" for n in range(6) for case in range(4)]


class Worker:
    """As the scheduler sees one: gets numbers of tests, and is told to shut down."""

    def __init__(self, number):
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.given, self.shutting_down = [], False

    def send_runtest_some(self, indices):
        self.given += indices

    def shutdown(self):
        self.shutting_down = True

    def __repr__(self):
        return self.gateway.id


def run(collected, workers=4):
    """Run all tests, giving each worker one at a time in turn. Return the files that each worker ran, in order."""
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda name: [f"{workers}*popen"], hook=None)
    scheduler = LongFilesFirst(config)
    nodes = [Worker(number) for number in range(workers)]
    for node in nodes:
        scheduler.add_node(node)
    for node in nodes:
        scheduler.add_node_collection(node, collected)
    scheduler.schedule()
    done = dict.fromkeys(nodes, 0)
    while any(done[node] < len(node.given) for node in nodes):
        for node in nodes:
            if done[node] < len(node.given):
                scheduler.mark_test_complete(node, node.given[done[node]])
                done[node] += 1
    assert not scheduler.has_pending
    assert sorted(index for node in nodes for index in node.given) == list(range(len(collected)))
    return [list(dict.fromkeys(collected[index].split("::")[0] for index in node.given)) for node in nodes]


@pytest.mark.parametrize(("workers", "with_system"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_every_test_is_run_once_and_the_whole_system_is_started_by_few(workers, with_system):
    files = run(FLOWS + OTHERS, workers)

    assert sum(any(file.startswith(WHOLE_SYSTEM) for file in of_one) for of_one in files) == with_system


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_however_many_workers_there_are_nothing_is_left_over(workers):
    run(FLOWS + OTHERS, workers)
    run(FLOWS, workers)


def test_those_that_kill_servers_are_done_by_one_worker():
    files = run([f"{file}::test_{n}" for file in KILL_SERVERS for n in range(3)] + OTHERS)

    assert sum(bool(set(of_one) & set(KILL_SERVERS)) for of_one in files) == 1


def test_long_files_come_first_and_cases_of_a_file_stay_together():
    items = [SimpleNamespace(nodeid=node) for node in (*OTHERS, *FLOWS, "tests/bench/test_short_bench.py::test_a", f"{KILL_SERVERS[1]}::test_a")]

    long_files_first(items)

    assert [item.nodeid for item in items] == [f"{KILL_SERVERS[1]}::test_a", "tests/bench/test_short_bench.py::test_a", *FLOWS, *OTHERS]


def test_every_file_that_is_named_is_there():
    assert [path for path in (*LONG, *KILL_SERVERS, *TELL_A_QUARTER, *WHOLE_SYSTEM) if not (ROOT / path).exists()] == []


def test_what_a_killed_run_left_behind_is_ended_by_the_next(tmp_path):
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (tmp_path / "gw0/pid").mkdir(parents=True)
    pids.remember(tmp_path / "gw0/pid/intake.json", left.pid)

    run = TestRun(tmp_path)
    run.begin()
    run.end()

    assert left.wait(10) in (-signal.SIGTERM, -signal.SIGKILL)


def test_a_second_run_in_the_same_folder_touches_nothing(tmp_path):
    first, second = TestRun(tmp_path), TestRun(tmp_path)
    first.begin()
    first.check()
    second.begin()

    with pytest.raises(AlreadyRunning, match=r"正被.*another test run"):
        second.check()
    second.end()
    first.check()
    first.end()
