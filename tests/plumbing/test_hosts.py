"""Which `Host` headers count as ours?"""

import pytest

from plumbing.hosts import KnownHosts
from plumbing.settings import load_http


def knows(hosts, *headers):
    return KnownHosts(None, hosts, None).knows([(b"host", value) for value in headers])


@pytest.mark.parametrize(
    ("hosts", "host", "known"),
    [
        (["door.example.cn"], b"door.example.cn", True),
        (["door.example.cn"], b"DOOR.example.cn:443", True),
        (["door.example.cn"], b"door.example.cn.evil.example", False),
        (["door.example.cn"], b"other.example.cn", False),
        (["*.example.cn"], b"a.b.example.cn:8001", True),
        (["*.example.cn"], b"example.cn", False),
        (["*.example.cn"], b"evilexample.cn", False),
        (["::1"], b"[::1]:8001", True),
        (["[::1]"], b"[::1]", True),
        (["::1"], b"[::2]:8001", False),
        (["127.0.0.1"], b"\xff", False),
        (["*"], b"anything", True),
    ],
)
def test_a_name_is_known_with_or_without_a_port_and_in_any_case(hosts, host, known):
    assert knows(hosts, host) is known


@pytest.mark.parametrize("headers", [(), (b"127.0.0.1", b"evil.example"), (b"evil.example", b"127.0.0.1")])
def test_a_request_with_no_name_or_two_is_refused(headers):
    assert not knows(["127.0.0.1"], *headers)


@pytest.mark.parametrize(("setting", "field"), [("FENGQIAO_DOOR_HOSTS", "door_hosts"), ("FENGQIAO_DASHBOARD_HOSTS", "dashboard_hosts")])
def test_only_loopback_names_are_ours_unless_it_is_set_and_no_name_of_a_test(monkeypatch, setting, field):
    monkeypatch.delenv(setting, raising=False)
    assert getattr(load_http(), field) == ("127.0.0.1", "localhost", "::1")

    monkeypatch.setenv(setting, "door,door.example.cn")
    assert getattr(load_http(), field) == ("door", "door.example.cn")
