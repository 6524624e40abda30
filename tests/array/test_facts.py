import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array import facts
from tests.array.arrays import raising


def test_what_is_known_without_computing():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1, dtype="f4")
        assert np.shape(x) == facts.shape(x) == (2, 3)
        assert np.ndim(x) == facts.ndim([[1]]) == 2
        assert (np.size(x), np.size(x, 0), facts.size([1, 2])) == (6, 2, 2)
        assert np.result_type(x, 1j) == np.complex64
        assert np.can_cast(x, "f8")
        assert not np.can_cast(x, int)
        assert facts.can_cast("i4", "i8")
        assert not np.iscomplexobj(x)
        assert np.iscomplexobj(x + 1j)
        assert facts.iscomplexobj(1j)
        assert np.isrealobj(x)
        assert not np.shares_memory(x, x)
        assert not facts.isscalar(x[0, 0])
    assert facts.shape([1]) == (1,)
    with pytest.raises(np.exceptions.DTypePromotionError):
        np.result_type(x, "M8[s]")


def test_types_in_common():
    x = da.ones(3, dtype="f4", chunks=2)
    assert np.common_type(x, np.ones(2, int)) is np.float64
    assert np.min_scalar_type(x) == np.float32
    assert da.min_scalar_type(3) == np.uint8


def test_printing_computes_nothing():
    x = da.ones(3, chunks=2)
    assert np.array_repr(x) == np.array_str(x) == np.array2string(x) == repr(x)
    assert da.array_repr(np.arange(2)) == "array([0, 1])"


def test_orders_of_einsum():
    shapes = [(2, 3), (3, 40), (40, 5)]
    made = np.einsum_path("ij,jk,kl->il", *[da.ones(shape) for shape in shapes])
    assert made == np.einsum_path("ij,jk,kl->il", *[np.ones(shape) for shape in shapes])


def test_lists_of_arrays():
    x = da.ones((2, 3), chunks=1)
    with config.set(scheduler=raising):
        assert da.shape([x, x]) == (2, 2, 3)
        assert da.ndim([x, x]) == 3
        assert da.size([x, x]) == 12
        assert da.size([x, x], 0) == 2
        assert not da.iscomplexobj([x, x])
        assert da.min_scalar_type([x, x]) == "f8"
