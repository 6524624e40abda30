import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.joining.validation import Judge, Repeats

SIDES = {
    "repeated": pd.DataFrame({"k": [1, 1, 2, 9, 9], "z": range(5)}),
    "unique": pd.DataFrame({"k": [1, 2, 9, np.nan], "u": range(4)}),
    "holes": pd.DataFrame({"k": [np.nan, 2, np.nan], "h": range(3)}),
}


def outcome(join):
    """The number of rows, or the error's type."""
    try:
        return len(join())
    except (pd.errors.MergeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("validate", ["1:1", "one_to_many", "m:1", "many_to_many", "1-1"])
@pytest.mark.parametrize("first", SIDES)
@pytest.mark.parametrize("second", SIDES)
def test_merges_and_joins_raise_where_pandas_does(validate, first, second):
    left, right = SIDES[first], SIDES[second]
    one, two = left.set_index("k").add_prefix("l"), right.set_index("k").add_prefix("r")
    for n in (1, 3):
        lazy_left, lazy_right = dd.from_pandas(left, npartitions=n), dd.from_pandas(right, npartitions=n)
        for how in ("inner", "outer", "left"):
            options = {"how": how, "validate": validate}
            expected = outcome(lambda options=options: left.merge(right, on="k", **options))
            found = outcome(lambda options=options: lazy_left.merge(lazy_right, on="k", **options).compute())
            assert found == expected
        expected = outcome(lambda: one.join(two, validate=validate))
        lazy = [dd.from_pandas(side, npartitions=n, sort=False) for side in (one, two)]
        assert outcome(lambda lazy=lazy: lazy[0].join(lazy[1], validate=validate).compute()) == expected


def test_keys_beyond_the_other_side_count_too():
    left = pd.DataFrame({"x": range(6)}, index=[1, 2, 3, 4, 9, 9])
    right = pd.DataFrame({"y": range(3)}, index=[1, 2, 3])
    joined = dd.from_pandas(left, npartitions=3).join(dd.from_pandas(right, npartitions=2), how="inner", validate="1:1")
    with pytest.raises(pd.errors.MergeError, match="not unique in left dataset; not a one-to-one merge"):
        joined.compute()
    assert len(joined.partitions[0].compute())


def test_a_list_is_joined_one_by_one():
    frame = dd.from_pandas(SIDES["unique"], npartitions=1)
    with pytest.raises(NotImplementedError, match="one after the other"):
        frame.join([frame], validate="1:1")
    with pytest.raises(ValueError, match="validate must be one of '1:1'"):
        frame.merge(frame, on="k", validate="x")


def test_judging():
    assert Repeats(("k",))(SIDES["repeated"])
    assert not Repeats(None)(SIDES["repeated"])
    assert Judge("one-to-one", ("left", "right"))([(False, False)]) is None
    assert "either left or right" in str(Judge("one-to-one", ("left", "right"))([(True, True)]))
