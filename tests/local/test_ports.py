"""Tests of the choice of ports: a chosen port is free, stays the same, and is outside the range of outgoing connections."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.files import ROOT
from local.ports import NoFreePort, Ports, allowed_ports, is_port_free, reserve_port

# Five ports below the range of which servers and tests choose theirs; parallel test processes have different ones.
FIRST_UNUSED_PORT = 20_000 + os.getpid() % 1000 * 5
RESERVE_UNTIL_STANDARD_INPUT_ENDS = "import sys; from local.ports import reserve_port; print(reserve_port(), flush=True); sys.stdin.read()"


def test_stored_ports_are_kept_when_ports_are_chosen_again(tmp_path):
    Ports(tmp_path).choose("door", "dashboard")
    first = Ports(tmp_path).stored_ports()

    Ports(tmp_path).choose("door", "dashboard", "relay")

    assert {name: Ports(tmp_path)[name] for name in first} == first
    assert len(set(Ports(tmp_path).stored_ports().values())) == 3


def test_stored_port_that_another_program_uses_is_replaced(tmp_path):
    ports = Ports(tmp_path)
    ports.choose("door")
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", ports["door"]))
        other_program.listen()
        assert not is_port_free(ports["door"])

        taken = ports["door"]
        ports.choose("door")

        assert ports["door"] != taken


def test_port_of_a_server_that_does_not_listen_yet_is_given_to_no_other_server(tmp_path, monkeypatch):
    few = range(FIRST_UNUSED_PORT, FIRST_UNUSED_PORT + 4)
    monkeypatch.setenv("FENGQIAO_PORT_RANGE", f"{few[0]}-{few[-1]}")

    one, other = Ports(tmp_path / "one"), Ports(tmp_path / "other")
    for ports in (one, other):
        ports.file.parent.mkdir()
    one.choose("door", "relay")
    other.file.write_text(one.file.read_text())  # stored at an earlier start
    other.choose("door")
    of_a_proxy = reserve_port()

    assert {*one.stored_ports().values(), other["door"], of_a_proxy} == set(few)


def test_port_that_another_process_has_reserved_is_free_after_its_end(tmp_path, monkeypatch):
    only = FIRST_UNUSED_PORT + 4
    monkeypatch.setenv("FENGQIAO_PORT_RANGE", f"{only}-{only}")
    command = [sys.executable, "-c", RESERVE_UNTIL_STANDARD_INPUT_ENDS]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other_process:
        assert int(other_process.stdout.readline()) == only
        with pytest.raises(NoFreePort):
            reserve_port()

    assert reserve_port() == only


def test_port_range_does_not_overlap_the_range_of_outgoing_connections(monkeypatch):
    monkeypatch.delenv("FENGQIAO_PORT_RANGE", raising=False)  # the tests set this variable to a different part of the range for each test worker
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())

    assert not set(range(first, last + 1)) & set(allowed_ports()), "this machine uses ports of this range for outgoing connections"
    assert not {5432, 5672, 15672, 25672, 4369} & set(allowed_ports())
