"""Are the bench's own instruments right? What they say is compared with what is known without them."""

import os
import resource
import subprocess
import sys

import pytest

from bench.agencies import percentile
from bench.watching import cpu_seconds, memory_mb

BURN = "import time\nwhile time.process_time() < {}: pass\n"
# Itself, a child that has ended, and a child that goes on: told apart by how much each burns.
FAMILY = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN.format(0.4)!r}])
going_on = subprocess.Popen([sys.executable, "-c", {BURN.format(0.6) + "print(flush=True); input()"!r}], stdout=subprocess.PIPE, stdin=sys.stdin)
going_on.stdout.readline()
{BURN.format(0.2)}
print("ready", flush=True)
input()
"""


@pytest.fixture
def family():
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_cpu_time_is_that_of_a_process_of_its_children_and_of_those_that_ended(family):
    assert 1.1 <= cpu_seconds(family.pid) < 3  # 0.2, 0.4 and 0.6, and a little for starting


def test_cpu_times_of_several_add_up(family):
    mine = cpu_seconds(os.getpid())  # the family is among its children

    assert cpu_seconds(family.pid, None) == pytest.approx(cpu_seconds(family.pid), abs=0.2)
    assert cpu_seconds(family.pid, family.pid) == pytest.approx(2 * cpu_seconds(family.pid), abs=0.2)
    assert mine >= cpu_seconds(family.pid)


def test_cpu_time_is_what_the_system_says_it_was():
    before, process = resource.getrusage(resource.RUSAGE_CHILDREN), subprocess.Popen(
        [sys.executable, "-c", BURN.format(0.5) + "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    with process:
        process.stdout.readline()
        measured = cpu_seconds(process.pid)
        process.communicate(b"\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert measured == pytest.approx(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, abs=0.15)


def test_memory_grows_by_what_a_process_takes():
    script = "import sys\nprint(flush=True); input()\nheld = b'x' * (64 * 2**20)\nprint(flush=True); input()\n"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        before = memory_mb(process.pid)
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        after = memory_mb(process.pid)
        process.kill()

    assert 63 <= after - before < 80


def test_whoever_is_gone_costs_nothing():
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert cpu_seconds(gone.pid, None) == memory_mb(gone.pid) == 0


def test_a_percentile_is_one_of_the_values():
    hundred = [float(n) for n in range(1, 101)][::-1]

    assert (percentile(hundred, 0.50), percentile(hundred, 0.99), percentile(hundred, 1.0)) == (51.0, 100.0, 100.0)
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0
