"""Assigns test files to the workers of pytest-xdist: long files first, and files that need the whole system to few workers."""

import pytest
from xdist.scheduler import LoadFileScheduling

# Files that take several seconds, the longest first: a long file that starts last would delay the end of the run. All others follow in any order.
LONG_FILES = (
    "tests/drills/test_short_drill.py",
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
# These files share one set of servers, which they kill, so one worker runs all of them. The drill comes first because it needs empty servers.
FILES_THAT_KILL_SERVERS = (
    "tests/drills/test_short_drill.py",
    "tests/local/test_servers.py",
    "tests/fengqiao_agency/test_agency.py",
    "tests/fengqiao_agency/test_backpressure.py",
    "tests/fengqiao_agency/test_unsendable_events.py",
    "tests/fengqiao_agency/test_cli.py",
)
# These files simulate the same quarter of disputes, which takes seven seconds. One worker runs both and simulates it once.
FILES_THAT_SIMULATE_A_QUARTER = ("tests/demo/test_history.py", "tests/docs/generate/test_events.py")
# These files need every process of the system, which takes ten CPU seconds to start and half a gigabyte: half of the workers start one.
FILES_WITH_WHOLE_SYSTEM = (
    "tests/flows/",
    "tests/docs/test_commands.py",
    "tests/drills/test_crash_points.py",
    "tests/intake/test_verify.py",
    "tests/local/test_commands_without_packages.py",
)


def count_systems(workers: int) -> int:
    """Return how many workers may start the whole system."""
    return max(1, workers // 2)


def sort_long_files_first(items: list[pytest.Item]) -> None:
    """Sort the tests by file as LONG_FILES says. The order is the same on every worker."""
    files = list(dict.fromkeys(_work_unit(item.nodeid) for item in items))
    position = {unit: (_rank_of(unit), number) for number, unit in enumerate(files)}
    items.sort(key=lambda item: position[_work_unit(item.nodeid)])


class LongFilesFirst(LoadFileScheduling):
    """xdist scheduler that gives a free worker the next file in the order of collection."""

    def __init__(self, config, log=None):
        config.option.loadscopereorder = False  # xdist would sort files by number of tests, which says nothing about their duration
        super().__init__(config, log)
        self._with_system: set = set()  # workers that have started the whole system

    def _split_scope(self, nodeid):
        return _work_unit(nodeid)

    def remove_node(self, node):
        self._with_system.discard(node)
        return super().remove_node(node)

    def _reschedule(self, node):
        if self.workqueue and self._next_for(node) is None and not node.shutting_down:
            node.shutdown()
            return
        super()._reschedule(node)

    def _assign_work_unit(self, node):
        unit = self._next_for(node) or next(iter(self.workqueue))
        self.workqueue.move_to_end(unit, last=False)
        if unit.startswith(FILES_WITH_WHOLE_SYSTEM):
            self._with_system.add(node)
        super()._assign_work_unit(node)

    def _next_for(self, node):
        """Return the next file for a worker, or None. Workers with a running system get the files that need it; others only until enough have one."""
        needing, others = ([unit for unit in self.workqueue if unit.startswith(FILES_WITH_WHOLE_SYSTEM) == needs] for needs in (True, False))
        if node in self._with_system:
            return (needing or others)[0]
        if len(self._with_system) < count_systems(self.numnodes):
            return next(iter(self.workqueue))
        return others[0] if others else None


def _work_unit(nodeid):
    file = nodeid.split("::", 1)[0]
    return next((files[0] for files in (FILES_THAT_KILL_SERVERS, FILES_THAT_SIMULATE_A_QUARTER) if file in files), file)


def _rank_of(unit):
    return next((position for position, path in enumerate(LONG_FILES) if unit.startswith(path)), len(LONG_FILES))
