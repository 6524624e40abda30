import numpy as np
import pytest

from minidask.array.meta import as_block, is_numpy, meta_of, numpy_meta, with_dtype, with_ndim


def test_numpy_metas_are_shared_and_protected():
    meta = numpy_meta(np.dtype("f4"), 2)
    assert meta is numpy_meta(np.dtype("f4"), 2)
    assert meta.shape == (0, 0)
    with pytest.raises(ValueError, match="read-only"):
        numpy_meta(np.dtype("f4"), 0)[...] = 1


def test_metas_keep_the_type_of_blocks():
    masked = meta_of(np.ma.ones((3, 2)), 1, "i4")
    assert type(masked) is np.ma.MaskedArray
    assert (masked.ndim, masked.dtype) == (1, np.dtype("i4"))
    assert not is_numpy(masked)
    assert is_numpy(meta_of(np.float32(1)))
    assert meta_of(np.ndarray, 2, "f4").shape == (0, 0)
    assert meta_of([1, 2]).dtype == np.asarray([1]).dtype
    assert meta_of(np.ma.array(1.0), 1).ndim == 1


def test_a_meta_needs_a_dtype():
    with pytest.raises(ValueError, match="a meta needs a dtype"):
        meta_of(None, 2)


def test_changing_a_meta():
    meta = numpy_meta(np.dtype("f4"), 2)
    assert with_ndim(meta, 2) is meta
    assert with_ndim(meta, 0).shape == ()
    assert with_dtype(meta, "f4") is meta
    assert with_dtype(meta, "i8").dtype == np.int64


def test_blocks_are_arrays():
    assert as_block(np.str_("abc")).dtype == np.dtype("U3")
    assert as_block((1, 2)).shape == ()
    array = np.ones(2)
    assert as_block(array) is array
