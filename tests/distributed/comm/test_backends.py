"""The table of backends."""

from __future__ import annotations

import pytest

from minidask_distributed.comm.backends import Backend, backend_for
from minidask_distributed.comm.inproc import InprocBackend
from minidask_distributed.comm.tcp import SocketBackend


def test_the_backends_of_the_package():
    assert isinstance(backend_for("tcp"), SocketBackend)
    assert not backend_for("tcp").encrypted
    assert isinstance(backend_for("tls"), SocketBackend)
    assert backend_for("tls").encrypted
    assert isinstance(backend_for("inproc"), InprocBackend)


def test_an_unknown_scheme_names_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown scheme tsl://; did you mean tls://\? Known: inproc://, tcp://, tls://"
    ):
        backend_for("tsl")
    with pytest.raises(ValueError, match=r"unknown scheme ucx://; Known: "):
        backend_for("ucx")


def test_a_backend_must_have_its_methods():
    with pytest.raises(TypeError, match="abstract"):
        Backend()
