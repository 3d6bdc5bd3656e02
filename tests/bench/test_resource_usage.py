"""Tests of CPU time, memory and percentiles as the benchmarks measure them, compared with known values."""

import os
import resource
import subprocess
import sys

import pytest

from bench.agencies import percentile
from bench.resource_usage import cpu_seconds, memory_mb

BURN = "import time\nwhile time.process_time() < {}: pass\n"
# A process, a child that has ended, and a running child; each uses a different amount of CPU time.
PROCESS_TREE = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN.format(0.4)!r}])
running_child = subprocess.Popen([sys.executable, "-c", {BURN.format(0.6) + "print(flush=True); input()"!r}], stdout=subprocess.PIPE, stdin=sys.stdin)
running_child.stdout.readline()
{BURN.format(0.2)}
print("ready", flush=True)
input()
"""


@pytest.fixture
def process_tree():
    with subprocess.Popen([sys.executable, "-c", PROCESS_TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_cpu_time_includes_running_and_ended_children(process_tree):
    assert 1.1 <= cpu_seconds(process_tree.pid) < 3  # 0.2 + 0.4 + 0.6, and some for starting Python


def test_cpu_times_of_several_processes_are_added(process_tree):
    own_tree = cpu_seconds(os.getpid())  # the process tree is a child of this process

    assert cpu_seconds(process_tree.pid, None) == pytest.approx(cpu_seconds(process_tree.pid), abs=0.2)
    assert cpu_seconds(process_tree.pid, process_tree.pid) == pytest.approx(2 * cpu_seconds(process_tree.pid), abs=0.2)
    assert own_tree >= cpu_seconds(process_tree.pid)


def test_cpu_time_equals_that_of_getrusage():
    before, process = resource.getrusage(resource.RUSAGE_CHILDREN), subprocess.Popen(
        [sys.executable, "-c", BURN.format(0.5) + "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    with process:
        process.stdout.readline()
        measured = cpu_seconds(process.pid)
        process.communicate(b"\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert measured == pytest.approx(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, abs=0.15)


def test_memory_grows_by_the_allocated_size():
    script = "import sys\nprint(flush=True); input()\nheld = b'x' * (64 * 2**20)\nprint(flush=True); input()\n"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        before = memory_mb(process.pid)
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        after = memory_mb(process.pid)
        process.kill()

    assert 63 <= after - before < 80


def test_an_ended_process_has_no_cpu_time_and_no_memory():
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert cpu_seconds(ended.pid, None) == memory_mb(ended.pid) == 0


def test_a_percentile_is_one_of_the_values():
    values = [float(n) for n in range(1, 101)][::-1]

    assert (percentile(values, 0.50), percentile(values, 0.99), percentile(values, 1.0)) == (51.0, 100.0, 100.0)
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0
