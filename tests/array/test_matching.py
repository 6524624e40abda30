import operator

import numpy as np
import pytest

import minidask.array as da
from minidask.array.matching import Matching, is_in_doubt, matched
from minidask.array.testing import assert_eq

DATA = np.arange(6.0)


def selections():
    """Return arrays of blocks of (1, 3) and (3, 3) elements, of which both is unknown."""
    x = da.from_array(DATA, chunks=3)
    return x[x >= 2], x[x < 9]


@pytest.mark.parametrize(
    "combine",
    [
        operator.add,
        lambda u, v: da.where(u > 1, u, v),
        lambda u, v: da.map_blocks(np.add, u, v, dtype=float),
        lambda u, v: da.blockwise(np.add, "i", u, "i", v, "i", dtype=float),
        lambda u, v: (u * v).sum(),
        lambda u, v: u + da.from_array(DATA, chunks=3),
        lambda u, v: da.from_array(DATA, chunks=3) - u,
        lambda u, v: u[None] + v,
        lambda u, v: u + da.map_blocks(lambda block: block[:1], u, dtype=float),
    ],
)
def test_blocks_of_one_element_are_not_stretched(combine):
    u, v = selections()
    with pytest.raises(
        ValueError, match=r"have blocks of . and . elements along axis ., which are paired.*compute_chunk_sizes"
    ):
        combine(u, v).compute()


def test_blocks_that_match_are_combined():
    x = da.from_array(DATA, chunks=2)
    y = da.from_array(DATA * 10, chunks=2)
    mask = DATA % 3 == 0
    assert_eq(x[x % 3 == 0] + y[y % 30 == 0], DATA[mask] * 11)
    assert_eq((x[:, None] * y)[x > 2] + y[None], np.multiply.outer(DATA, DATA * 10)[DATA > 2] + DATA * 10)


def test_what_the_same_mask_selects_needs_no_check():
    x, y = da.from_array(DATA, chunks=2), da.from_array(DATA * 10, chunks=2)
    mask = x > 2
    made = x[mask] + y[mask] * x[mask]
    assert not any(name.startswith("matching") for name in made.dask.layers)
    assert_eq(made, (DATA + DATA * 10 * DATA)[DATA > 2])


def test_single_blocks_and_those_of_length_one_are_stretched_as_ever():
    x = da.from_array(DATA, chunks=6)
    assert_eq(x[x == 2] + x, DATA + 2)
    u, _ = selections()
    assert_eq(u + da.ones(1), DATA[2:] + 1)


def test_values_of_an_assignment_are_not_stretched():
    x = da.from_array(np.arange(12.0).reshape(3, 4), chunks=2)
    mask = x[0] > 1
    with pytest.raises(ValueError, match="which are paired and must be equal"):
        x[:, mask] += da.arange(2, chunks=1)
        x.compute()


def test_only_what_is_in_doubt_is_checked():
    nan = float("nan")
    assert is_in_doubt((nan, nan), (nan, nan))
    assert not is_in_doubt((nan,), (nan,))
    assert not is_in_doubt((2, 2), (1, 3))
    u, v = selections()
    assert matched([u, u + 1], ["i", "i"])[1].name == (u + 1).name
    assert isinstance(matched([u, v], ["i", "i"])[1]._layer.func, Matching)
