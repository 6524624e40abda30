from __future__ import annotations

import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array import planned as module
from minidask.array.planned import is_fixed, planned, planned_change
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs, raising, sample

# {name: (ours, NumPy's)}: operations of many layers, of one operand and of two.
ONE = {
    "roll": (lambda x: da.roll(x, 3), lambda a: np.roll(a, 3)),
    "insert": (lambda x: da.insert(x, 1, 7, axis=0), lambda a: np.insert(a, 1, 7, axis=0)),
    "pad": (lambda x: da.pad(x, 2, mode="edge"), lambda a: np.pad(a, 2, mode="edge")),
    "percentile": (lambda x: da.percentile(x, [5, 50]), lambda a: np.percentile(a, [5, 50])),
    "histogram": (lambda x: da.histogram(x, bins=4)[0], lambda a: np.histogram(a, bins=4)[0]),
    "reshape": (lambda x: da.reshape(x, (-1, 1)), lambda a: a.reshape(-1, 1)),
    "itself": (lambda x: da.broadcast_to(x, x.shape), lambda a: a),
}
TWO = {
    "stack": (lambda x, y: da.stack([x, y], axis=-1), lambda a, b: np.stack([a, b], axis=-1)),
    "concatenate": (lambda x, y: da.concatenate([x, y, x]), lambda a, b: np.concatenate([a, b, a])),
    "cov": (lambda x, y: da.cov(x.ravel(), y.ravel()), lambda a, b: np.cov(a.ravel(), b.ravel())),
    "tensordot": (lambda x, y: da.tensordot(x, y, x.ndim), lambda a, b: np.tensordot(a, b, a.ndim)),
    "putmask": (lambda x, y: masked(da, x.copy(), y), lambda a, b: masked(np, a.copy(), b)),
}


def masked(np_or_da, x, y):
    np_or_da.putmask(x, y > 0, y)
    return x


@few
@given(pair=pairs(dtypes=["f8", "i4"], min_dims=1, min_side=2), name=st.sampled_from([*ONE, *TWO]))
def test_operands_take_the_places_of_others(pair, name):
    a, x = pair
    y, b = da.from_array(a[::-1] * 2 + 1, chunks=x.chunks), a[::-1] * 2 + 1
    if name in ONE:
        ours, numpys = ONE[name]
        assert_eq(ours(x), numpys(a))
        assert_eq(ours(y), numpys(b))
        return
    ours, numpys = TWO[name]
    for left, right, one, other in ((x, y, a, b), (y, x, b, a), (x, x, a, a), (y, y, b, b)):
        assert_eq(ours(left, right), numpys(one, other))


def vectors(count=2, chunks=3):
    return [da.from_array(sample((10,), seed=seed), chunks=chunks) for seed in range(count)]


def test_names_say_what_is_computed_whoever_made_the_plan():
    x, y = vectors()
    calls = [
        lambda: da.roll(x, 3),
        lambda: da.roll(y, 3),
        lambda: da.roll(x, 4),
        lambda: da.roll(x.rechunk(5), 3),
        lambda: da.roll(x.astype("f4"), 3),
        lambda: da.stack([x, y]),
        lambda: da.stack([y, x]),
        lambda: da.stack([x, x]),
        lambda: da.insert(x, 1, 0.0),
        lambda: da.insert(x, 1, -0.0),
        lambda: da.roll(da.roll(x, 3), 3),
    ]
    names = [call().name for call in calls]
    assert len(set(names)) == len(names)
    module._plans.clear()
    assert [call().name for call in reversed(calls)] == names[::-1]


def test_an_operation_has_one_name_by_itself_and_inside_of_another():
    x, _ = vectors()
    inside = planned(lambda x: da.roll(x, 3) + 1)(x)
    assert da.roll(x, 3).name in inside.dask.layers
    both = {**da.stats.skew(x).dask.layers, **da.stats.kurtosis(x).dask.layers}
    assert len(both) < len(da.stats.skew(x).dask.layers) + len(da.stats.kurtosis(x).dask.layers) - 1


def test_values_of_other_types_and_signs_are_told_apart():
    x, _ = vectors()
    seen = []
    operation = planned(lambda x, value: seen.append(value) or x * value)
    values = [1, 1.0, True, np.int64(1), np.float32(1), 0.0, -0.0, 0, False, 1 + 0j, np.array(1), np.array([1])]
    for value in values:
        operation(x, value)
        operation(x, value)
    assert len(seen) == len(values)


def test_what_changes_later_is_copied():
    x, y = vectors()
    edges, where = np.array([-2.0, 0.0, 2.0]), [1, 2]
    first = da.histogram(x, edges)
    da.insert(x, where, 0.0)
    first[1][:] = 5
    edges[:] = 7
    where[:] = [9, 9]
    counts, found = da.histogram(y, np.array([-2.0, 0.0, 2.0]))
    assert found.tolist() == [-2.0, 0.0, 2.0]
    assert_eq(counts, np.histogram(y.compute(), [-2.0, 0.0, 2.0])[0])
    assert_eq(da.insert(y, [1, 2], 0.0), np.insert(y.compute(), [1, 2], 0.0))


