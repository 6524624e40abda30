"""Options of connections, checked when they are made, and from the settings."""

from __future__ import annotations

import pytest

from minidask import config
from minidask_distributed.comm import Options


def test_settings_become_options():
    with config.set(
        {
            "distributed.comm.compression": "lz4",
            "distributed.comm.timeouts.tcp": "5 s",
            "distributed.comm.socket-backlog": 7,
        }
    ):
        assert Options.from_settings() == Options(compression="lz4", silence_timeout_s=5.0, backlog=7)
    with config.set({"distributed.comm.compression": False}):
        assert Options.from_settings().compression is None


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"compression": "rar"}, "compression must be"),
        ({"max_frame_bytes": 0}, "max_frame_bytes must be at least 1, got 0"),
        ({"silence_timeout_s": 1}, "silence_timeout_s must be at least 2"),
        ({"handshake_timeout_s": 0}, "handshake_timeout_s must be at least"),
        ({"backlog": 0}, "backlog must be at least 1"),
    ],
)
def test_impossible_options_are_refused(kwargs, text):
    with pytest.raises(ValueError, match=text):
        Options(**kwargs)
