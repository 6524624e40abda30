"""What is left of a list of buffers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.comm.vectors import MAX_VECTORS, after


@given(st.lists(st.binary(max_size=9)), st.integers(0, 99))
def test_the_rest_is_what_was_not_sent(buffers, sent):
    whole = b"".join(buffers)
    rest = after(buffers, min(sent, len(whole)))
    assert b"".join(rest) == whole[sent:]


def test_nothing_is_copied():
    buffer = bytearray(b"abcdef")
    (rest,) = after([buffer], 2)
    buffer[2:3] = b"X"[:1]
    assert bytes(rest) == b"Xdef"
    assert after([buffer], 0)[0] is buffer
    rest.release()


def test_the_system_takes_several():
    assert MAX_VECTORS >= 16
