import functools

import numpy as np

from minidask.array.naming import array_parts, func_part, literal_parts
from minidask.tokenize import tokenize

FACTOR = 2


def scaled(block):
    return block * FACTOR


def test_functions_that_can_be_imported_are_named_by_that():
    assert func_part(np.linspace) == ("numpy", "linspace")


def test_other_functions_are_told_apart():
    def lambdas(n):
        return [
            lambda block: np.sin(block),
            lambda block: np.cos(block),
            lambda block: block * n,
            lambda block, k=n: block * k,
        ]

    parts = {func_part(func) for n in (1, 2) for func in lambdas(n)}
    assert len(parts) == 6
    for func in (*lambdas(1), functools.partial(np.add, 1)):
        assert func_part(func) == func_part(func) == tokenize(func)


def test_functions_of_globals_follow_these():
    made = []
    for factor in (1, 2):
        space = {"FACTOR": factor}
        exec("def func(block): return block * FACTOR", space)
        made.append(func_part(space["func"]))
    assert made[0] != made[1]


def test_small_arrays_are_told_apart():
    arrays = [np.arange(4), np.arange(4.0), np.arange(4).reshape(2, 2), np.arange(4)[::-1], np.arange(4, dtype=">i8")]
    assert len({tokenize(*array_parts(array)) for array in arrays}) == 5
    assert array_parts(np.arange(4).reshape(2, 2).T) == array_parts(np.array([[0, 2], [1, 3]]))
    for other in (np.array(["a"]), np.zeros(10_000), np.ma.ones(2), np.array([None])):
        assert array_parts(other)[0] is other


def test_numbers_of_numpy_are_told_from_those_of_python():
    values = [1, 1.0, np.float64(1), np.float32(1), np.int64(1), np.bool_(True), True]
    assert len({tokenize(*literal_parts(value)) for value in values}) == 7
    assert literal_parts(np.datetime64("2020")) == (np.datetime64("2020"),)
