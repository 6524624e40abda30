import numpy as np
import pytest
import sparse

import minidask.array as da
from minidask import config
from minidask.array.chunk_types import defers_to, is_wrapper, register_chunk_type
from minidask.array.testing import assert_values, dense
from tests.array.arrays import raising, sample


def test_who_wraps_arrays():
    class Mine:
        def __array_ufunc__(self, *args, **kwargs):
            return "mine"

    assert not any(map(defers_to, [1, "text", np.ones(1), np.float32(1), np.ma.ones(1), da.ones(1), [1], None]))
    assert is_wrapper(Mine)
    assert da.ones(1).__add__(Mine()) is NotImplemented
    register_chunk_type(Mine)
    assert not is_wrapper(Mine)
    with pytest.raises(TypeError, match="takes a type, got"):
        register_chunk_type(5)


class Tagged(np.ndarray):
    """A subclass of NumPy's arrays that carries something."""

    def __array_finalize__(self, other):
        self.tag = getattr(other, "tag", None)


def tagged(shape):
    out = sample(shape, "f8", 3).view(Tagged)
    out.tag = "mine"
    return out


def scattered(shape):
    return sparse.random(shape, density=0.3, random_state=np.random.default_rng(1))


def masked(shape):
    return np.ma.masked_array(sample(shape, "f8", 3), mask=sample(shape, "?", 4))


WORK = {
    "plus": lambda x: x + 1,
    "times": lambda x: x * x,
    "ufunc": lambda x: np.sin(x),
    "sum": lambda x: x.sum(axis=0),
    "mean": lambda x: x.mean(axis=1),
    "max": lambda x: x.max(axis=0),
    "std": lambda x: x.std(axis=0),
    "any": lambda x: (x > 1).any(axis=0),
    "transpose": lambda x: x.T,
    "slice": lambda x: x[1:, ::2],
    "positions": lambda x: x[[0, 2]],
    "reshape": lambda x: x.reshape(-1),
    "astype": lambda x: x.astype("f4"),
    "clip": lambda x: np.clip(x, 0, 1),
}


# Sparse arrays compile what they do when they do it first.
@pytest.mark.slow
@pytest.mark.parametrize("make", [scattered, masked, tagged])
@pytest.mark.parametrize("name", WORK)
def test_work_keeps_the_type_of_blocks(make, name):
    a = make((6, 5))
    x = da.from_array(a, chunks=(2, 3), asarray=False)
    assert type(x._meta) is type(a)
    with config.set(scheduler=raising):
        found = WORK[name](x)
    expected = WORK[name](a)
    assert type(found._meta) is type(a)
    value = found.compute(scheduler="sync")
    assert type(value) is type(expected) is type(a)
    assert_values(dense(value), dense(expected))
    if make is tagged and name != "clip":
        assert value.tag == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("make", [scattered, masked])
def test_joining_keeps_the_type_of_blocks(make):
    a, b = make((4, 3)), make((2, 3))
    join = np.ma.concatenate if make is masked else np.concatenate
    x, y = da.from_array(a, chunks=2, asarray=False), da.from_array(b, chunks=2, asarray=False)
    found = da.concatenate([x, y])
    assert type(found._meta) is type(a)
    assert_values(dense(found.compute()), dense(join([a, b])))
    rechunked = found.rechunk((6, 1)).compute()
    assert type(rechunked) is type(a)
    assert_values(dense(rechunked), dense(join([a, b])))


@pytest.mark.slow
def test_blocks_become_sparse_and_are_multiplied():
    # Mostly zeros in four dimensions, contracted over two of them.
    a = np.where(sample((4, 5, 6, 7), "f8", 1) > 2, sample((4, 5, 6, 7), "f8", 2), 0)
    x = da.from_array(a, chunks=(2, 5, 3, 4))
    s = x.map_blocks(sparse.COO)
    assert isinstance(s._meta, sparse.COO)
    product = da.tensordot(s, s, axes=((2, 3), (2, 3)))
    found = product.compute()
    assert isinstance(found, sparse.COO)
    np.testing.assert_allclose(found.todense(), np.tensordot(a, a, axes=((2, 3), (2, 3))))
    total = s.sum(axis=(0, 1)).map_blocks(sparse.COO.todense, dtype=float, meta=np.empty((0, 0)))
    np.testing.assert_allclose(total.compute(), a.sum(axis=(0, 1)))
    elementwise = (s * 2 + s).map_blocks(sparse.COO.todense, dtype=float, meta=np.empty((0,) * 4))
    np.testing.assert_allclose(elementwise.compute(), a * 3)
