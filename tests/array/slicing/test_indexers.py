import numpy as np
import pytest

import minidask.array as da
from minidask.array.slicing.indexers import BlockView
from minidask.array.testing import assert_eq

A = np.arange(35).reshape(5, 7)


def test_blocks_are_picked():
    x = da.from_array(A, chunks=(2, 3))
    assert_eq(x.blocks[0], A[:2])
    assert_eq(x.blocks[-1, 0], A[4:, :3])
    assert_eq(x.blocks[:, 1:], A[:, 3:])
    assert_eq(x.blocks[[2, 0], ::-1], np.concatenate([A[4:], A[:2]])[:, [6, 3, 4, 5, 0, 1, 2]])
    assert_eq(x.blocks[..., 2], A[:, 6:])
    assert_eq(x.blocks[[True, False, True]], A[[0, 1, 4]])
    assert_eq(x.partitions[1], A[2:4])
    assert x.blocks[:] is x


def test_the_view_is_a_grid():
    x = da.from_array(A, chunks=(2, 3))
    view = x.blocks
    assert isinstance(view, BlockView)
    assert (view.shape, view.size, len(view), len(view.ravel()), len(list(view))) == ((3, 3), 9, 3, 9, 3)
    assert_eq(view.ravel()[-1], A[4:, 6:])
    with pytest.raises(TypeError, match="unsized"):
        len(da.ones(()).blocks)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (5, "block index along axis 0, which has 3 blocks"),
        (None, "is no block"),
        ((0, 0, 0), "too many indices"),
        ((..., ...), "a single ellipsis"),
        (([0], [1]), "a list along one axis only"),
        (slice(0, 0), "picks no block"),
        (0.5, "block index along axis 0"),
    ],
)
def test_bad_indices(index, message):
    with pytest.raises(IndexError, match=message):
        da.from_array(A, chunks=(2, 3)).blocks[index]
