import numpy as np
import pytest

import minidask
import minidask.array as da
from minidask.array.conversions import Shapes, compute_chunk_sizes, to_dask_dataframe, to_delayed
from minidask.array.testing import assert_eq
from tests.array.arrays import forget


def test_blocks_as_delayed_values():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2) + 1
    for optimize_graph in (True, False):
        parts = to_delayed(x, optimize_graph)
        assert parts.shape == (2, 2)
        np.testing.assert_array_equal(parts[1, 0].compute(), a[2:, :2] + 1)
    assert minidask.compute(to_delayed(da.ones(())).item())[0] == 1


def test_chunk_sizes_are_learned():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    y = x[x > 4]
    z = y + 1
    assert compute_chunk_sizes(y) is y
    assert (y.shape, sum(y.chunks[0])) == ((7,), 7)
    assert np.isnan(z.shape[0])
    assert_eq(y[1:3], a[a > 4][1:3])
    rows = forget(x)
    rows.compute_chunk_sizes()
    assert rows.chunks == x.chunks
    assert compute_chunk_sizes(x) is x
    assert isinstance(Shapes(x._layer, x.chunks, x._meta), Shapes)


def test_blocks_of_a_row_must_agree():
    x = forget(da.ones((4, 4), chunks=2)).map_blocks(lambda b, block_id=None: b[: block_id[1] + 1], dtype=float)
    with pytest.raises(ValueError, match=r"blocks of row 0 along axis 0 have different lengths: \[1, 2\]"):
        x.compute_chunk_sizes()


def test_frames_and_series():
    pytest.importorskip("pandas")
    assert to_dask_dataframe(da.arange(4, chunks=2), columns="a").compute().tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="chunks along columns"):
        to_dask_dataframe(da.ones((4, 4), chunks=2))
