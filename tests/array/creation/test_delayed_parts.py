import pickle

import numpy as np
import pytest

import minidask.array as da
from minidask.array.creation.delayed_parts import Called, checked_block, from_delayed, from_func
from minidask.array.testing import assert_eq
from minidask.delayed import delayed


def test_delayed_values_become_blocks():
    parts = [from_delayed(delayed(np.full)(3, n), (3,), dtype=int) for n in range(4)]
    assert_eq(da.stack(parts), np.repeat(np.arange(4), 3).reshape(4, 3))
    assert_eq(from_delayed(delayed(np.ones)((2, 3)), (2, 3), meta=np.empty((0, 0))) + 1, np.full((2, 3), 2.0))
    assert from_delayed(delayed(1), (), dtype=int, name="mine").name == "mine"
    assert_eq(from_delayed(delayed(np.ones)(3), (np.nan,), dtype=float), np.ones(3), check_shape=False)


def test_functions_are_called_once_a_block():
    x = from_func(np.arange, (3,), dtype=int, args=(3,))
    assert_eq(x, np.arange(3))
    assert x.name == from_func(np.arange, 3, dtype=int, args=(3,)).name
    assert pickle.loads(pickle.dumps(Called(np.ones, (2,), {}, np.dtype(float))))(((0, 2),)).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: from_delayed(5, (), dtype=int), TypeError, "takes a delayed value or a future, got int"),
        (lambda: from_delayed(delayed(5), ()), ValueError, "give its dtype=, or meta="),
        (lambda: from_func(5, (3,), dtype=int), TypeError, "from_func needs a function"),
        (lambda: from_func(np.ones, (3,)), ValueError, "a meta needs a dtype"),
        (
            lambda: from_delayed(delayed(np.ones)(3), (2,), dtype=float).compute(),
            ValueError,
            r"declared with shape \(2,\)",
        ),
        (lambda: from_func(np.ones, (3,), dtype=float, args=(2,)).compute(), ValueError, r"but has \(2,\)"),
        (lambda: checked_block(5, (1,), np.dtype(int)), ValueError, r"but has \(\)"),
        (
            lambda: from_delayed(delayed(np.ones)(3), (3,), dtype=int).compute(),
            TypeError,
            "from_delayed returned a block of dtype float64 where int64 was declared: correct dtype= or meta=",
        ),
        (lambda: from_func(np.ones, (3,), dtype="i4", args=(3,)).compute(), TypeError, "from_func"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
