"""Tests of the choice of ports: a chosen port is free, stays the same, and is outside the range of outgoing connections."""

import socket
from pathlib import Path

from local.ports import Ports, allowed_ports, is_port_free


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


def test_port_range_does_not_overlap_the_range_of_outgoing_connections(monkeypatch):
    monkeypatch.delenv("FENGQIAO_PORT_RANGE", raising=False)  # the tests set this variable to a different part of the range for each test worker
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())

    assert not set(range(first, last + 1)) & set(allowed_ports()), "this machine uses ports of this range for outgoing connections"
    assert not {5432, 5672, 15672, 25672, 4369} & set(allowed_ports())
