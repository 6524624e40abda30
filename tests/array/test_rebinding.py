import numpy as np
import pytest

import minidask.array as da
from minidask.array.rebinding import rebind
from minidask.array.testing import assert_eq
from tests.array.arrays import forget

A = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "name",
    [
        "sum", "prod", "min", "max", "any", "all", "mean", "std", "var", "nansum", "nanprod", "nanmin", "nanmax", "nanmean",
        "nanstd", "nanvar", "ptp", "median", "nanmedian", "argmin", "argmax", "nanargmin", "nanargmax",
    ],
)  # fmt: skip
def test_reductions_go_into_out(name):
    x = da.from_array(A, chunks=2)
    expected = getattr(np, name)(A, axis=0)
    out = da.zeros(4, dtype=expected.dtype, chunks=4)
    older = out + 1
    assert getattr(np, name)(x, axis=0, out=out) is out
    assert_eq(out, expected)
    assert_eq(older, np.zeros(4, expected.dtype) + 1)


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "nancumsum", "nancumprod"])
def test_running_totals_go_into_out(name):
    out = da.zeros((3, 4))
    assert getattr(np, name)(da.from_array(A, chunks=2), axis=1, out=out) is out
    assert_eq(out, getattr(np, name)(A, axis=1))


@pytest.mark.parametrize("name", ["quantile", "nanquantile", "percentile", "nanpercentile"])
def test_quantiles_go_into_out(name):
    out = da.zeros(3)
    assert getattr(np, name)(da.from_array(A, chunks=2), 0.5, axis=1, out=out) is out
    assert_eq(out, getattr(np, name)(A, 0.5, axis=1))


def test_methods_and_trace_go_into_out():
    x, out = da.from_array(A[:, :3], chunks=2), da.zeros(())
    for call, expected in [(x.trace, A[:, :3].trace()), (x.sum, A[:, :3].sum()), (x.ptp, np.ptp(A[:, :3]))]:
        assert call(out=out) is out
        assert_eq(out, np.float64(expected))
    assert np.add.reduce(x, axis=None, out=out) is out
    moment = da.zeros(())
    assert x.moment(2, out=moment) is moment
    assert_eq(moment, np.float64(A[:, :3].var()))


def test_the_result_is_cast_to_the_dtype_of_out():
    out = da.zeros((), dtype="f4")
    assert_eq(da.ones(3, chunks=2).sum(out=out), np.float32(3))
    known = da.zeros(3)
    assert_eq(np.add(forget(da.ones(3, chunks=2)), 1, out=known), np.full(3, 2.0), check_shape=False)
    assert rebind("sum", None, 5) == 5


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.sum(out=np.zeros(())), TypeError, "out= must be a chunked array, got ndarray"),
        (
            lambda x: x.sum(axis=0, out=da.zeros(3)),
            ValueError,
            r"out= has shape \(3,\), but the result of sum has \(\)",
        ),
        (
            lambda x: x.mean(out=da.zeros((), dtype=int)),
            TypeError,
            "the result of mean is float64, which can't be cast",
        ),
        (lambda x: np.cumsum(x, out=np.zeros(3)), TypeError, "out= must be a chunked array"),
        (lambda x: np.median(x, out=np.zeros(())), TypeError, "out= must be a chunked array"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))
