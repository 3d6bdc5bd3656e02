"""Tests of the test run itself: order of the test files, their distribution to workers, and clean-up of servers."""

import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import AlreadyRunning, pids
from tests.scheduling import FILES_THAT_KILL_SERVERS, FILES_THAT_SIMULATE_A_QUARTER, FILES_WITH_WHOLE_SYSTEM, LONG_FILES, LongFilesFirst, sort_long_files_first
from tests.shared_servers import TestRun

ROOT = Path(__file__).parents[1]
FLOW_TEST_IDS = [f"tests/flows/test_{n}.py::test_x" for n in range(12)]
OTHER_TEST_IDS = [f"tests/contracts/test_{n}.py::test_{case}" for n in range(6) for case in range(4)]


class FakeWorker:
    """Stub of an xdist worker: records the indices of the tests assigned to it, and whether it was shut down."""

    def __init__(self, number):
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.assigned, self.shutting_down = [], False

    def send_runtest_some(self, indices):
        self.assigned += indices

    def shutdown(self):
        self.shutting_down = True

    def __repr__(self):
        return self.gateway.id


def simulate_run(collected, workers=4):
    """Simulate a test run in which each worker completes one test per round. Return the list of test files of each worker, in order."""
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda name: [f"{workers}*popen"], hook=None)
    scheduler = LongFilesFirst(config)
    nodes = [FakeWorker(number) for number in range(workers)]
    for node in nodes:
        scheduler.add_node(node)
    for node in nodes:
        scheduler.add_node_collection(node, collected)
    scheduler.schedule()
    done = dict.fromkeys(nodes, 0)
    while any(done[node] < len(node.assigned) for node in nodes):
        for node in nodes:
            if done[node] < len(node.assigned):
                scheduler.mark_test_complete(node, node.assigned[done[node]])
                done[node] += 1
    assert not scheduler.has_pending
    assert sorted(index for node in nodes for index in node.assigned) == list(range(len(collected)))
    return [list(dict.fromkeys(collected[index].split("::")[0] for index in node.assigned)) for node in nodes]


@pytest.mark.parametrize(("workers", "workers_with_system"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_at_most_half_of_the_test_workers_start_the_whole_system(workers, workers_with_system):
    files = simulate_run(FLOW_TEST_IDS + OTHER_TEST_IDS, workers)

    assert sum(any(file.startswith(FILES_WITH_WHOLE_SYSTEM) for file in worker_files) for worker_files in files) == workers_with_system


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_test_is_run_whatever_the_number_of_workers(workers):
    simulate_run(FLOW_TEST_IDS + OTHER_TEST_IDS, workers)
    simulate_run(FLOW_TEST_IDS, workers)


def test_test_files_that_kill_servers_are_run_by_one_worker():
    files = simulate_run([f"{file}::test_{n}" for file in FILES_THAT_KILL_SERVERS for n in range(3)] + OTHER_TEST_IDS)

    assert sum(bool(set(worker_files) & set(FILES_THAT_KILL_SERVERS)) for worker_files in files) == 1


def test_long_test_files_come_first_and_the_tests_of_a_file_stay_together():
    items = [
        SimpleNamespace(nodeid=node)
        for node in (*OTHER_TEST_IDS, *FLOW_TEST_IDS, "tests/bench/test_short_bench.py::test_a", f"{FILES_THAT_KILL_SERVERS[1]}::test_a")
    ]

    sort_long_files_first(items)

    assert [item.nodeid for item in items] == [
        f"{FILES_THAT_KILL_SERVERS[1]}::test_a",
        "tests/bench/test_short_bench.py::test_a",
        *FLOW_TEST_IDS,
        *OTHER_TEST_IDS,
    ]


def test_every_test_file_named_in_the_scheduling_module_exists():
    assert [
        path for path in (*LONG_FILES, *FILES_THAT_KILL_SERVERS, *FILES_THAT_SIMULATE_A_QUARTER, *FILES_WITH_WHOLE_SYSTEM) if not (ROOT / path).exists()
    ] == []


def test_processes_of_a_killed_test_run_are_ended_by_the_next_test_run(tmp_path):
    orphan = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (tmp_path / "gw0/pid").mkdir(parents=True)
    pids.write_pid_file(tmp_path / "gw0/pid/intake.json", orphan.pid)

    run = TestRun(tmp_path)
    run.begin()
    run.end()

    assert orphan.wait(10) in (-signal.SIGTERM, -signal.SIGKILL)


def test_a_second_test_run_in_the_same_folder_is_refused(tmp_path):
    first, second = TestRun(tmp_path), TestRun(tmp_path)
    first.begin()
    first.check()
    second.begin()

    with pytest.raises(AlreadyRunning, match=r"正被.*another test run"):
        second.check()
    second.end()
    first.check()
    first.end()
