"""Ports are free when chosen, stay the same, and lie where no outgoing connection can take them."""

import socket
from pathlib import Path

from local.ports import Ports, allowed, is_free


def test_ports_are_remembered_from_one_start_to_the_next(tmp_path):
    Ports(tmp_path).choose("door", "dashboard")
    first = Ports(tmp_path).known()

    Ports(tmp_path).choose("door", "dashboard", "relay")

    assert {name: Ports(tmp_path)[name] for name in first} == first
    assert len(set(Ports(tmp_path).known().values())) == 3


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path):
    ports = Ports(tmp_path)
    ports.choose("door")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", ports["door"]))
        stranger.listen()
        assert not is_free(ports["door"])

        taken = ports["door"]
        ports.choose("door")

        assert ports["door"] != taken


def test_no_outgoing_connection_is_ever_given_one_of_our_ports(monkeypatch):
    monkeypatch.delenv("FENGQIAO_PORT_RANGE", raising=False)  # each of several test runners has a part of the range for itself
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())

    assert not set(range(first, last + 1)) & set(allowed()), "this machine gives outgoing connections ports from our range"
    assert not {5432, 5672, 15672, 25672, 4369} & set(allowed())
