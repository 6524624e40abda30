import math
import sys

import numpy as np
import pytest

import minidask.array as da
from minidask.array.chunks import joined_sizes, length_of, starts_of
from minidask.array.normalize import normalize_chunks
from minidask.array.remembered import by_identity, remembered


def test_long_tuples_are_found_by_identity_and_by_value():
    calls = []

    @remembered
    def total(sizes, more=0):
        calls.append(len(sizes))
        return sum(sizes) + more

    sizes = (1,) * 100
    assert total(sizes) == total(sizes) == total((1,) * 100) == 100
    assert total(sizes, 1) == 101
    assert total((1, 2)) == total((1, 2)) == 3
    assert calls == [100, 100, 2]


def test_chunks_are_told_apart_by_their_axes():
    ends = remembered(lambda chunks: [sizes[-1] for sizes in chunks])
    one, other = (1,) * 50, (2,) * 50
    assert ends((one, other)) == [1, 2]
    assert ends((other, one)) == [2, 1]
    assert ends((one, other)) is ends((one, other))


def test_what_is_remembered_is_bounded():
    count = by_identity(len)
    for _ in range(1000):
        assert count((1,) * 40) == 40
    kept = next(cell.cell_contents for cell in count.__closure__ if isinstance(cell.cell_contents, dict))
    assert len(kept) <= 256


def test_unknown_sizes_are_new_ones_each_time():
    for number in (2, 100):
        sizes = (math.nan,) * number
        assert joined_sizes(sizes, sizes) is not joined_sizes(sizes, sizes)
        assert math.isnan(length_of(sizes))


def test_equal_sizes_of_other_types_stay_an_error():
    assert starts_of((1, 1)) == (0, 1, 2)
    for bad in ((True, 2), (True,) * 40):
        normalize_chunks(((1, 2),), (3,))
        with pytest.raises(TypeError, match="a chunk size must be an integer, got True"):
            normalize_chunks((bad,), (sum(bad),))


def put(x):
    y = x.copy()
    y[y > 0] = 2
    y[5:50] = 1
    return y


def steps_of(func):
    """Return how many steps the interpreter takes for a call."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        func()
    finally:
        sys.settrace(before)
    return count


OPERATIONS = {
    "arithmetic": lambda x, z: np.sin(x + x[::-1]) * 2,
    "slices": lambda x, z: (x[1:], x[5:-5], x[7], z[1:, 3], x[::-1]),
    "neighbours": lambda x, z: (da.diff(x, n=2), da.gradient(x), da.ediff1d(x), x[1:] - x[:-1]),
    "joins": lambda x, z: (
        da.concatenate([x, x]),
        da.stack([x, x]),
        da.insert(x, 5, 1.0),
        da.roll(x, 7),
        da.tile(x, 2),
    ),
    "shapes": lambda x, z: (
        x.reshape(-1, 10),
        z.ravel(),
        da.broadcast_to(x, (3, len(x))),
        x.rechunk(50),
        da.repeat(x, 2),
    ),
    "functions": lambda x, z: (x.map_blocks(np.cbrt), da.apply_gufunc(np.mean, "(i)->()", z, output_dtypes=float)),
    "overlap": lambda x, z: x.map_overlap(np.cbrt, depth=2, boundary="reflect", dtype=float),
    "pads": lambda x, z: (da.pad(x, 5), da.pad(x, 5, mode="edge"), da.pad(x, 5, mode="reflect")),
    "reductions": lambda x, z: (x.sum(), z.std(axis=0), x.argmax(), da.percentile(x, 50), da.histogram(x, 5, (0, 1))),
    "selections": lambda x, z: (x[x > 0], x[[1, 5, 3]], da.nonzero(x), da.coarsen(np.sum, x, {0: 10})),
    "products": lambda x, z: (z @ np.ones(4), x.dot(x), da.linalg.qr(z), da.cov(z.T)),
    "assignments": lambda x, z: put(x),
    "sources": lambda x, z: (
        da.ones_like(x),
        da.from_array(np.zeros(len(x)), chunks=100, name="zeros"),
        da.arange(len(x), chunks=100),
    ),
    "random": lambda x, z: da.random.default_rng(1).permutation(x),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_building_takes_no_step_for_each_block(name):
    build = OPERATIONS[name]
    steps = []
    for count in (100, 2000):
        x, z = da.ones(count * 100, chunks=100), da.ones((count * 10, 4), chunks=(10, 4))
        build(x, z)
        steps.append(steps_of(lambda x=x, z=z: build(x, z)))
    assert steps[1] < 1.3 * steps[0]
