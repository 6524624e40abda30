"""Names by content: equal for equal payloads, different for any other."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from minidask_distributed.protocol.content import content_token
from minidask_distributed.protocol.payload import Payload, pack


def test_equal_content_has_one_token():
    array = np.arange(200_000)
    assert content_token(pack(array)) == content_token(pack(array.copy()))
    assert content_token(pack(array)) != content_token(pack(array[::-1]))
    assert content_token(pack(array)) != content_token(pack(array.astype("f8")))
    assert content_token(pack(array)) != content_token(pack(array.reshape(2, -1)))


@pytest.mark.parametrize("at", [0, 77_777, 199_999])
def test_each_element_counts(at):
    array = np.arange(200_000)
    before = content_token(pack(array))
    array[at] += 1
    assert content_token(pack(array)) != before


def test_no_byte_can_move_from_one_part_to_the_next():
    payloads = [
        Payload("pickle", b"ab", [b"cd", b"ef"]),
        Payload("pickle", b"abc", [b"d", b"ef"]),
        Payload("pickle", b"ab", [b"cde", b"f"]),
        Payload("pickle", b"ab", [b"cdef"]),
        Payload("bytes", b"ab", [b"cd", b"ef"]),
    ]
    assert len({content_token(payload) for payload in payloads}) == len(payloads)


@pytest.mark.slow
def test_another_process_makes_the_same_token():
    code = (
        "import numpy, minidask_distributed.protocol.content as c, minidask_distributed.protocol.payload as p; "
        "print(c.content_token(p.pack(numpy.arange(200_000))))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert there.strip() == content_token(pack(np.arange(200_000)))
