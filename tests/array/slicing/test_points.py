import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.slicing.points import plan_points, take_at, take_points
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs


@few
@given(pairs(EVERY_DTYPE, min_dims=1, min_side=1), st.data())
def test_vindex_takes_points(pair, data):
    a, x = pair
    shape = data.draw(st.sampled_from([(0,), (4,), (2, 3), (1, 2), ()]))
    axes = sorted(data.draw(st.permutations(range(a.ndim)))[: data.draw(st.integers(1, a.ndim))])
    index = [slice(None)] * a.ndim
    for axis in axes:
        size = int(np.prod(shape))
        index[axis] = np.array(
            data.draw(st.lists(st.integers(-a.shape[axis], a.shape[axis] - 1), min_size=size, max_size=size)), int
        ).reshape(shape)
    order = (*axes, *[at for at in range(a.ndim) if at not in axes])
    expected = a.transpose(order)[tuple(index[axis] for axis in axes)]
    assert_eq(x.vindex[tuple(index)], expected)


def test_blocks_have_no_more_points_than_the_inputs_positions():
    x = da.ones((100, 4), chunks=(10, 2))
    assert max(x.vindex[np.zeros(1000, int), np.zeros(1000, int)].chunks[0]) == 20


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((0, 0, 0), "too many indices"),
        (slice(None), "needs positions along at least one axis"),
        ((slice(0, 1), [0]), "takes whole axes"),
        (([0, 1], [0, 1, 2]), "shape mismatch: positions could not be broadcast"),
        (([True, False],), "takes positions, not booleans"),
        (([4],), "out of bounds"),
        ((da.ones(2, dtype=int),), "positions in memory"),
    ],
)
def test_bad_points(index, message):
    with pytest.raises(IndexError, match=message):
        da.ones((4, 3), chunks=2).vindex[index]


def test_other_axes_may_be_unknown():
    x = forget(da.from_array(np.arange(12).reshape(3, 4), chunks=2))
    assert_eq(x.vindex[:, [0, 3]], np.arange(12).reshape(3, 4)[:, [0, 3]].T, check_shape=False)


def test_parts():
    assert take_at(da.arange(3, chunks=1), {0: np.array([[2, 0]])}).compute().tolist() == [[2, 0]]
    blocks, plan = plan_points(np.zeros((1, 0), int), ((3,),))
    assert blocks == [(0,)]
    assert take_points((0,), plan, np.arange(3)).shape == (0,)
