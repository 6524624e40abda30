import inspect

import numpy as np
import pytest

import minidask.array as da
from minidask.array.spelling import also_named
from minidask.array.testing import assert_eq

A = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: da.round(a=x / 4, decimals=1), np.round(A / 4, 1)),
        (lambda x: da.around(x=x / 4, decimals=1), np.round(A / 4, 1)),
        (lambda x: da.angle(x=x), np.angle(A)),
        (lambda x: da.isclose(arr1=x, arr2=1), np.isclose(A, 1)),
        (lambda x: da.isclose(a=x, b=1), np.isclose(A, 1)),
        (lambda x: da.allclose(arr1=x, b=x), np.array(True)),
        (lambda x: da.broadcast_to(x=x, shape=(1, 2, 3)), A[None]),
        (lambda x: da.broadcast_to(array=x, shape=(1, 2, 3)), A[None]),
        (lambda x: da.concatenate(seq=[x, x]), np.concatenate([A, A])),
        (lambda x: da.stack(arrays=[x, x]), np.stack([A, A])),
        (lambda x: da.cumsum(x=x, axis=0), A.cumsum(0)),
        (lambda x: da.cumprod(a=x, axis=0), A.cumprod(0)),
        (lambda x: da.nancumsum(x=x), A.cumsum()),
        (lambda x: da.digitize(a=x, bins=[2, 4]), np.digitize(A, [2, 4])),
        (lambda x: da.ravel(array_like=x), A.ravel()),
        (lambda x: da.reshape(x=x, shape=(3, 2)), A.reshape(3, 2)),
        (lambda x: da.roll(array=x, shift=1), np.roll(A, 1)),
        (lambda x: da.tensordot(lhs=x, rhs=x), np.tensordot(A, A)),
        (lambda x: da.array(x=x, ndmin=3), A[None]),
        (lambda x: da.fromfunction(func=np.add, shape=(2, 2)), np.fromfunction(np.add, (2, 2))),
    ],
)
def test_both_names_are_taken(call, expected):
    assert_eq(call(da.from_array(A, chunks=2)), np.asarray(expected))


def test_not_both_at_once():
    with pytest.raises(TypeError, match=r"roll\(\) got 'array' and 'a', which are one argument"):
        da.roll(array=da.ones(3), a=da.ones(3), shift=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        da.round(nothing=3)
    assert da.shape(array=da.ones(3)) == da.shape(a=da.ones(3)) == (3,)


def test_functions_keep_their_signature():
    @also_named(y="x")
    def double(x, times=2):
        """Return a multiple."""
        return times * x

    assert list(inspect.signature(double).parameters) == ["x", "times"]
    assert double(y=3, times=1) == 3
    assert double.__doc__ == "Return a multiple."


# What means nothing for chunked arrays, or is NumPy's function's alone: np.linalg.svd(x, compute_uv=False).
WITHOUT_MEANING = {"casting", "compute_uv", "copy", "device", "hermitian", "like", "max_work", "order", "subok"}
# NumPy's is another function than its namesake (by default the upper factor); lines have one axis; a shape of some axes.
OTHERWISE = {"cholesky", "linspace", "geomspace", "logspace", "array"}


def names_of(func):
    return inspect.signature(func).parameters


def shared_functions():
    for theirs, ours in ((np, da), (np.linalg, da.linalg)):
        for name in sorted(set(ours.__all__) & set(dir(theirs))):
            one, other = getattr(theirs, name), getattr(ours, name)
            if isinstance(one, np.ufunc | type) or one is other or not callable(one):
                continue
            try:
                yield name, names_of(one), names_of(other)
            except ValueError:
                # NumPy's own builtins don't always say.
                continue


def test_arguments_have_numpys_names():
    wrong = []
    for name, theirs, ours in shared_functions():
        if name in OTHERWISE or any(one.kind is one.VAR_KEYWORD for one in ours.values()):
            continue
        for one in theirs.values():
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) and one.name not in ours:
                wrong.append((name, one.name))
    missing = [f"{name} lacks {one}" for name, one in wrong if one not in WITHOUT_MEANING]
    assert not missing, missing
