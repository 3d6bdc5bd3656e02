"""Tests of the middleware AllowedHosts, which refuses requests with an unknown `Host` header."""

import pytest

from plumbing.hosts import AllowedHosts
from plumbing.settings import load_web_settings


def is_allowed(hosts, *headers):
    return AllowedHosts(None, hosts, None).allows([(b"host", value) for value in headers])


@pytest.mark.parametrize(
    ("hosts", "host", "expected"),
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
def test_the_host_header_is_compared_with_allowed_hosts_ignoring_port_and_case(hosts, host, expected):
    assert is_allowed(hosts, host) is expected


@pytest.mark.parametrize("headers", [(), (b"127.0.0.1", b"evil.example"), (b"evil.example", b"127.0.0.1")])
def test_a_request_with_no_or_several_host_headers_is_refused(headers):
    assert not is_allowed(["127.0.0.1"], *headers)


@pytest.mark.parametrize(("setting", "field"), [("FENGQIAO_DOOR_HOSTS", "door_hosts"), ("FENGQIAO_DASHBOARD_HOSTS", "dashboard_hosts")])
def test_only_loopback_host_names_are_allowed_by_default(monkeypatch, setting, field):
    monkeypatch.delenv(setting, raising=False)
    assert getattr(load_web_settings(), field) == ("127.0.0.1", "localhost", "::1")

    monkeypatch.setenv(setting, "door,door.example.cn")
    assert getattr(load_web_settings(), field) == ("door", "door.example.cn")