SCALE = 2


def scaled(block):
    return block * SCALE


def test_functions_whose_globals_may_change_are_asked_each_time(monkeypatch):
    x, _ = vectors()
    twice = da.map_overlap(scaled, x, depth=1, boundary="none", dtype=float)
    monkeypatch.setitem(scaled.__globals__, "SCALE", 3)
    thrice = da.map_overlap(scaled, x, depth=1, boundary="none", dtype=float)
    assert_eq(thrice, x.compute() * 3)
    assert not is_fixed(scaled)
    assert all(map(is_fixed, (np.mean, len, lambda block: np.sqrt(block))))
    held = 3
    assert not is_fixed(lambda block: block + held)
    assert twice.shape == thrice.shape


def test_lambdas_are_told_apart_by_their_code():
    x, y = vectors()
    before = len(module._plans)
    for each in (x, y, x + 1):
        assert_eq(da.map_overlap(lambda block: block * 2, each, depth=1, boundary="none"), each.compute() * 2)
        assert_eq(da.map_overlap(lambda block, by=3: block * by, each, depth=1, boundary="none"), each.compute() * 3)
    assert len(module._plans) == before + 2


def test_closures_are_called_as_they_are():
    x, _ = vectors()
    for by in (2, np.arange(3)[2:]):
        assert_eq(da.map_overlap(lambda block, by=by: block * by, x, depth=1, boundary="none"), x.compute() * by)


def test_annotations_and_settings_are_those_of_the_call():
    x, _ = vectors()
    plain = da.roll(x, 3)
    with minidask.annotate(priority=7):
        marked = da.roll(x, 3)
    again = da.roll(x, 3)
    assert marked._layer.annotations == {"priority": 7}
    assert plain._layer.annotations is again._layer.annotations is None
    made = []
    with minidask.config.set(array_plugins=[made.append]):
        da.roll(x, 3)
    assert made
    automatic = planned(lambda x: x.rechunk("auto"))
    numbers = []
    for size in ("16 B", "80 B", "16 B"):
        with minidask.config.set({"array.chunk-size": size}):
            numbers.append(automatic(x).npartitions)
    assert numbers == [5, 1, 5]


def test_warnings_are_given_each_time():
    x = da.zeros(20_000, chunks=1)
    for _ in range(2):
        with pytest.warns(da.PerformanceWarning, match="chunk explosion"):
            da.searchsorted(x, da.zeros(20, chunks=1))


def test_errors_are_those_of_the_arguments():
    x, _ = vectors()
    for _ in range(2):
        with pytest.raises(np.exceptions.AxisError):
            da.roll(x, 1, axis=3)
        with pytest.raises(TypeError):
            da.roll(x, "a")


def test_unknown_sizes_are_new_ones_each_time():
    x, y = vectors(chunks=5)
    one, other = da.concatenate([x[x > 0], y]), da.concatenate([x[x > 0], y])
    assert one.chunks[0] is not other.chunks[0]
    a, b = x.compute(), y.compute()
    assert_eq(one, np.concatenate([a[a > 0], b]))
    assert_eq(da.union1d(x, y), np.union1d(a, b))
    assert_eq(da.union1d(y, x + 1), np.union1d(b, a + 1))


def test_other_kinds_of_blocks_stay_what_they_are():
    x, y = vectors()
    for each in (x, y):
        found = da.roll(da.ma.masked_greater(each, 0), 2)
        assert isinstance(found._meta, np.ma.MaskedArray)
        assert_eq(found, np.roll(np.ma.masked_greater(each.compute(), 0), 2))


def test_given_names_are_kept():
    x, y = vectors()
    for each in (x, y):
        assert da.map_blocks(np.sqrt, each, dtype=float, name=f"mine-{'0' * 31}{each.shape[0] % 10}").name.startswith(
            "mine-000"
        )
    assert da.map_blocks(np.sqrt, x, dtype=float, token="mine").name.startswith("mine-")


def test_results_are_lazy_and_travel():
    x, _ = vectors()
    with minidask.config.set(scheduler=raising):
        found = da.cov(x, x + 1)
    assert_eq(pickle.loads(pickle.dumps(found)), np.cov(x.compute(), x.compute() + 1))


def test_names_of_layers_that_are_no_inputs_follow():
    for seed in range(2):
        a = sample((40, 3), seed=seed)
        q, r = da.linalg.qr(da.from_array(a, chunks=(5, 3)))
        found, triangle = minidask.compute(q, r)
        np.testing.assert_allclose(found @ triangle, a, atol=1e-12)


