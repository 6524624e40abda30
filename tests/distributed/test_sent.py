"""Functions that clients send: read, checked, and given the server if they ask for it."""

from __future__ import annotations

import pytest

from minidask_distributed.protocol.payload import ByReference, pack
from minidask_distributed.sent import sent_call, sent_value


def asks(x, dask_worker=None):
    return x, dask_worker


def test_values():
    assert sent_value(pack([1, 2])) == [1, 2]
    with pytest.raises(TypeError, match="a payload was expected, got list"):
        sent_value([1, 2])


def test_calls():
    function, args, kwargs = sent_call(pack((len, ["abc"], {})), "dask_worker", "me")
    assert function(*args, **kwargs) == 3
    function, args, kwargs = sent_call(ByReference((asks, (1,), {})), "dask_worker", "me")
    assert function(*args, **kwargs) == (1, "me")
    function, args, kwargs = sent_call(ByReference((asks, (1,), {"dask_worker": "mine"})), "dask_worker", "me")
    assert function(*args, **kwargs) == (1, "mine")
    assert sent_call(ByReference((asks, (1,), {})), "dask_scheduler", "me")[2] == {}
    # A function that says nothing about its parameters.
    assert sent_call(ByReference((max, (1, 2), {})), "dask_worker", "me") == (max, (1, 2), {})


@pytest.mark.parametrize("sent", [5, (len,), ("len", (), {}), [len, (), {}]])
def test_other_payloads(sent):
    with pytest.raises(TypeError, match=r"\(function, args, kwargs\) was expected"):
        sent_call(ByReference(sent), "dask_worker", None)
