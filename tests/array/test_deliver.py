import numpy as np

import minidask.array as da
from minidask.array.deliver import AllDelivered, Deliver, Handed, together


def test_blocks_are_put_in_their_place_or_handed_over():
    out = np.zeros((4, 2))
    deliver = Deliver(out)
    bounds = ((2, 4), (0, 2))
    assert deliver(np.ones((2, 2)), bounds) == bounds
    assert out.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]
    place = deliver.place(bounds)
    place[...] = 5
    assert deliver(place, bounds) == bounds
    for other in (np.ones((2, 2), "f4"), np.ones((2, 1)), np.ma.ones((2, 2)), np.float64(1)):
        assert isinstance(deliver(other, bounds), Handed)
    assert out.sum() == 20
    assert deliver.short_name == "deliver"


def test_one_task_waits_for_all():
    layer = da.ones((4, 2), chunks=2)._layer
    tasks = AllDelivered("all", layer).lower()
    assert list(tasks) == [("all",)]
    assert tasks[("all",)].dependencies == tuple((layer.name, at, 0) for at in range(2))
    handed = Handed(np.ones(1), ((0, 1),))
    assert together((2,), handed, ((1, 2),)) == ((2,), (handed, ((1, 2),)))
