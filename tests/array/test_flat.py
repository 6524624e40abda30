import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.flat import MIXED, FlatProgram, fits, flat_program, is_plain_ufunc, plan_reuse
from minidask.array.testing import assert_eq
from minidask.graph import ProgramBuilder
from tests.array.arrays import NUMBERS, few, pairs


@st.composite
def expressions(draw, depth=4):
    """A function of an array: ufuncs, views and other functions, with parts that are used twice."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["add", "multiply", "maximum", "negative", "T", "real", "where", "number", "broadcast"]
                ),
                st.integers(0, 6),
                st.integers(0, 6),
            ),
            min_size=1,
            max_size=8,
        )
    )

    def call(x):
        values = [x]
        for name, i, j in steps:
            one, other = values[i % len(values)], values[j % len(values)]
            if name == "T":
                made = one.T.T
            elif name == "real":
                made = one.real
            elif name == "where":
                made = np.where(one > other, one, other)
            elif name == "number":
                made = one * 2
            elif name == "negative":
                made = -one if one.dtype != bool else ~one
            elif name == "broadcast":
                made = np.broadcast_to(one, one.shape)
            else:
                made = getattr(np, name)(one, other)
            values.append(made)
        return values[-1]

    return call


@few
@given(pairs(NUMBERS, min_dims=1), expressions())
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:.*ordering comparisons:DeprecationWarning")
def test_values_are_those_of_fresh_memory(pair, expression):
    a, x = pair
    before = a.copy()
    assert_eq(expression(x), expression(a), rtol=1e-5)
    np.testing.assert_array_equal(expression(x).compute(), expression(a))
    np.testing.assert_array_equal(a, before)


def program_of(*steps):
    build = ProgramBuilder(1)
    value = 0
    for func, *others in steps:
        value = build.call(func, [value, *[0 if o == "x" else build.constant(o) for o in others]])
    return build.finish(value)


def test_memory_of_temporaries_is_used_again():
    flat = flat_program(program_of((np.multiply, 2), (np.add, 1), (np.multiply, "x"), (np.sqrt,)))
    assert [at >= 0 for at in flat.plan] == [False, True, True, True]
    a = np.arange(4.0)
    np.testing.assert_array_equal(flat(a), np.sqrt((a * 2 + 1) * a))
    copy = pickle.loads(pickle.dumps(flat))
    assert type(copy) is FlatProgram
    assert copy.plan == flat.plan
    with pytest.raises(TypeError, match="was called with 2 arguments"):
        flat(a, a)


def test_views_of_temporaries_keep_them():
    build = ProgramBuilder(1)
    doubled = build.call(np.multiply, [0, build.constant(2)])
    view = build.call(np.transpose, [doubled])
    more = build.call(np.add, [doubled, build.constant(1)])
    program = build.finish(build.call(np.subtract, [more, view]))
    assert plan_reuse(program)[2] < 0
    a = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(flat_program(program)(a), a * 2 + 1 - (a * 2).T)


def test_only_what_fits_is_written_into():
    spare = np.ones(3)
    assert fits(np.add, [spare, 1], spare)
    assert not fits(np.add, [np.ones((2, 3)), spare], spare)
    assert not fits(np.add, [spare, 1j], spare)
    assert not fits(np.less, [spare, 1], spare)
    assert not fits(np.add, [spare.astype(object), 1], spare.astype(object))
    assert not fits(np.add, [spare, 10**30], spare)
    assert not fits(np.add, [spare, "text"], spare)
    assert not fits(np.add, [1, 2], np.ones(()) if 0 else spare)
    assert not fits(np.bitwise_and, [spare, spare], spare)
    assert not fits(np.add, [spare, 1], np.ma.ones(3))
    assert is_plain_ufunc(np.add)
    assert not is_plain_ufunc(np.matmul)
    assert not is_plain_ufunc(np.modf)


def test_operands_in_several_orders():
    a = np.arange(12.0).reshape(3, 4)
    square = np.arange(9.0).reshape(3, 3)
    build = ProgramBuilder(2)
    flat = flat_program(build.finish(build.call(np.subtract, [0, 1])))
    assert flat.plan == (MIXED,)
    for one, other in [
        (square, square.T),
        (square.T, square),
        (square.T, square.T),
        (a, a[:1]),
        (square, 2.0),
        (a, a.astype("f4")),
    ]:
        np.testing.assert_array_equal(flat(one, other), one - other)
    np.testing.assert_array_equal(flat(square.astype(object), square.T.astype(object)), square - square.T)
    np.testing.assert_array_equal(flat(square.astype("i4"), square.T), square - square.T)
    assert square.tolist() == np.arange(9.0).reshape(3, 3).tolist()


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_what_blocks_are_made_of_stays_as_it_is(scheduler):
    # Blocks of one row or column lie in any order at once, so that putting them in one is no copy.
    a = np.arange(6.0).reshape(3, 2)
    for chunks in ((2, 2), (1, 1), (3, 1), (1, 2)):
        source = a.copy()
        x = da.from_array(source, chunks=chunks)
        held = (x * 1).persist(scheduler=scheduler)
        for one in (x, held):
            for expression in (
                lambda b: b.T - b.T.mean(1, keepdims=True),
                lambda b: b[:2] + b[:2].T,
                lambda b: (b * 2).T[:1].T - b[:, :1],
                lambda b: b[:, :1] + np.full_like(b[:, :1], 3, order="F"),
            ):
                np.testing.assert_array_equal(expression(one).compute(scheduler=scheduler), expression(a))
                np.testing.assert_array_equal(source, a)
        np.testing.assert_array_equal(held.compute(scheduler=scheduler), a)


def test_sources_that_must_not_be_written(tmp_path):
    a = np.arange(4.0).reshape(1, 4)
    on_disk = np.memmap(tmp_path / "a", float, "w+", shape=a.shape)
    on_disk[:] = a
    fixed = a.copy()
    fixed.flags.writeable = False
    for source in (on_disk, fixed):
        x = da.from_array(source, chunks=(1, 2))
        np.testing.assert_array_equal((x.T + np.ones((4, 1))).compute(), a.T + 1)
        np.testing.assert_array_equal(source, a)


def test_errors_say_which_step():
    flat = flat_program(program_of((np.multiply, 2), (np.bitwise_and, 1)))
    with pytest.raises(TypeError, match="bitwise_and") as error:
        flat(np.ones(2))
    assert "In step 2 of 2: bitwise_and" in error.value.__notes__[0]


@pytest.mark.parametrize("name", ["negative", "isfinite", "absolute", "sqrt"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_blocks_that_are_columns_are_right(name, dtype):
    # NumPy writes wrong values into some columns: 4 and 8 elements apart are among them.
    for width in (2, 4, 8):
        a = np.arange(1, 9 * width + 1).reshape(9, width).astype(dtype)
        expected = getattr(np, name)(a)
        made = getattr(da, name)(da.from_array(a, chunks=(9, 1))).compute(scheduler="sync")
        np.testing.assert_array_equal(made, expected)
