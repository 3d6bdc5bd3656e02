"""Assigns test files to the workers of pytest-xdist: long-running files first, and files that need the whole system to few workers."""

import pytest
from xdist.scheduler import LoadFileScheduling

# Test files that take several seconds, the longest first: a long file that starts last would delay the end of the test run. Other files follow.
LONG_FILES = (
    "tests/drills/test_short_drill.py",
    "tests/drills/test_recovery.py",
    "tests/bench/test_short_bench.py",
    "tests/flows/test_the_flows_run_in_another_county.py",
    "tests/drills/test_crash_points.py",
    "tests/flows/",
    "tests/plumbing/test_consumer.py",
    "tests/local/test_startup_wait.py",
    "tests/metrics/test_browser.py",
    "tests/demo/",
    "tests/plumbing/",
    "tests/mediation/lifecycle/test_walks.py",
    "tests/intake/",
    "tests/notify/",
    "tests/test_access_rights.py",
    "tests/metrics/",
    "tests/docs/generate/test_contracts.py",
)
# Test files that use and kill the same servers, so one worker runs all of them. The drill is first, because it needs empty servers.
FILES_THAT_KILL_SERVERS = (
    "tests/drills/test_short_drill.py",
    "tests/local/test_servers.py",
    "tests/fengqiao_agency/test_agency.py",
    "tests/fengqiao_agency/test_backpressure.py",
    "tests/fengqiao_agency/test_unsendable_events.py",
    "tests/fengqiao_agency/test_cli.py",
)
# Test files that use the same simulated quarter of a year, which takes seven seconds to simulate. One worker runs both and simulates it once.
FILES_THAT_SIMULATE_A_QUARTER = ("tests/demo/test_history.py", "tests/docs/generate/test_events.py")
# Test files that need every process of the system. It takes ten CPU seconds and half a gigabyte to start, so at most half of the workers start it.
FILES_WITH_WHOLE_SYSTEM = (
    "tests/flows/",
    "tests/docs/test_commands.py",
    "tests/drills/test_crash_points.py",
    "tests/intake/test_verify.py",
    "tests/local/test_commands_without_packages.py",
)


def count_systems(workers: int) -> int:
    """Return how many of the test workers may start the whole system."""
    return max(1, workers // 2)


def sort_long_files_first(items: list[pytest.Item]) -> None:
    """Sort the tests by file in the order of LONG_FILES. The order is the same on every worker."""
    files = list(dict.fromkeys(_work_unit(item.nodeid) for item in items))
    position = {unit: (_rank_by_duration(unit), number) for number, unit in enumerate(files)}
    items.sort(key=lambda item: position[_work_unit(item.nodeid)])


class LongFilesFirst(LoadFileScheduling):
    """xdist scheduler that assigns the next test file, in the order of collection, to each free worker."""

    def __init__(self, config, log=None):
        config.option.loadscopereorder = False  # xdist would sort files by their number of tests, which says nothing about their duration
        super().__init__(config, log)
        self._with_system: set = set()  # test workers that have started the whole system

    def _split_scope(self, nodeid):
        return _work_unit(nodeid)

    def remove_node(self, node):
        self._with_system.discard(node)
        return super().remove_node(node)

    def _reschedule(self, node):
        if self.workqueue and self._next_file_for(node) is None and not node.shutting_down:
            node.shutdown()
            return
        super()._reschedule(node)

    def _assign_work_unit(self, node):
        unit = self._next_file_for(node) or next(iter(self.workqueue))
        self.workqueue.move_to_end(unit, last=False)
        if unit.startswith(FILES_WITH_WHOLE_SYSTEM):
            self._with_system.add(node)
        super()._assign_work_unit(node)

    def _next_file_for(self, node):
        """Return the next test file for a worker, or None. Workers that run the whole system get the files that need it first; other workers start the
        system only while fewer than `count_systems` do.
        """
        needing, others = ([unit for unit in self.workqueue if unit.startswith(FILES_WITH_WHOLE_SYSTEM) == needs] for needs in (True, False))
        if node in self._with_system:
            return (needing or others)[0]
        if len(self._with_system) < count_systems(self.numnodes):
            return next(iter(self.workqueue))
        return others[0] if others else None


def _work_unit(nodeid):
    file = nodeid.split("::", 1)[0]
    return next((files[0] for files in (FILES_THAT_KILL_SERVERS, FILES_THAT_SIMULATE_A_QUARTER) if file in files), file)


def _rank_by_duration(unit):
    return next((position for position, path in enumerate(LONG_FILES) if unit.startswith(path)), len(LONG_FILES))
