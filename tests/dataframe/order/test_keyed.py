import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "x": RNG.integers(-5, 5, 30),
        "s": RNG.choice(list("aBcDe"), 30),
        "f": np.where(RNG.random(30) < 0.2, np.nan, RNG.normal(size=30)),
    },
    index=RNG.choice(list("aBcDe"), 30),
)
SAME = FRAME.set_axis(["x", "x", "f"], axis=1)


def lower(values):
    return values.str.lower()


def by_kind(values):
    return lower(values) if values.name == "s" else -values


def lazy(frame):
    whole = [dd.from_pandas(frame, npartitions=n, sort=False) for n in (1, 2)]
    return [*whole, cut(frame, [0, 0, 9, 9, 20, 30, 30])]


@pytest.mark.parametrize("options", [{}, {"ascending": False}, {"na_position": "first"}, {"ignore_index": True}])
def test_rows_in_the_order_of_what_a_function_gives(options):
    stable = {"kind": "stable", **options}
    for df, same in zip(lazy(FRAME), lazy(SAME), strict=True):
        assert_eq(df.sort_values("x", key=abs, **options), FRAME.sort_values("x", key=abs, **stable))
        assert_eq(
            df.sort_values(["s", "f"], key=by_kind, **options), FRAME.sort_values(["s", "f"], key=by_kind, **stable)
        )
        assert_eq(df["s"].sort_values(key=lower, **options), FRAME["s"].sort_values(key=lower, **stable))
        assert_eq(df.sort_index(key=lower, **options), FRAME.sort_index(key=lower, **stable))
        assert_eq(df["x"].sort_index(key=lower, **options), FRAME["x"].sort_index(key=lower, **stable))
        assert_eq(same.sort_values("f", key=np.abs, **options), SAME.sort_values("f", key=np.abs, **stable))


def test_the_only_level_may_be_named():
    for df in lazy(FRAME):
        assert_eq(df.sort_index(level=0), FRAME.sort_index(kind="stable"))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.sort_values("x", key=3), TypeError, "key must be a function of values, got int"),
        (lambda df: df.sort_values("nope", key=abs), KeyError, "no column 'nope'"),
        (lambda df: df.sort_values("s", key=abs), ValueError, "could not be inferred"),
        (lambda df: df.sort_values("x", key=abs, sort_function=print), NotImplementedError, "not both"),
        (lambda df: df["x"].sort_values(key=abs, sort_function=print), NotImplementedError, "not both"),
        (lambda df: df.sort_values("x", key=lambda v: v[:1]), ValueError, "must not change the shape"),
        (lambda df: dd.concat([df], keys=["a"]).sort_index(key=abs), NotImplementedError, "one level"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(dd.from_pandas(FRAME, npartitions=2, sort=False))


def test_an_error_says_which_rows_it_was():
    def picky(values):
        if len(values) == 15:
            raise RuntimeError("too many")
        return values

    with pytest.raises(RuntimeError, match="too many") as caught:
        dd.from_pandas(FRAME, npartitions=2, sort=False).sort_values("x", key=picky).compute()
    assert any("sort by key: 'picky' failed on 15 rows" in note for note in caught.value.__notes__)
