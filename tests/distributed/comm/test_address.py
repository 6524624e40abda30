"""Addresses as texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.comm.address import (
    host_of,
    parse_address,
    parse_host_port,
    unparse_address,
    unparse_host_port,
    with_default_port,
)

HOSTS = st.sampled_from(
    ["", "localhost", "node-7.example.org", "127.0.0.1", "::1", "fe80::1%eth0", "::", "2001:db8::1"]
)


@given(host=HOSTS, port=st.none() | st.integers(0, 65535), scheme=st.sampled_from(["tcp", "tls"]))
def test_what_is_joined_comes_apart_again(host, port, scheme):
    address = unparse_address(scheme, unparse_host_port(host, port))
    assert parse_address(address) == (scheme, unparse_host_port(host, port))
    assert parse_host_port(parse_address(address)[1]) == (host, port)
    assert host_of(address) == host


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:80", ("tcp", "127.0.0.1:80")),
        (" node7:80 ", ("tcp", "node7:80")),
        ("inproc://1/2", ("inproc", "1/2")),
        ("tcp://", ("tcp", "")),
        ("my-own+x.y://a://b", ("my-own+x.y", "a://b")),
    ],
)
def test_addresses(address, expected):
    assert parse_address(address) == expected


@pytest.mark.parametrize(
    ("address", "error", "text"),
    [
        ("", ValueError, "the address is empty"),
        ("  ", ValueError, "the address is empty"),
        ("://x", ValueError, "a scheme like 'tcp' must stand before"),
        ("TC P://x", ValueError, "a scheme like 'tcp' must stand before"),
        (None, TypeError, "must be a text like 'tcp://127.0.0.1:8786', got NoneType"),
        (8786, TypeError, "got int"),
    ],
)
def test_what_is_no_address(address, error, text):
    with pytest.raises(error, match=text):
        parse_address(address)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("::1:80", "an IPv6 host must stand in brackets"),
        ("[::1", "stands in brackets"),
        ("[]:80", "stands in brackets"),
        ("[::1]80", "stands in brackets"),
        ("node7:http", "a port is a whole number from 0 to 65535, got 'http'"),
        ("node7:-1", "a port is a whole number"),
        ("node7:65536", "a port is a whole number"),
        ("node7:٣", "a port is a whole number"),
        ("node 7:80", "can't be the name or number of a host"),
        ("me@node7:80", "can't be the name or number of a host"),
        ("node7/x:80", "can't be the name or number of a host"),
    ],
)
def test_what_is_no_host_and_port(location, text):
    with pytest.raises(ValueError, match=text):
        parse_host_port(location)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("node7", "tcp://node7:8786"),
        ("tls://node7", "tls://node7:8786"),
        ("tcp://node7:9", "tcp://node7:9"),
        ("tcp://[::1]", "tcp://[::1]:8786"),
        ("tcp://node7:0", "tcp://node7:0"),
        ("inproc://1/2", "inproc://1/2"),
    ],
)
def test_default_ports(address, expected):
    assert with_default_port(address, 8786) == expected
