import operator
import pickle

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import forget, raising


def test_made_of_a_graph_of_ones_own():
    graph = {("x", 0): (np.ones, 2), ("x", 1): (np.zeros, 3)}
    x = da.Array(graph, "x", ((2, 3),), dtype=float)
    assert_eq(x + 1, np.array([2.0, 2, 1, 1, 1]))
    assert_eq(da.Array(graph, "x", chunks=((2, 3),), meta=np.empty(0)), np.array([1.0, 1, 0, 0, 0]))
    y = da.ones(5, chunks=2)
    assert_eq(da.Array(y.dask, y.name, y.chunks, y.dtype), np.ones(5))
    assert_eq(da.Array({("z", 0): (np.ones, 2), ("z", 1): (np.ones, 2)}, "z", 2, dtype=float, shape=(4,)), np.ones(4))
    for args, kind, message in [
        (([], "x", ((1,),), float), TypeError, "made of a graph, a mapping"),
        (({}, 5, ((1,),), float), TypeError, "must be text"),
        ((graph, "x", ((2, 3),)), ValueError, "needs a dtype"),
        ((graph, "x", 2, float), ValueError, "shape is needed"),
    ]:
        with pytest.raises(kind, match=message):
            da.Array(*args)


def test_conversion_to_numpy():
    x = da.arange(3, chunks=2)
    assert np.asarray(x).tolist() == [0, 1, 2]
    assert np.asarray(x, dtype="f4").dtype == np.float32
    assert np.array([x[0], x[1]]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(x, copy=False)


def test_namespaces():
    x = da.ones(3)
    assert x.__array_namespace__() is da
    assert x.__array_priority__ > np.ma.array(1).__array_priority__ - 10


def test_functions_of_numpy_stay_lazy():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        for y in (
            np.concatenate([x, np.ones((2, 3))]),
            np.sum(x),
            np.sin(x),
            np.add(np.ones(3), x),
            np.where(x > 0, x, 0),
        ):
            assert isinstance(y, da.Array)
    with pytest.raises(TypeError, match=r"numpy\.real_if_close isn't built for chunked arrays"):
        np.real_if_close(x)


def test_types_that_wrap_arrays_are_asked_first():
    class Wrapper:
        def __array_function__(self, func, types, args, kwargs):
            return func.__name__

        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return ufunc.__name__

    x = da.ones(3)
    assert np.concatenate([x, Wrapper()]) == "concatenate"
    assert np.add(x, Wrapper()) == "add"


def test_one_element_becomes_a_number():
    x = da.from_array(np.array([[3]]), chunks=1)
    assert (bool(x), int(x), float(x), complex(x)) == (True, 3, 3.0, 3 + 0j)
    assert operator.index(x[0, 0]) == 3
    assert [10, 20, 30, 40][x[0, 0]] == 40
    assert int(x.astype("m8[s]").astype(int)) == 3
    many = da.ones(3)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(many)
    for convert in (int, float, complex):
        with pytest.raises(TypeError, match="only arrays of one element"):
            convert(many)
    with pytest.raises(TypeError, match="only integer scalar arrays"):
        operator.index(many[0])


def test_iteration_and_membership():
    x = da.arange(6, chunks=2).reshape(3, 2)
    assert [row.compute().tolist() for row in x] == [[0, 1], [2, 3], [4, 5]]
    assert 5 in x
    assert 7 not in x
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(da.ones(()))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        list(forget(x))


def test_looks():
    x = da.ones((3, 4), chunks=2)
    assert repr(x).startswith("minidask.array<full, shape=(3, 4), dtype=float64")
    assert "<svg" in x._repr_html_()
    assert x.to_svg().startswith("<svg")


def test_methods_of_its_own():
    x = da.arange(6, chunks=2)
    assert x.A is x
    assert_eq(x.map_blocks(np.negative), -np.arange(6))
    assert x.rechunk(3).chunks == ((3, 3),)
    assert forget(x).compute_chunk_sizes().chunks == ((2, 2, 2),)
    assert x.to_delayed().shape == (3,)
    target = np.zeros(6)
    x.store(target)
    assert target.tolist() == list(range(6))
    assert_eq(pickle.loads(pickle.dumps(x)), np.arange(6))


def test_frames():
    pd = pytest.importorskip("pandas")
    frame = da.arange(6, chunks=2).reshape(3, 2).rechunk((2, 2)).to_dask_dataframe(columns=["a", "b"])
    pd.testing.assert_frame_equal(frame.compute(), pd.DataFrame(np.arange(6).reshape(3, 2), columns=["a", "b"]))
    series = frame.a.to_dask_array(lengths=True)
    assert_eq(series, np.array([0, 2, 4]))


def test_single_elements():
    a = np.arange(6).reshape(2, 3)
    x = da.from_array(a, chunks=2)
    assert x.item(4) == a.item(4)
    assert x.item(-1) == a.item(-1)
    assert x.item(1, 2) == x.item((1, 2)) == 5
    assert x[0, 1].item() == 1
    assert x.tolist() == a.tolist()
    for call, kind, message in [
        (lambda: x.item(), ValueError, "array of size 1"),
        (lambda: x.item(6), IndexError, "out of bounds for size 6"),
        (lambda: x.item(1, 2, 3), ValueError, "incorrect number of indices"),
        (lambda: x.item(2, 0), IndexError, "out of bounds"),
    ]:
        with pytest.raises(kind, match=message):
            call()


def test_bytes_in_the_other_order():
    a = np.arange(3, dtype="i2")
    x = da.from_array(a, chunks=2)
    assert_eq(x.byteswap(), a.byteswap())
    assert x.byteswap(inplace=True) is x
    assert_eq(x, a.byteswap())


def test_the_array_api():
    x = da.ones(3)
    assert x.device == "cpu"
    assert x.to_device("cpu") is x
    assert x.to_backend("numpy") is x
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2024.12") is da
    for call, message in [
        (lambda: x.to_device("gpu"), "the device is 'cpu'"),
        (lambda: x.to_backend("cupy"), "blocks are made by NumPy"),
        (lambda: x.__array_namespace__(api_version="1999.01"), "isn't known"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    names = """
        abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2 atanh bitwise_and
        bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor bool broadcast_arrays broadcast_to can_cast
        ceil clip complex128 complex64 concat conj copysign cos cosh count_nonzero cumulative_prod cumulative_sum diff divide e
        empty empty_like equal exp expand_dims expm1 eye finfo flip float32 float64 floor floor_divide from_dlpack full full_like
        greater greater_equal hypot iinfo imag inf int16 int32 int64 int8 isdtype isfinite isin isinf isnan less less_equal
        linspace log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul matrix_transpose max maximum
        mean meshgrid min minimum moveaxis multiply nan negative newaxis nextafter nonzero not_equal ones ones_like permute_dims
        pi positive pow prod real reciprocal remainder repeat reshape result_type roll round searchsorted sign signbit sin sinh
        sort sqrt square squeeze stack std subtract sum take take_along_axis tan tanh tensordot tile tril triu trunc uint16
        uint32 uint64 uint8 unique_all unique_counts unique_inverse unique_values unstack var vecdot where zeros zeros_like
    """.split()
    assert not [name for name in names if not hasattr(da, name)]
    own = """
        cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr
        slogdet solve svd svdvals tensordot trace vecdot vector_norm
    """.split()
    assert not [name for name in own if not hasattr(da.linalg, name)]
    kinds = ["fft", "ifft", "rfft", "irfft", "fftn", "ifftn", "rfftn", "irfftn", "hfft", "ihfft"]
    assert not [name for name in [*kinds, "fftfreq", "rfftfreq", "fftshift", "ifftshift"] if not hasattr(da.fft, name)]
    assert da.__array_api_version__ in ("2023.12", "2024.12")
    info = da.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert info.default_dtypes()["real floating"] == da.float64


def test_the_device_of_the_array_api():
    x = da.ones((2, 3), chunks=2)
    calls = [
        lambda **on: da.arange(3, **on),
        lambda **on: da.asarray([1], **on),
        lambda **on: da.empty(3, **on),
        lambda **on: da.empty_like(x, **on),
        lambda **on: da.eye(3, **on),
        lambda **on: da.full(3, 7, **on),
        lambda **on: da.full_like(x, 7, **on),
        lambda **on: da.linspace(0, 1, 5, **on),
        lambda **on: da.ones(3, **on),
        lambda **on: da.ones_like(x, **on),
        lambda **on: da.zeros(3, **on),
        lambda **on: da.zeros_like(x, **on),
        lambda **on: da.fft.fftfreq(4, **on),
        lambda **on: da.fft.rfftfreq(4, **on),
        lambda **on: da.astype(x, da.float32, **on),
    ]
    for call in calls:
        assert_eq(call(device="cpu"), call())
        assert_eq(call(device=x.device), call(device=None))
        with pytest.raises(ValueError, match="the device is 'cpu', got 'gpu'"):
            call(device="gpu")
    assert_eq(np.zeros_like(x, device="cpu"), np.zeros((2, 3)))


def test_other_libraries_take_arrays_over():
    x = da.arange(3, chunks=2)
    assert np.from_dlpack(x).tolist() == [0, 1, 2]
    assert x.__dlpack_device__() == np.arange(3).__dlpack_device__()
    with pytest.raises(BufferError, match="without a copy"):
        np.from_dlpack(x, copy=False)
