import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from minidask_distributed.protocol.arrow import reduce_arrow, reduce_pandas_array
from minidask_distributed.protocol.payload import pack, unpack

N = 50_000
TABLE = pa.table(
    {"n": np.arange(N), "s": [str(i) for i in range(N)], "l": [[i] for i in range(N)]}, metadata={"made": "here"}
)


def same(back, value):
    assert type(back) is type(value)
    assert back.equals(value)
    back.validate(full=True)


@pytest.mark.parametrize(
    "value",
    [
        TABLE.slice(7, 100),
        TABLE["s"].slice(7, 100),
        TABLE["s"].chunk(0).slice(7, 100),
        TABLE["l"].chunk(0)[7:107],
        TABLE.to_batches()[0].slice(7, 100),
        TABLE["s"].dictionary_encode().slice(7, 100),
        pa.concat_tables([TABLE, TABLE]).slice(N - 5, 10),
    ],
)
def test_slices_travel_without_the_rest(value):
    payload = pack(value)
    same(unpack(payload), value)
    # The texts of a dictionary are all kept.
    assert payload.nbytes < 20_000 or "dictionary" in str(value.type)


@pytest.mark.parametrize("value", [TABLE, TABLE["s"], TABLE["n"].chunk(0), TABLE.to_batches()[0]])
def test_whole_ones_are_not_copied(value):
    payload = pack(value)
    same(unpack(payload), value)
    assert len(payload.header) < 3000
    addresses = {buffer.address for buffer in _buffers(value)}
    assert {np.frombuffer(buffer, "u1").ctypes.data for buffer in payload.buffers} <= addresses


def _buffers(value):
    columns = [value] if isinstance(value, pa.Array | pa.ChunkedArray) else value.columns
    for column in columns:
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            yield from filter(None, chunk.buffers())


@pytest.mark.parametrize(
    "value",
    [
        pa.table({}),
        TABLE.slice(0, 0),
        pa.nulls(5000).slice(10),
        pa.array([], pa.string()),
        TABLE.schema,
        pa.scalar(5),
        pa.RunEndEncodedArray.from_arrays([3, 5000], ["a", "b"]).slice(2, 2),
    ],
)
def test_odd_ones(value):
    back = unpack(pack(value))
    assert back.equals(value)


def test_metadata_travel():
    assert unpack(pack(TABLE.slice(3, 3))).schema.metadata == {b"made": b"here"}


def test_reducing_a_slice_by_hand():
    rebuild, args = reduce_arrow(TABLE["n"].slice(10, 2))
    assert rebuild(*args).to_pylist() == [10, 11]


@pytest.mark.parametrize("dtype", ["str", "string", "int64[pyarrow]", "string[pyarrow]"])
@pytest.mark.parametrize("chunks", [1, 2])
def test_pandas_arrays(dtype, chunks):
    array = pd.array([1, None, 3] if "int" in dtype else ["a", None, "c"], dtype=dtype)
    if chunks == 2:
        array = type(array)._concat_same_type([array, array])
    for part in (array, array[1:], array[:0]):
        back = unpack(pack(part))
        assert type(back) is type(array)
        pd.testing.assert_extension_array_equal(back, part)


def test_slices_of_pandas_arrays_travel_without_the_rest():
    array = pd.array([str(i) for i in range(N)], dtype="str")
    payload = pack(pd.Series(array)[5:8])
    assert payload.nbytes < 3000
    assert unpack(payload).tolist() == ["5", "6", "7"]


def test_reducing_a_pandas_array_by_hand():
    rebuild, args = reduce_pandas_array(pd.array(["a"], dtype="str"))
    assert rebuild(*args).tolist() == ["a"]
