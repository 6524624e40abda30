import numpy as np

import minidask.array as da
from minidask.array.rechunked import join_pieces, overlaps


def test_one_task_a_block_and_none_where_nothing_changes():
    x = da.from_array(np.ones((100, 100)), chunks=(10, 100)).persist()
    assert len(x.rechunk((100, 10)).dask) == 20
    held = x.rechunk({0: (10, 10, 80)})
    assert held.dask[(held.name, 0, 0)].dependencies == ((x.name, 0, 0),)


def test_parts_of_the_plan():
    assert overlaps((0, 3), (1, 2)) == [[(1, slice(0, 1))], [(1, slice(1, 3))]]
    assert overlaps((3,), (3, 0)) == [[(0, slice(None))], [(0, slice(3, 3))]]
    joined = join_pieces(
        (2, 1), ((slice(None), slice(0, 1)), (slice(1), slice(1, 2))), np.zeros((1, 1)), np.ones((2, 2))
    )
    assert joined.tolist() == [[0], [1]]
