import pickle
import threading

import numpy as np
import pytest
from hypothesis import given

import minidask.array as da
from minidask import config
from minidask.array.creation.wrapping import SharedLock, asanyarray, asarray, from_array
from minidask.array.testing import assert_eq
from minidask.delayed import delayed
from tests.array.arrays import EVERY_DTYPE, few, pairs, raising, sample


class Data:
    """Something that can be sliced, and counts how often it is."""

    def __init__(self, array, chunks=None):
        self.array, self.shape, self.dtype, self.reads = array, array.shape, array.dtype, []
        if chunks:
            self.chunks = chunks

    def __getitem__(self, index):
        self.reads.append(index)
        return self.array[index]


@few
@given(pairs(EVERY_DTYPE))
def test_arrays_in_memory(pair):
    a, x = pair
    assert_eq(x, a)
    assert x.dtype == a.dtype


def test_names_are_of_the_contents():
    a = np.arange(10)
    x = from_array(a, chunks=5)
    assert x.name == from_array(a.copy(), chunks=5).name
    assert (
        len({x.name, from_array(a, chunks=4).name, from_array(a + 1, chunks=5).name, from_array(a, 5, name=False).name})
        == 4
    )
    assert from_array(a, name="mine").name == "mine"
    with pytest.raises(ValueError, match="name=True means nothing"):
        from_array(a, name=True)


def test_anything_that_can_be_sliced():
    data = Data(np.arange(20).reshape(4, 5), chunks=(2, 5))
    x = from_array(data)
    assert x.chunks == ((4,), (5,))
    assert from_array(data, chunks={0: 1}).chunks == ((1,) * 4, (5,))
    x = from_array(data, chunks=(2, 5))
    assert_eq(x + 1, data.array + 1)
    data.reads.clear()
    assert_eq(x[1:2, 3].compute(), data.array[1:2, 3])
    assert data.reads == [(slice(1, 2), 3)]
    assert_eq(from_array(data, chunks=2, inline_array=True), data.array)
    assert not from_array(data, chunks=2, inline_array=True)._layer.inputs


def test_locks_and_getitem():
    seen = []
    lock = threading.Lock()

    def getitem(array, index):
        seen.append(lock.locked())
        return array[index]

    x = from_array(Data(np.arange(4)), chunks=2, lock=lock, getitem=getitem, name="locked")
    assert_eq(x, np.arange(4))
    assert all(seen)
    assert_eq(from_array(np.arange(4), chunks=2, lock=True), np.arange(4))


def test_shared_locks_are_one():
    lock = SharedLock("mine")
    assert SharedLock("mine") is lock
    assert pickle.loads(pickle.dumps(lock)) is lock
    assert SharedLock() is not SharedLock()
    with lock:
        assert lock.locked()
    assert not lock.locked()
    assert lock.__dask_tokenize__() == "mine"


def test_memory_maps(tmp_path):
    m = np.memmap(tmp_path / "data", "f8", "w+", shape=(4, 3))
    m[...] = sample((4, 3))
    assert_eq(from_array(m, chunks=2).sum(axis=0), np.asarray(m).sum(axis=0))


def test_other_types_of_blocks_stay():
    m = np.ma.array([1, 2, 3], mask=[0, 1, 0])
    assert_eq(from_array(m, chunks=2), m)
    assert_eq(from_array(m, chunks=2, asarray=True), m)
    assert_eq(asarray(m), m)
    assert type(asanyarray(m)._meta) is np.ma.MaskedArray
    assert asanyarray(m, dtype=float).dtype == float


