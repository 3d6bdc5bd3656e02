"""Tests of the benchmarks' measuring functions: CPU time, memory and percentiles, compared with known values."""

import os
import resource
import subprocess
import sys

import pytest

from bench.agencies import percentile
from bench.resource_usage import cpu_seconds, memory_mb

USE_CPU_SECONDS = "import time\nwhile time.process_time() < {}: pass\n"
# Program that starts a child process which ends, and a child process which keeps running. Each of the three uses a different amount of CPU time.
PROCESS_TREE_PROGRAM = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {USE_CPU_SECONDS.format(0.4)!r}])
running_child = subprocess.Popen([sys.executable, "-c", {USE_CPU_SECONDS.format(0.6) + "print(flush=True); input()"!r}], stdout=subprocess.PIPE, stdin=sys.stdin)
running_child.stdout.readline()
{USE_CPU_SECONDS.format(0.2)}
print("ready", flush=True)
input()
"""


@pytest.fixture
def process_tree():
    with subprocess.Popen([sys.executable, "-c", PROCESS_TREE_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_the_cpu_time_of_a_process_includes_its_running_and_its_ended_children(process_tree):
    assert 1.1 <= cpu_seconds(process_tree.pid) < 3  # 0.2 + 0.4 + 0.6 seconds, and the CPU time of starting Python three times


def test_the_cpu_time_of_several_processes_is_the_sum_of_their_cpu_times(process_tree):
    own_tree = cpu_seconds(os.getpid())  # includes `process_tree`, which is a child of this process

    assert cpu_seconds(process_tree.pid, None) == pytest.approx(cpu_seconds(process_tree.pid), abs=0.2)
    assert cpu_seconds(process_tree.pid, process_tree.pid) == pytest.approx(2 * cpu_seconds(process_tree.pid), abs=0.2)
    assert own_tree >= cpu_seconds(process_tree.pid)


def test_the_measured_cpu_time_of_a_process_agrees_with_getrusage():
    before, process = resource.getrusage(resource.RUSAGE_CHILDREN), subprocess.Popen(
        [sys.executable, "-c", USE_CPU_SECONDS.format(0.5) + "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    with process:
        process.stdout.readline()
        measured = cpu_seconds(process.pid)
        process.communicate(b"\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert measured == pytest.approx(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, abs=0.15)


def test_the_measured_memory_of_a_process_grows_by_the_size_that_it_allocates():
    script = "import sys\nprint(flush=True); input()\nheld = b'x' * (64 * 2**20)\nprint(flush=True); input()\n"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        before = memory_mb(process.pid)
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        after = memory_mb(process.pid)
        process.kill()

    assert 63 <= after - before < 80


def test_the_measured_cpu_time_and_memory_of_an_ended_process_are_zero():
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert cpu_seconds(ended.pid, None) == memory_mb(ended.pid) == 0


def test_a_percentile_is_always_one_of_the_measured_values():
    values = [float(n) for n in range(1, 101)][::-1]

    assert (percentile(values, 0.50), percentile(values, 0.99), percentile(values, 1.0)) == (51.0, 100.0, 100.0)
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0