def test_plans_hold_no_data_and_are_few():
    x = da.from_array(np.ones(10), chunks=3)
    layer = weakref.ref(x._layer)
    found = da.roll(x, 3)
    del x, found
    gc.collect()
    assert layer() is None
    x = da.ones(10, chunks=3)
    for number in range(module._MOST + 10):
        da.roll(x, number)
    assert len(module._plans) <= module._MOST
    # Nor do they hold sizes of ever more blocks.
    before = len(module._plans)
    for _ in range(6):
        da.roll(da.ones(100_000, chunks=((1,) * 100_000,)), 3)
    assert len(module._plans) < before
    assert sum(map(len, module._held.values())) <= module._MOST_BLOCKS


def test_changes_in_place_leave_older_arrays_alone():
    for x in vectors():
        older, a = x + 0, x.compute()
        da.put(x, [1, 2], [5, 6])
        b = a.copy()
        np.put(b, [1, 2], [5, 6])
        assert_eq(x, b)
        assert_eq(older, a)
    with pytest.raises(TypeError, match="put of lazy values changes a chunked array"):
        da.put(np.zeros(3), 1, da.ones(1))
    change = planned_change(lambda x: None)
    x, _ = vectors()
    name = x.name
    assert change(x) is None
    assert x.name == name


def test_results_of_every_kind_come_back():
    x, y = vectors()
    operation = planned(lambda x: [x, (x + 1, None, "text", 3, np.float32(2)), da.linalg.qr(x[:, None])])
    for each in (x, y):
        itself, (more, none, text, number, small), factors = operation(each)
        assert itself is each
        assert (none, text, number, small, type(small)) == (None, "text", 3, 2, np.float32)
        assert_eq(more, each.compute() + 1)
        assert type(factors).__name__ == "QR"
    # Nothing is known of other objects.
    other = planned(lambda x: {"x": x})
    assert other(x)["x"] is x


def test_arguments_by_place_and_by_name_are_told_apart():
    x, _ = vectors()
    operation = planned(lambda x, *args, **kwargs: x + len(args))
    assert_eq(operation(x, by=1), x.compute())
    assert_eq(operation(x, "by", 1), x.compute() + 2)


def test_fill_values_are_told_apart_to_the_last_bit():
    fills = planned(lambda x: x.map_blocks(np.ma.getdata, dtype=x.dtype) + float(x._meta.fill_value))
    found = []
    for fill in (0.1234567890123, 0.1234567890124):
        masked = np.ma.array([0.0, 0.0], mask=[False, True], fill_value=fill)
        found.append(fills(da.from_array(masked, chunks=1)).compute()[0])
    assert found == [0.1234567890123, 0.1234567890124]


def test_arrays_of_one_layer_may_differ_in_chunks():
    x, _ = vectors()
    other = module.another(x)
    other._chunks, other._shape = ((np.nan,) * 4,), None
    operation = planned(lambda x, y: (x + 1, y + 1))
    operation(x, module.another(x))
    assert all(size != size for size in operation(x, other)[1].chunks[0])


def test_sizes_known_in_part_are_new_ones_each_time():
    x, y = vectors(chunks=5)
    one, other = (da.concatenate([y, x[x > bound]]) for bound in (0, 1))
    assert_eq(da.concatenate([one, one]), np.concatenate([one.compute()] * 2))
    assert one.chunks[0] is not other.chunks[0]
    with pytest.raises(ValueError, match="weren't known before computing have blocks of"):
        (one + other).compute()


def test_lazy_ends_of_slices_are_not_held():
    x, _ = vectors()
    seen = []
    operation = planned(lambda x, part: seen.append(part) or x + 1)
    for stop in (da.ones((), dtype=int), da.zeros((), dtype=int)):
        operation(x, slice(0, stop))
    assert len(seen) == 2


def helper(block):
    return block


def by_helper(block):
    return helper(block)


def test_functions_that_call_others_of_ones_own_are_asked_each_time(monkeypatch):
    assert not is_fixed(by_helper)
    x, _ = vectors()
    assert da.map_blocks(by_helper, x).dtype == float
    monkeypatch.setitem(by_helper.__globals__, "helper", lambda block: block.astype("f4"))
    assert da.map_blocks(by_helper, x).dtype == np.dtype("f4")


def test_metadata_of_dtypes_is_that_of_the_call():
    operation = planned(lambda x: x.rechunk(2) + x.rechunk(5)[::-1] if x.dtype.metadata else x.rechunk(2))
    plain = da.from_array(np.ones(4), chunks=2)
    noted = da.from_array(np.ones(4, np.dtype("f8", metadata={"unit": "m"})), chunks=2)
    assert_eq(operation(plain), np.ones(4))
    if noted.dtype.metadata:
        assert_eq(operation(noted), np.full(4, 2.0))
