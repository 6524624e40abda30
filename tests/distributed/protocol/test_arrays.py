import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from minidask_distributed.protocol.arrays import reduce_ndarray
from minidask_distributed.protocol.buffers import flat
from minidask_distributed.protocol.payload import pack, unpack

N = 20_000
RECORD = np.dtype([("a", "i4"), ("t", "M8[s]"), ("s", "U5")])

ARRAYS = {
    "C": np.arange(N).reshape(100, -1),
    "F": np.asfortranarray(np.arange(N).reshape(100, -1)),
    "transposed": np.arange(N).reshape(20, 50, 20).transpose(1, 2, 0),
    "big-endian": np.arange(N, dtype=">i8"),
    "dates": np.arange(N).astype("M8[s]"),
    "durations": np.arange(N).astype("m8[ms]").reshape(100, -1).T,
    "records": np.zeros(N, RECORD),
    "complex": np.zeros(N, "c16"),
    "text": np.full(N, "text"),
    "bytes": np.full(N, b"text"),
    "bool": np.zeros(N * 8, "?"),
    "void": np.zeros(N, "V9"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_contiguous_arrays_are_not_copied(name):
    array = ARRAYS[name]
    payload = pack(array)
    assert len(payload.buffers) == 1
    assert np.shares_memory(np.frombuffer(flat(payload.buffers[0]), "u1"), array)
    back = unpack(payload)
    assert np.shares_memory(back, array)
    assert (back.dtype, back.shape, back.strides) == (array.dtype, array.shape, array.strides)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    "view",
    [
        ARRAYS["C"][::2],
        ARRAYS["C"][:, ::-3],
        ARRAYS["F"][5:, :3].T,
        ARRAYS["dates"][::-1],
        ARRAYS["records"]["t"],
        ARRAYS["transposed"][:, 1],
        np.broadcast_to(np.arange(N)[:, None], (N, 7)),
        np.broadcast_to(3.5, (N, 2)),
        np.lib.stride_tricks.sliding_window_view(np.arange(N), 5),
    ],
)
def test_views_travel_as_what_they_show(view):
    payload = pack(view)
    back = unpack(payload)
    np.testing.assert_array_equal(back, view)
    assert back.dtype == view.dtype
    assert back.flags.writeable == view.flags.writeable
    assert payload.nbytes < view.nbytes + 1000


def test_what_is_repeated_travels_once():
    view = np.broadcast_to(np.arange(N)[:, None], (N, 1000))
    payload = pack(view)
    assert payload.nbytes < N * 8 + 1000
    assert unpack(payload).strides == view.strides


def test_writable_repetition_is_written_out():
    # Writing to one element would write to others: at the other end it no longer does.
    view = np.lib.stride_tricks.as_strided(np.zeros(N), (N, 2), (8, 0))
    back = unpack(pack(view))
    assert back.flags.writeable
    assert back.strides[1] != 0


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(()),
        np.array(5, "M8[s]"),
        np.zeros(0),
        np.zeros((0, 3), "M8[s]"),
        np.zeros(3, "V0"),
        np.array([None, "a", [1]], dtype=object),
        np.array([(1, [2])], dtype=[("a", "i4"), ("b", object)]),
        np.array(["a", "long text " * 9], dtype=np.dtypes.StringDType()),
        np.float64(1.5),
    ],
)
def test_odd_ones(array):
    back = unpack(pack(array))
    np.testing.assert_array_equal(back, array)
    assert (type(back), back.dtype, back.shape) == (type(array), array.dtype, array.shape)


def test_subclasses_keep_their_class():
    masked = np.ma.array(np.arange(N), mask=np.arange(N) % 2 == 0)
    back = unpack(pack(masked))
    assert isinstance(back, np.ma.MaskedArray)
    np.testing.assert_array_equal(back.mask, masked.mask)
    record = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    assert unpack(pack(record)).a == 1


def test_memory_maps(tmp_path):
    mapped = np.memmap(tmp_path / "data", "i4", "w+", shape=(N,))
    mapped[:] = 7
    np.testing.assert_array_equal(unpack(pack(mapped)), np.full(N, 7))


def test_metadata_of_types():
    dtype = np.dtype("M8[s]", metadata={"zone": "UTC"})
    with pytest.warns(UserWarning, match="metadata"):
        np.lib.format.dtype_to_descr(dtype)
    assert unpack(pack(np.zeros(3, dtype))).dtype == dtype


@given(
    array=numpy_strategies.arrays(
        st.one_of(
            numpy_strategies.scalar_dtypes(),
            st.just(RECORD),
        ),
        numpy_strategies.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4),
    ),
    data=st.data(),
)
@pytest.mark.slow
def test_any_view(array, data):
    if array.ndim:
        array = array.transpose(data.draw(st.permutations(range(array.ndim))))
        array = array[data.draw(numpy_strategies.basic_indices(array.shape))]
    if type(array) is not np.ndarray:
        return
    array.flags.writeable = data.draw(st.booleans())
    back = unpack(pack(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable == array.flags.writeable or not array.size


def test_reducing_by_hand():
    view = ARRAYS["C"].T[::2]
    rebuild, args = reduce_ndarray(view)
    np.testing.assert_array_equal(rebuild(*args), view)
