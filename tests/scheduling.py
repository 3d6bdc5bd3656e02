"""Which worker does which file, and in which order: long files first, and those that need the whole system on few workers."""

import pytest
from xdist.scheduler import LoadFileScheduling

# Files of some seconds and more, the longest first: a long file that began last would be waited for by everybody. All others follow in any order.
LONG = (
    "tests/drills/test_short_drill.py",
    "tests/bench/test_short_bench.py",
    "tests/flows/test_the_flows_run_in_another_county.py",
    "tests/drills/test_crash_points.py",
    "tests/flows/",
    "tests/plumbing/test_consumer.py",
    "tests/local/test_patience.py",
    "tests/metrics/test_browser.py",
    "tests/demo/",
    "tests/plumbing/",
    "tests/mediation/life/test_walks.py",
    "tests/intake/",
    "tests/notify/",
    "tests/test_rights.py",
    "tests/metrics/",
    "tests/docs/generate/test_contracts.py",
)
# These tests share one set of servers that they kill: they belong to one worker. The drill comes first, as long as there is nothing in them.
KILL_SERVERS = (
    "tests/drills/test_short_drill.py",
    "tests/local/test_servers.py",
    "tests/fengqiao_agency/test_agency.py",
    "tests/fengqiao_agency/test_backpressure.py",
    "tests/fengqiao_agency/test_bad_rows.py",
    "tests/fengqiao_agency/test_cli.py",
)
# These tell the same quarter by the real rules, which takes seven seconds; the second finds it told.
TELL_A_QUARTER = ("tests/demo/test_history.py", "tests/docs/generate/test_events.py")
# These need every process of the system, which takes ten seconds of CPU to start and half a gigabyte: one worker in two starts one.
WHOLE_SYSTEM = (
    "tests/flows/",
    "tests/docs/test_commands.py",
    "tests/drills/test_crash_points.py",
    "tests/intake/test_verify.py",
    "tests/local/test_words_without_packages.py",
)


def systems(workers: int) -> int:
    """How many workers may start the whole system."""
    return max(1, workers // 2)


def long_files_first(items: list[pytest.Item]) -> None:
    """The same order on every worker, files kept together."""
    files = list(dict.fromkeys(_unit(item.nodeid) for item in items))
    place = {unit: (_rank(unit), number) for number, unit in enumerate(files)}
    items.sort(key=lambda item: place[_unit(item.nodeid)])


class LongFilesFirst(LoadFileScheduling):
    """Gives a free worker the next file in the order in which they were collected."""

    def __init__(self, config, log=None):
        config.option.loadscopereorder = False  # the number of tests says nothing about how long they take
        super().__init__(config, log)
        self._with_system: set = set()  # workers

    def _split_scope(self, nodeid):
        return _unit(nodeid)

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
        if unit.startswith(WHOLE_SYSTEM):
            self._with_system.add(node)
        super()._assign_work_unit(node)

    def _next_for(self, node):
        """A worker that has a system goes on with what needs it; one without leaves that to those who have one, when there are enough of them."""
        needing, others = ([unit for unit in self.workqueue if unit.startswith(WHOLE_SYSTEM) == needs] for needs in (True, False))
        if node in self._with_system:
            return (needing or others)[0]
        if len(self._with_system) < systems(self.numnodes):
            return next(iter(self.workqueue))
        return others[0] if others else None


def _unit(nodeid):
    file = nodeid.split("::", 1)[0]
    return next((files[0] for files in (KILL_SERVERS, TELL_A_QUARTER) if file in files), file)


def _rank(unit):
    return next((place for place, path in enumerate(LONG) if unit.startswith(path)), len(LONG))
