"""What Python's syntax means on delayed objects."""

from __future__ import annotations

import math
import operator
import pickle

import numpy as np
import pandas as pd
import pytest

from minidask import compute, delayed
from minidask.delayed import Delayed
from minidask.delayed.operators import Operators

BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lshift,
    operator.rshift,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.lt,
    operator.le,
    operator.eq,
    operator.ne,
    operator.gt,
    operator.ge,
    divmod,
]
UNARY = [operator.neg, operator.pos, operator.invert, abs, round, math.trunc, math.floor, math.ceil]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
def test_binary_operators_on_either_side(op):
    x, y = delayed(13), delayed(3)
    expected = op(13, 3)
    for lazy in (op(x, y), op(x, 3), op(13, y)):
        assert isinstance(lazy, Delayed)
        assert lazy.compute(scheduler="sync") == expected


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.__name__)
def test_unary_operators(op):
    lazy = op(delayed(-5))
    assert isinstance(lazy, Delayed)
    assert lazy.compute(scheduler="sync") == op(-5)


def test_optional_operands():
    assert round(delayed(2.567), 1).compute() == 2.6
    assert pow(delayed(7), 2, 5).compute() == 4
    assert round(delayed(2.567), delayed(2)).compute() == 2.57


def test_operators_are_pure():
    x = delayed(3)
    assert (x + 1).key == (x + 1).key
    assert len({each.key for each in (x + 1, 1 + x, x - 1, x + 1.0, x + x, -x, abs(x), x == 1)}) == 8
    assert (x + 1).key.startswith("add-")


def test_augmented_assignment_binds_the_name_anew():
    x = y = delayed(1)
    x += 1
    x *= delayed(10)
    assert compute(x, y) == (20, 1)


def test_indexing_and_slicing_with_delayed_bounds():
    x, start = delayed(list(range(10))), delayed(2)
    assert x[3].compute() == 3
    assert x[start].compute() == 2
    assert x[start:].compute() == list(range(2, 10))
    assert x[start : start + 5 : delayed(2)].compute() == [2, 4, 6]
    assert x[-1:start:-3].compute() == [9, 6, 3]
    assert delayed({"a": {("b", 1): 5}})["a"]["b", 1].compute() == 5
    table = delayed(np.arange(12).reshape(3, 4))
    assert table[delayed(1), start:].compute().tolist() == [6, 7]
    assert x[start:].key == x[start:].key


def test_numpy_arrays_leave_operators_to_us():
    x, values = delayed(2), np.arange(3)
    for lazy, expected in [
        (values + x, [2, 3, 4]),
        (x + values, [2, 3, 4]),
        (values * x, [0, 2, 4]),
        (values == x, [False, False, True]),
        (np.eye(3, dtype=int) @ delayed(values), [0, 1, 2]),
        (np.int64(5) - x, 3),
    ]:
        assert isinstance(lazy, Delayed)
        assert np.asarray(lazy.compute()).tolist() == expected
    with pytest.raises(TypeError, match="DelayedLeaf"):
        np.sin(x)


def test_arrays_may_hold_delayed_objects():
    x = delayed(2)
    held = np.array([x, x], dtype=object)
    assert held.shape == (2,)
    assert held[0] is x


def test_pandas_objects_leave_operators_to_us():
    lazy = pd.Series([1, 2]) + delayed(1)
    assert isinstance(lazy, Delayed)
    assert lazy.compute().tolist() == [2, 3]
    assert (pd.DataFrame({"a": [1]}) * delayed(5)).compute()["a"].tolist() == [5]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (bool, r"the truth value of a DelayedLeaf isn't known .*call \.compute\(\) first"),
        (lambda x: 1 if x else 0, "the truth value"),
        (lambda x: x and 1, "the truth value"),
        (lambda x: 0 < x < 5, "the truth value"),
        (int, r"no value for int\(\) before it is computed: call \.compute\(\) first"),
        (float, r"no value for float\(\) .*\.compute\(\)"),
        (complex, r"no value for complex\(\) .*\.compute\(\)"),
        (range, r"no value for an index .*\.compute\(\)"),
        (lambda x: [1, 2][x], r"no value for an index .*\.compute\(\)"),
        (lambda x: 1 in x, r"whether something is in a DelayedLeaf .*\.compute\(\)"),
        (lambda x: operator.setitem(x, 0, 1), "can't be changed: you can't assign to its items"),
        (lambda x: operator.delitem(x, 0), "can't be changed: you can't delete its items"),
        (lambda x: operator.setitem(x, slice(1), 1), "inside a delayed function"),
        (list, r"can't be iterated over before it is computed.*nout"),
        (lambda x: [*x], "can't be iterated over"),
        (dict, "can't be iterated over|keys"),
        (len, "the length of a DelayedLeaf"),
        (reversed, "the length of a DelayedLeaf"),
        (sum, "can't be iterated over"),
        (next, "not an iterator"),
    ],
)
def test_what_can_t_be_lazy_says_what_to_do(use, message):
    with pytest.raises(TypeError, match=message):
        use(delayed(1))


def test_a_lazy_comparison_is_no_identity():
    x = delayed(1)
    y = pickle.loads(pickle.dumps(x))
    assert len({x, y, x}) == 2
    assert {x: 1}[x] == 1
    assert x in [x]
    assert isinstance(x == y, Delayed)


def test_format_and_str_show_the_object():
    x = delayed(1, name="x")
    assert f"{x}" == str(x) == repr(x)
    with pytest.raises(TypeError):
        f"{x:.2f}"


def test_a_class_must_say_how_it_operates():
    with pytest.raises(NotImplementedError, match=r"Plain must define _operate\(\)"):
        type("Plain", (Operators,), {})() + 1
