"""Each operation that is built by a plan, built without one as well: both must be the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array import planned as module
from minidask.array.bits import packbits, unpackbits
from minidask.array.collection import ArrayBase, another
from minidask.array.linalg.tall import sfqr
from minidask.array.ma.masking import call_masked
from minidask.array.overlap.trimming import trim_internal
from tests.array.arrays import chunkings, outcome, sample

WHOLE = {0: -1, 1: -1}


def changed(function: str, x: Any, *args: Any) -> Any:
    own = another(x)
    getattr(da, function)(own, *args)
    return own


def doubled(block: Any) -> Any:
    return block * 2


def positive(x: Any) -> Any:
    return x @ x.T + 9 * da.eye(x.shape[0], chunks=x.chunks[0][0])


# {where it is: {operation: a call with two square matrices of one chunking, and a vector}}; shapes that don't fit raise.
CALLS: dict[str, dict[str, Any]] = {
    "overlap/windows": {"sliding_window_view": lambda x, y, v: da.lib.stride_tricks.sliding_window_view(x, 2, axis=1)},
    "overlap/borders": {"overlap": lambda x, y, v: da.overlap.overlap(x, 1, "reflect")},
    "overlap/mapped": {"map_overlap": lambda x, y, v: da.map_overlap(np.add, x, y, depth=1, boundary="none")},
    "overlap/trimming": {
        "trim_internal": lambda x, y, v: trim_internal(x, {0: 1}),
        "trim_overlap": lambda x, y, v: da.overlap.trim_overlap(x, 1, "reflect"),
    },
    "piecewise": {"piecewise": lambda x, y, v: da.piecewise(x, [x > y], [np.negative, 2])},
    "sorting": {
        "sort": lambda x, y, v: da.sort(x, axis=0),
        "argsort": lambda x, y, v: da.argsort(x),
        "partition": lambda x, y, v: da.partition(x, 1),
        "argpartition": lambda x, y, v: da.sort(da.argpartition(x, 1)),
        "lexsort": lambda x, y, v: da.lexsort([x, y]),
        "take_along_axis": lambda x, y, v: da.take_along_axis(x, da.argsort(y), 1),
    },
    "placing": {
        "put": lambda x, y, v: changed("put", x, [0, 3], 7),
        "place": lambda x, y, v: changed("place", x, y > 0, [1, 2]),
        "putmask": lambda x, y, v: changed("putmask", x, y > 0, y),
        "put_along_axis": lambda x, y, v: changed("put_along_axis", x, np.array([[1]]), 5, 1),
        "fill_diagonal": lambda x, y, v: changed("fill_diagonal", x, 3),
    },
    "stats/means": {
        "ttest_1samp": lambda x, y, v: da.stats.ttest_1samp(x, 0.5),
        "ttest_ind": lambda x, y, v: da.stats.ttest_ind(x, y),
        "ttest_rel": lambda x, y, v: da.stats.ttest_rel(x, y),
        "f_oneway": lambda x, y, v: da.stats.f_oneway(v, v + 1),
    },
    "stats/shapes": {
        "moment": lambda x, y, v: da.stats.moment(x, 3),
        "skew": lambda x, y, v: da.stats.skew(x),
        "kurtosis": lambda x, y, v: da.stats.kurtosis(x, axis=1),
    },
    "stats/frequencies": {
        "power_divergence": lambda x, y, v: da.stats.power_divergence(abs(x) + 1, lambda_=2 / 3),
        "chisquare": lambda x, y, v: da.stats.chisquare(abs(x) + 1),
    },
    "stats/normality": {
        "skewtest": lambda x, y, v: da.stats.skewtest(da.tile(v, 9)),
        "kurtosistest": lambda x, y, v: da.stats.kurtosistest(da.tile(v, 9)),
        "normaltest": lambda x, y, v: da.stats.normaltest(da.tile(v, 9)),
    },
    "shaping": {"broadcast_to": lambda x, y, v: da.broadcast_to(x, (2, *x.shape))},
    "statistics/central": {"moment": lambda x, y, v: da.moment(x, 2, axis=0)},
    "statistics/coarse": {"coarsen": lambda x, y, v: da.coarsen(np.sum, x, {0: 2}, trim_excess=True)},
    "statistics/counting": {"bincount": lambda x, y, v: da.bincount(abs(x.ravel()).astype("i8"), abs(y.ravel()))},
    "statistics/quantiles": {
        "median": lambda x, y, v: da.median(x, axis=0),
        "nanmedian": lambda x, y, v: da.nanmedian(x),
        "quantile": lambda x, y, v: da.quantile(x, 0.25, axis=1),
        "nanquantile": lambda x, y, v: da.nanquantile(x, [0.25, 0.5]),
        "_percentile": lambda x, y, v: np.percentile(x, 30, axis=0),
        "_nanpercentile": lambda x, y, v: np.nanpercentile(x, [30, 40]),
    },
    "statistics/histograms": {
        "histogram": lambda x, y, v: da.histogram(x, bins=3, weights=y, density=True),
        "histogram_bin_edges": lambda x, y, v: da.histogram_bin_edges(x, bins=3),
        "histogramdd": lambda x, y, v: da.histogramdd((x[0], y[0]), bins=(2, 3)),
        "histogram2d": lambda x, y, v: da.histogram2d(x[0], y[0], bins=3, range=[(0, 3), (1, 4)]),
        "digitize": lambda x, y, v: da.digitize(x, [1, 3]),
    },
    "statistics/relations": {
        "cov": lambda x, y, v: da.cov(x, y),
        "corrcoef": lambda x, y, v: da.corrcoef(x, y, rowvar=False),
    },
    "along": {
        "apply_along_axis": lambda x, y, v: da.apply_along_axis(np.sum, 1, x),
        "apply_over_axes": lambda x, y, v: da.apply_over_axes(da.sum, x, [0, 1]),
    },
    "linalg/lower_upper": {"lu": lambda x, y, v: da.linalg.lu(x.rechunk(2))},
    "linalg/definite": {"cholesky": lambda x, y, v: da.linalg.cholesky(positive(x.rechunk(2)))},
    "linalg/least_squares": {"lstsq": lambda x, y, v: da.linalg.lstsq(x.rechunk({1: -1}), y[:, 0])},
    "linalg/singular": {"svd": lambda x, y, v: da.linalg.svd(x.rechunk({1: -1}))},
    "linalg/stacks": {
        "eig": lambda x, y, v: da.linalg.eig(x),
        "eigvals": lambda x, y, v: da.linalg.eigvals(x),
        "det": lambda x, y, v: da.linalg.det(x),
        "slogdet": lambda x, y, v: da.linalg.slogdet(x),
        "eigh": lambda x, y, v: da.linalg.eigh(x),
        "eigvalsh": lambda x, y, v: da.linalg.eigvalsh(x),
        "pinv": lambda x, y, v: da.linalg.pinv(x),
    },
    "linalg/namesakes": {
        "matrix_rank": lambda x, y, v: da.linalg.matrix_rank(x),
        "cond": lambda x, y, v: da.linalg.cond(x, "fro"),
        "trace": lambda x, y, v: da.linalg.trace(x),
        "tensorinv": lambda x, y, v: da.linalg.tensorinv(positive(x.rechunk(2)), ind=1),
        "tensorsolve": lambda x, y, v: da.linalg.tensorsolve(positive(x.rechunk(2)), y[0]),
    },
    "linalg/solving": {
        "solve": lambda x, y, v: da.linalg.solve(positive(x.rechunk(2)), y[0].rechunk(2)),
        "inv": lambda x, y, v: da.linalg.inv(positive(x.rechunk(2))),
    },
    "linalg/tall": {
        "tsqr": lambda x, y, v: da.linalg.tsqr(x.rechunk({1: -1})),
        "sfqr": lambda x, y, v: sfqr(x.rechunk({0: -1})),
        "qr": lambda x, y, v: da.linalg.qr(x.rechunk({1: -1})),
    },
    "linalg/norms": {"norm": lambda x, y, v: da.linalg.norm(x, axis=1)},
    "joining": {
        "concatenate": lambda x, y, v: da.concatenate([x, y, x], axis=1),
        "stack": lambda x, y, v: da.stack([y, x], axis=1),
        "block": lambda x, y, v: da.block([[x, y], [y, x]]),
    },
    "selecting": {
        "take": lambda x, y, v: da.take(x, [2, 0], axis=1),
        "compress": lambda x, y, v: da.compress([True, False, True], x, axis=1),
        "trim_zeros": lambda x, y, v: da.trim_zeros(v),
        "ix_": lambda x, y, v: da.ix_(v, [0, 1]),
        "choose": lambda x, y, v: da.choose((x > y).astype(int), [x, y]),
    },
    "differences": {
        "gradient": lambda x, y, v: da.gradient(x.rechunk(WHOLE), 2.0),
        "ptp": lambda x, y, v: da.ptp(x, axis=0),
        "average": lambda x, y, v: da.average(x, axis=1, weights=abs(y) + 1, returned=True),
        "trace": lambda x, y, v: da.trace(x, 1),
    },
    "signals": {
        "convolve": lambda x, y, v: da.convolve(v, [1, 2]),
        "correlate": lambda x, y, v: da.correlate(v, [1, 2]),
        "interp": lambda x, y, v: da.interp(x, [0, 1, 2], [3, 4, 7]),
        "polyval": lambda x, y, v: da.polyval([1, 2], x),
        "vander": lambda x, y, v: da.vander(v, 3),
        "trapezoid": lambda x, y, v: da.trapezoid(x, dx=0.5),
        "unwrap": lambda x, y, v: da.unwrap(v),
    },
    "pointwise": {
        "outer": lambda x, y, v: da.outer(v, x),
        "array_equal": lambda x, y, v: da.array_equal(x, y),
        "array_equiv": lambda x, y, v: da.array_equiv(x, y),
    },
    "mapping": {
        "map_blocks": lambda x, y, v: da.map_blocks(doubled, x),
        "blockwise": lambda x, y, v: da.blockwise(np.subtract, "ij", x, "ij", y, "ij", dtype=x.dtype),
    },
    "stacking": {
        "vstack": lambda x, y, v: da.vstack([x, y]),
        "hstack": lambda x, y, v: da.hstack([y, x]),
        "dstack": lambda x, y, v: da.dstack([x, y]),
        "column_stack": lambda x, y, v: da.column_stack([v, v]),
        "append": lambda x, y, v: da.append(x, y),
        "delete": lambda x, y, v: da.delete(x, slice(1, 2), axis=0),
        "insert": lambda x, y, v: da.insert(x, [1, 2], y[:2], axis=0),
    },
    "sets/operations": {
        "isin": lambda x, y, v: da.isin(x, y, invert=True),
        "union1d": lambda x, y, v: da.union1d(x, y),
        "intersect1d": lambda x, y, v: da.intersect1d(x, y),
        "setdiff1d": lambda x, y, v: da.setdiff1d(x, y),
        "setxor1d": lambda x, y, v: da.setxor1d(x, y),
    },
    "sets/ordered": {"searchsorted": lambda x, y, v: da.searchsorted(da.sort(v), x, side="right")},
    "turning": {
        "rot90": lambda x, y, v: da.rot90(x, 3),
        "roll": lambda x, y, v: da.roll(x, (1, 2), axis=(0, 1)),
    },
    "reshaping": {
        "reshape": lambda x, y, v: da.reshape(x, (-1, 1)),
        "reshape_blockwise": lambda x, y, v: da.reshape_blockwise(x, x.size),
    },
    "truth": {"_numbered": lambda x, y, v: da.nonzero(x)},
    "creation/repeating": {
        "tile": lambda x, y, v: da.tile(x, (1, 2)),
        "repeat": lambda x, y, v: da.repeat(x, 2, axis=1),
        "pad": lambda x, y, v: da.pad(x, ((0, 1), (2, 0)), mode="constant", constant_values=4),
        "resize": lambda x, y, v: da.resize(x, (2, 9)),
    },
    "creation/diagonals": {
        "diag": lambda x, y, v: da.diag(v, 1),
        "diagonal": lambda x, y, v: da.diagonal(x, -1),
        "tril": lambda x, y, v: da.tril(x, 1),
        "triu": lambda x, y, v: da.triu(x),
    },
    "creation/grids": {
        "indices": lambda x, y, v: da.indices((3, 4), chunks=2),
        "meshgrid": lambda x, y, v: da.meshgrid(v, y[0], indexing="ij"),
        "fromfunction": lambda x, y, v: da.fromfunction(np.add, shape=(3, 4), chunks=2, dtype="f4"),
    },
    "creation/ranges": {
        "linspace": lambda x, y, v: da.linspace(0, 1, 7, chunks=3),
        "logspace": lambda x, y, v: da.logspace(0, 1, 7),
        "geomspace": lambda x, y, v: da.geomspace(1, 9, 7),
    },
    "bits": {
        "packbits": lambda x, y, v: packbits(x > y, axis=1),
        "unpackbits": lambda x, y, v: unpackbits((x > y).astype("u1"), axis=0),
    },
    "ufuncs": {"outer": lambda x, y, v: np.subtract.outer(v, x)},
    "products/tensors": {
        "tensordot": lambda x, y, v: da.tensordot(x, y, ((0,), (1,))),
        "kron": lambda x, y, v: da.kron(v, x),
        "cross": lambda x, y, v: da.cross(x[:, :3], y[:, :3]),
    },
    "products/einsum": {"einsum": lambda x, y, v: da.einsum("ij,jk->ki", x, y)},
    "products/vectors": {
        "dot": lambda x, y, v: da.dot(x, y),
        "matmul": lambda x, y, v: da.matmul(y, x),
        "matvec": lambda x, y, v: np.matvec(x, y[0]),
        "vecmat": lambda x, y, v: np.vecmat(y[0], x),
        "matrix_power": lambda x, y, v: da.linalg.matrix_power(x, 3),
    },
    "ma/weighing": {
        "count": lambda x, y, v: da.ma.count(da.ma.masked_greater(x, 0), axis=0),
        "average": lambda x, y, v: da.ma.average(da.ma.masked_greater(x, 0), axis=0, weights=abs(y) + 1),
    },
    "ma/masking": {"call_masked": lambda x, y, v: call_masked("masked_greater", x, 1)},
    "polynomials": {
        "polyadd": lambda x, y, v: da.polyadd(v, [1, 2]),
        "polysub": lambda x, y, v: da.polysub(v, y[0]),
        "polymul": lambda x, y, v: da.polymul(v, y[0]),
        "roots": lambda x, y, v: da.roots(v),
        "poly": lambda x, y, v: da.poly(v),
        "polyfit": lambda x, y, v: da.polyfit(da.arange(v.size, chunks=v.chunks), v, 1),
    },
    "splitting": {
        "array_split": lambda x, y, v: da.array_split(x, 3),
        "split": lambda x, y, v: da.split(x, [1, 2], axis=1),
        "unstack": lambda x, y, v: da.unstack(x),
    },
    "reductions/custom": {"reduction": lambda x, y, v: da.reduction(x, np.max, np.max, axis=1, dtype=x.dtype)},
    "gufunc": {"apply_gufunc": lambda x, y, v: da.apply_gufunc(np.mean, "(i)->()", x.rechunk({1: -1}), axis=-1)},
    "fft/frequencies": {
        "fftshift": lambda x, y, v: da.fft.fftshift(x),
        "ifftshift": lambda x, y, v: da.fft.ifftshift(x, axes=1),
    },
}
EACH = [(where, name) for where, calls in CALLS.items() for name in calls]


def test_every_planned_operation_is_here():
    found = set()
    folder = Path(da.__file__).parent
    for path in folder.rglob("*.py"):
        where = path.relative_to(folder).with_suffix("").as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(one) in ("planned", "planned_change") for one in node.decorator_list
            ):
                found.add((where, node.name))
    assert found == set(EACH)


def arrays_of(made: Any) -> list[Any]:
    if isinstance(made, tuple | list):
        return [one for item in made for one in arrays_of(item)]
    return [made]


def without_plans(call: Any, *args: Any) -> Any:
    def unplanned(*_: Any) -> None:
        raise module._Unplanned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_read", unplanned)
        return outcome(lambda: call(*args))


def assert_same(ours: Any, plain: Any) -> None:
    assert type(ours) is type(plain)
    if isinstance(plain, type):
        assert ours is plain
        return
    ours, plain = arrays_of(ours), arrays_of(plain)
    assert list(map(type, ours)) == list(map(type, plain))
    for one, other in zip(ours, plain, strict=True):
        if not isinstance(one, ArrayBase):
            np.testing.assert_array_equal(one, other)
            continue
        assert str(one.chunks) == str(other.chunks)
        assert (one.dtype, type(one._meta), one._meta.ndim) == (other.dtype, type(other._meta), other._meta.ndim)
        assert re.sub("[0-9a-f]{32}", "#", one.name) == re.sub("[0-9a-f]{32}", "#", other.name)
    lazy = [pair for pair in zip(ours, plain, strict=True) if isinstance(pair[0], ArrayBase)]
    with np.errstate(all="ignore"):
        values = [
            outcome(lambda at=at: minidask.compute(*[pair[at] for pair in lazy], scheduler="sync")) for at in (0, 1)
        ]
    if isinstance(values[0], type) or isinstance(values[1], type):
        assert values[0] is values[1]
        return
    for one, other in zip(*values, strict=True):
        assert (type(one), np.asarray(one).dtype) == (type(other), np.asarray(other).dtype)
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "name"), EACH, ids=[f"{where}-{name}" for where, name in EACH])
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_plans_make_what_is_made_without_them(where, name, data):
    call = CALLS[where][name]
    n = data.draw(st.integers(3, 5))
    dtype = data.draw(st.sampled_from(["f8", "i4", "c16", "f4", "?", "O", ">f8"]))
    chunks = data.draw(chunkings((n, n)))
    x, y, z = [da.from_array(sample((n, n), dtype, seed=seed), chunks=chunks) for seed in range(3)]
    if data.draw(st.booleans()):
        x, y, z = [da.ma.masked_equal(each, 2) for each in (x, y, z)]
    names = {}
    for one, other in ((x, y), (y, x), (x, x), (x, another(x)), (z, y)):
        vector = one[1]
        made = outcome(lambda one=one, other=other, vector=vector: call(one, other, vector))
        assert_same(made, without_plans(call, one, other, vector))
        for at, each in enumerate(arrays_of(made)):
            if isinstance(each, ArrayBase):
                names[one.name, other.name, at] = each
    again = outcome(lambda: call(x, y, x[1]))
    for at, each in enumerate(arrays_of(again)):
        if isinstance(each, ArrayBase):
            assert each.name == names[x.name, y.name, at].name
    first, rest = names.get((x.name, y.name, 0)), names.get((z.name, y.name, 0))
    if first is not None and rest is not None and not where.startswith(("creation/grids", "creation/ranges")):
        assert first.name != rest.name
