import datetime
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

from minidask_distributed.protocol.buffers import flat
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack

N = 50_000


def memory_of(payload):
    return [np.frombuffer(flat(buffer), "u1") for buffer in payload.buffers]


@pytest.mark.parametrize("value", [None, 1, "x", [1, {"a": 2}], b"short", b"l" * N * 2, "t" * N * 2, datetime.date.min])
def test_round_trip(value):
    payload = pack(value)
    assert unpack(payload) == value
    assert type(unpack(payload)) is type(value)


def test_large_bytes_are_not_copied():
    data = b"x" * 100_000
    payload = pack(data)
    assert payload.kind == "bytes"
    assert payload.buffers[0] is data
    assert unpack(Payload("bytes", b"", [memoryview(bytearray(data))])) == data


def test_bytearrays_come_back():
    value = bytearray(b"x" * 100_000)
    assert unpack(pack(value)) == value
    assert type(unpack(pack(value))) is bytearray


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (pd.DataFrame({"a": np.arange(N), "b": np.arange(N) * 0.5}), 2),
        (pd.DataFrame(np.zeros((N, 3))), 1),
        (pd.DataFrame({"t": pd.date_range("2000", periods=N, freq="s"), "n": 1.5}), 2),
        (pd.Series(pd.array([str(i) for i in range(N)], dtype="str")), 2),
        (pd.Series(pd.array(np.arange(N), dtype="int64[pyarrow]")), 1),
        (pd.Series(pd.Categorical(np.arange(N) % 70_000 % 1000)), 1),
        (pa.table({"a": np.arange(N), "s": [str(i) for i in range(N)]}), 3),
        (scipy.sparse.random(3000, 3000, 0.01, "csr", rng=0), 2),
        ({"nested": [np.zeros(N), (np.ones((300, 300)).T, np.zeros(N, "M8[s]"))]}, 3),
    ],
)
def test_large_memory_is_not_copied_on_either_side(value, count):
    payload = pack(value)
    assert len(payload.buffers) == count
    assert len(payload.header) < 20_000
    again = memory_of(pack(unpack(payload)))
    assert len(again) == count
    for mine, theirs in zip(memory_of(payload), again, strict=True):
        assert np.shares_memory(mine, theirs)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])),
        pd.DataFrame({"t": pd.date_range("2000", periods=2, tz="Europe/Paris")}),
        pd.DataFrame(),
    ],
)
def test_frames(frame):
    pd.testing.assert_frame_equal(unpack(pack(frame)), frame)


def test_a_slice_of_a_frame_does_not_take_the_whole_along():
    frame = pd.DataFrame({"a": np.arange(N), "s": [str(i) for i in range(N)]})
    assert pack(frame.iloc[5:10]).nbytes < 5000


def test_what_was_writable_is_writable_after_the_wire():
    array = np.arange(N)
    frozen = array.copy()
    frozen.flags.writeable = False
    payload = pack([array, frozen])
    received = Payload(payload.kind, payload.header, [bytearray(flat(buffer)) for buffer in payload.buffers])
    one, two = unpack(received)
    assert one.flags.writeable
    assert not two.flags.writeable


def test_nbytes():
    payload = pack(np.zeros((100, 1000)).T)
    assert 800_000 < payload.nbytes < 801_000
    assert repr(payload) == f"<Payload 'pickle': {payload.nbytes} bytes>"


def test_a_payload_can_be_pickled_and_compared():
    payload = pack([np.arange(N), 1])
    back = pickle.loads(pickle.dumps(payload))
    assert back == payload
    assert back != pack(1)
    assert payload != 1
    np.testing.assert_array_equal(unpack(back)[0], np.arange(N))


def test_small_pickles_and_references_are_read_likewise():
    assert unpack(pickle.dumps([1])) == [1]
    value = object()
    assert unpack(ByReference(value)) is value
    assert repr(ByReference(value)) == "<ByReference: a object>"


@pytest.mark.parametrize("payload", [Payload("gif", b""), Payload("bytes", b"", []), Payload("", b"", [b"x"])])
def test_other_kinds_are_refused(payload):
    with pytest.raises(ProtocolError, match="can't be read by this version"):
        unpack(payload)


def test_unpicklable_values_are_refused():
    with pytest.raises(TypeError, match="a generator can't be sent to another process"):
        pack(x for x in "ab")
