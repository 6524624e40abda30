"""The kinds of connection: every implementation has the whole interface."""

from __future__ import annotations

import pytest

from minidask_distributed.comm.base import Bulk, Comm, Listener
from minidask_distributed.comm.bulk import StreamBulk
from minidask_distributed.comm.inproc import InprocBulk, InprocComm, InprocListener
from minidask_distributed.comm.stream import StreamComm
from minidask_distributed.comm.tcp import SocketListener
from minidask_distributed.comm.tls_stream import EncryptedComm


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (StreamComm, Comm),
        (EncryptedComm, Comm),
        (InprocComm, Comm),
        (StreamBulk, Bulk),
        (InprocBulk, Bulk),
        (SocketListener, Listener),
        (InprocListener, Listener),
    ],
)
def test_implementations_are_whole(kind, base):
    assert issubclass(kind, base)
    assert not kind.__abstractmethods__
    with pytest.raises(TypeError, match="abstract"):
        base()
