"""Who is at the other end, from what it says of itself."""

from __future__ import annotations

import os
import socket

import pytest

from minidask_distributed.comm.peer import MAX_NAME, Identity, peer_from, peer_of
from minidask_distributed.comm.versions import versions


def test_an_identity_becomes_a_peer():
    peer = peer_of(Identity("worker", "alice", {"n": 2}, ("lz4",)))
    assert (peer.role, peer.name, peer.info, peer.codecs) == ("worker", "alice", {"n": 2}, ("lz4",))
    assert (peer.pid, peer.host, peer.versions) == (os.getpid(), socket.gethostname(), versions())
    assert peer.version_notes == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"role": None}, "role must be a text"),
        ({"name": "x" * (MAX_NAME + 1)}, "name must be a text of at most"),
        ({"host": 1}, "host must be a text"),
        ({"info": []}, "info must be a mapping"),
        ({"codecs": "lz4"}, "codecs must be a list of texts"),
        ({"codecs": [1]}, "codecs must be a list of texts"),
        ({"versions": {"numpy": 2}}, "versions must be a mapping of texts"),
        ({"versions": None}, "versions must be a mapping of texts"),
        ({"pid": True}, "pid must be a whole number"),
        ({"pid": "1"}, "pid must be a whole number"),
    ],
)
def test_fields_of_other_types_are_refused(change, text):
    with pytest.raises(ValueError, match=text):
        peer_from(Identity("worker").fields() | change)


def test_something_else_than_a_mapping_is_refused():
    with pytest.raises(ValueError, match="no mapping"):
        peer_from([1])
