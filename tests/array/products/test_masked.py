import numpy as np
import pytest

import minidask.array as da
from minidask.array.products.masked import is_masked
from minidask.array.testing import assert_eq

DATA = np.arange(12.0).reshape(3, 4)
LEFT = np.ma.array(DATA, mask=DATA % 5 == 0)
RIGHT = np.ma.array(DATA.T + 1, mask=DATA.T < 4)


@pytest.mark.parametrize("chunks", [(3, 4), (2, 3), (1, 1)])
def test_masked_elements_count_as_nothing_whatever_the_chunks(chunks):
    x, y = da.from_array(LEFT, chunks=chunks), da.from_array(RIGHT, chunks=chunks[::-1])
    wanted = np.ma.dot(LEFT, RIGHT)
    assert wanted.mask.any()
    for made in (x.dot(y), x @ y, da.tensordot(x, y, 1), da.einsum("ij,jk->ik", x, y)):
        assert is_masked(made)
        assert_eq(made, wanted)


def test_one_masked_operand_is_enough():
    x = da.from_array(LEFT, chunks=2)
    assert_eq(x.dot(np.ones(4)), np.ma.dot(LEFT, np.ones(4)))
    assert_eq(da.vecdot(x, np.ones(4)), (LEFT * np.ones(4)).sum(axis=1))


def test_the_dtype_that_was_asked_for_stays():
    x = da.from_array(LEFT, chunks=2)
    assert_eq(da.matmul(x, RIGHT, dtype="c16"), np.ma.dot(LEFT, RIGHT).astype("c16"))