def test_slices_that_are_masked():
    m = np.ma.array([1.0, 2, 3, 4], mask=[0, 1, 0, 0])
    declared = from_array(Data(m), chunks=2, meta=np.ma.empty(0))
    assert_eq(declared, m)
    assert_eq(from_array(Data(m), chunks=2, meta=np.ma.MaskedArray).sum(), m.sum())
    # Slices that happen to have no mask are masked arrays as well.
    assert_eq(from_array(Data(m.filled(0)), chunks=2, meta=np.ma.empty(0)), np.ma.array(m.filled(0)))
    with pytest.raises(TypeError, match=r"slices of the Data are masked.*meta=np\.ma\.empty\(0, 'float64'\)"):
        from_array(Data(m), chunks=2).sum().compute()
    assert_eq(from_array(Data(m), chunks=2)[2:], m.data[2:])


def test_variables_of_netcdf(tmp_path):
    netcdf = pytest.importorskip("netCDF4")
    with netcdf.Dataset(tmp_path / "data.nc", "w") as file:
        file.createDimension("x", 4)
        scaled = file.createVariable("scaled", "i2", ("x",), fill_value=-1)
        scaled.scale_factor = 0.5
        scaled[:] = np.ma.array([1, 2, 3, 4.0], mask=[0, 1, 0, 0])
        file.createVariable("words", str, ("x",))[:] = np.array(list("abcd"), object)
        file.createVariable("one", "f4", ())[...] = 3
        file.createVariable("plain", "i4", ("x",))[:] = np.arange(4)
    with netcdf.Dataset(tmp_path / "data.nc") as file:
        for name in ("scaled", "words", "one", "plain"):
            assert_eq(from_array(file[name], chunks=2), file[name][...])
        assert_eq(from_array(file["scaled"], chunks=2).mean(), file["scaled"][:].mean())
        # Without it, slices are masked only where there is something to mask.
        file.set_always_mask(False)
        assert_eq(from_array(file["scaled"], chunks=2), np.ma.array([1, 2, 3, 4.0], mask=[0, 1, 0, 0]))
        file.set_auto_maskandscale(False)
        assert_eq(from_array(file["scaled"], chunks=2, lock=True), file["scaled"][:])
        assert from_array(file["scaled"])._meta.dtype == np.int16


def test_asarray():
    x = da.ones(3, chunks=2)
    assert asarray(x) is x
    assert np.asanyarray([1]).tolist() == [1]
    assert_eq(asarray([1, 2]), np.array([1, 2]))
    assert_eq(asarray([x, x]), np.ones((2, 3)))
    assert_eq(asarray(5), 5)
    assert asarray(x, dtype="f4").dtype == np.float32
    assert asarray(np.array(["a", None], object)).chunks == ((2,),)
    assert asarray(range(10), chunks=5).chunks == ((5, 5),)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (da.ones(3), TypeError, r"not a chunked array: use x\.rechunk"),
        (delayed(1), TypeError, "not a Delayed"),
        ([da.ones(3)], TypeError, "not lists of chunked arrays: use asarray"),
        (object(), TypeError, "needs an object with shape, dtype and slicing"),
    ],
)
def test_what_is_no_data(value, kind, message):
    with pytest.raises(kind, match=message):
        from_array(value)


def test_nothing_is_read():
    data = Data(np.arange(4))
    with config.set(scheduler=raising):
        from_array(data, chunks=2)[1:] + 1
    assert not data.reads


def test_array_with_more_axes():
    assert_eq(da.array([1, 2], ndmin=3), np.array([1, 2], ndmin=3))
    assert da.array(da.ones(3), dtype="f4").dtype == np.float32


def test_copies_that_are_wanted_or_refused():
    a = np.arange(4)
    x = asarray(a, copy=True, device="cpu")
    a[:] = 9
    assert_eq(x, np.arange(4))
    assert asarray(x, copy=True) is not x
    assert asarray(x, copy=False) is x
    assert_eq(asarray([1, 2], copy=True), np.array([1, 2]))
    for call, message in [
        (lambda: asarray(x, dtype=float, copy=False), "avoid copy"),
        (lambda: asarray([1, 2], copy=False), "avoid copy"),
        (lambda: asarray(a, device="gpu"), "the device is 'cpu', got 'gpu'"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
