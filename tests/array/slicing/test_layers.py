import numpy as np

import minidask.array as da
from minidask.array.slicing.layers import (
    assign_part,
    pass_block,
    plan_take,
    take_from,
    take_slice,
    wanted_indices,
)
from minidask.array.testing import assert_eq


def test_small_parts_let_their_block_go():
    block = np.arange(100)
    assert take_slice(block, slice(0, 3)).base is None
    assert take_slice(block, slice(0, 90)).base is not None
    assert take_slice(np.str_("abc"), ()).dtype == np.dtype("U3")


def test_tasks_are_made_for_what_is_wanted_alone():
    x = da.ones((100, 100), chunks=10)[5:, ::2]
    layer = x._layer
    assert len(layer.lower([(x.name, 3, 3)])) == 1
    assert list(wanted_indices(layer, [(x.name, 3, 3), "other"])) == [(3, 3)]
    assert len(list(wanted_indices(layer, None))) == 100


def test_positions_from_several_blocks():
    blocks, plan = plan_take(np.array([5, 0, 5, 1]), (3, 3))
    assert blocks == [0, 1]
    assert take_from(0, plan, np.arange(3), np.arange(3, 6)).tolist() == [5, 0, 5, 1]
    masked = take_from(0, plan, np.ma.array([0, 1, 2], mask=[1, 0, 0]), np.ma.arange(3, 6))
    assert masked.mask.tolist() == [False, True, False, False]
    assert plan_take(np.zeros(0, int), (3,))[0] == [0]


def test_assigning_never_changes_the_block():
    block = np.zeros(3)
    assert assign_part(block, (slice(0, 1),), 5).tolist() == [5, 0, 0]
    assert block.tolist() == [0, 0, 0]
    assert pass_block(block) is block


def test_annotations_stay():
    import minidask

    with minidask.annotate(priority=3):
        x = da.ones((4, 4), chunks=2)[1:]
    assert x._layer.annotations == {"priority": 3}
    assert_eq(x, np.ones((3, 4)))


def test_what_is_taken_keeps_its_order_of_bytes():
    a = np.arange(24, dtype=">f8").reshape(4, 6)
    x = da.from_array(a, chunks=(2, 3))
    for index in [([3, 0], slice(None)), (slice(None), [5, 0, 2]), (0, 0), ([0, 3], [5, 1])]:
        assert_eq(x[index], a[index])
    assert_eq(x.vindex[[0, 3], [5, 1]], a[[0, 3], [5, 1]])
