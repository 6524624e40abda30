"""This host's own addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple

import pytest

from minidask_distributed.comm.interfaces import interface_ip, is_loopback, is_wildcard, outward_ip


def test_the_loopback_interface_has_its_address():
    assert interface_ip("lo") == "127.0.0.1"


def test_an_unknown_interface_is_named_beside_those_there_are():
    with pytest.raises(ValueError, match=r"no network interface 'nowhere0'; this host has: .*\blo\b"):
        interface_ip("nowhere0")


def test_interfaces_by_family(monkeypatch):
    import psutil

    class entry(NamedTuple):
        family: int
        address: str

    found = {
        "both": [
            entry(socket.AF_INET6, "2001:db8::1"),
            entry(socket.AF_INET, "10.0.0.1"),
            entry(socket.AF_INET, "10.0.0.2"),
        ],
        "six": [entry(socket.AF_INET6, "2001:db8::1"), entry(socket.AF_INET6, "fe80::1%six")],
        "none": [entry(psutil.AF_LINK, "02:00:00:00:00:00")],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
    assert interface_ip("both") == "10.0.0.1"
    assert interface_ip("six") == "2001:db8::1"
    with pytest.raises(ValueError, match="'none' has no IP address"):
        interface_ip("none")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "node7", "", "fe80::1%eth0", "127.0.0.1.example.org"])
def test_not_loopback(host):
    assert not is_loopback(host)


def test_wildcards():
    assert is_wildcard("0.0.0.0")
    assert is_wildcard("::")
    assert not is_wildcard("node7")
    assert not is_wildcard("")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_outward_address_is_one_that_can_be_bound(family):
    address = outward_ip(family)
    assert ipaddress.ip_address(address.partition("%")[0]).version == (4 if family == socket.AF_INET else 6)
    with socket.socket(family) as sock:
        sock.bind((address, 0))


def test_without_any_route_the_name_or_loopback_will_do(monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr(socket.socket, "connect", fail)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert outward_ip() == "127.0.0.1"
    assert outward_ip(socket.AF_INET6) == "::1"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [(2, 1, 6, "", ("10.9.8.7", 0))])
    assert outward_ip() == "10.9.8.7"
