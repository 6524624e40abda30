import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq

ONE = pd.DataFrame({"x": [1, 2, 3, 4, 5], "y": list("abcde")})
OTHER = pd.DataFrame({"y": list("zzz"), "x": [1.5, 2, 3], "w": [1, 2, 3]}, index=[7, 8, 9])
COUNTS = pytest.mark.parametrize("n", [1, 2, 5, 7])


def pairs(n):
    return dd.from_pandas(ONE, npartitions=n), dd.from_pandas(OTHER, npartitions=min(n, 3))


@COUNTS
@pytest.mark.parametrize(
    "options",
    [
        {"keys": ["a", "b"]},
        {"keys": [1, 2], "names": ["k"]},
        {"keys": [("a", 1), ("b", 2)]},
        {"keys": ["a", 2]},
        {"keys": ["a", "b"], "names": ["k", "i"]},
        {"ignore_index": True},
        {"sort": True},
        {"join": "inner", "keys": ["a", "b"]},
    ],
)
def test_below_each_other(n, options):
    one, other = pairs(n)
    assert_eq(dd.concat([one, other], **options), pd.concat([ONE, OTHER], **options))
    assert_eq(dd.concat([one["x"], other["x"]], **options), pd.concat([ONE["x"], OTHER["x"]], **options))


@COUNTS
@pytest.mark.parametrize("options", [{"keys": ["a", "b"]}, {"keys": [1, 2], "names": ["k"]}, {"ignore_index": True}])
def test_side_by_side(n, options):
    one, _ = pairs(n)
    assert_eq(dd.concat([one, one], axis=1, **options), pd.concat([ONE, ONE], axis=1, **options))
    if "names" not in options:
        expected = pd.concat([ONE["x"], ONE["y"]], axis=1, **options)
        assert_eq(dd.concat([one["x"], one["y"]], axis=1, **options), expected)


@COUNTS
def test_a_mapping_has_the_keys(n):
    one, other = pairs(n)
    assert_eq(dd.concat({"a": one, "b": other}), pd.concat({"a": ONE, "b": OTHER}))
    assert_eq(dd.concat({"a": one, "b": other}, keys=["b"]), pd.concat({"a": ONE, "b": OTHER}, keys=["b"]))
    assert_eq(dd.concat({"a": one, "b": other}, ignore_index=True), pd.concat([ONE, OTHER], ignore_index=True))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"keys": ["a"]}, ValueError, "1 keys for 2 collections"),
        ({"keys": ["a", "b"], "ignore_index": True}, ValueError, "leaves no place for keys"),
        ({"keys": ["a", ("b", 1)]}, ValueError, "tuples of one length"),
        ({"keys": ["a", "b"], "names": [1, 2, 3]}, ValueError, "there are 2 levels, 1 of them keys, got 3 names"),
    ],
)
def test_bad_input(options, kind, message):
    one, _ = pairs(2)
    with pytest.raises(kind, match=message):
        dd.concat([one, one], **options)


def test_series_beside_frames_need_to_be_frames():
    one, _ = pairs(2)
    with pytest.raises(NotImplementedError, match="to_frame"):
        dd.concat([one, one["x"]], axis=1, keys=["a", "b"])
    with pytest.raises(NotImplementedError, match="rename_axis"):
        dd.concat([one["x"], one["x"]], axis=1, keys=["a", "b"], names=["k"])
    with pytest.raises(ValueError, match="different numbers of levels"):
        dd.concat([one, dd.concat([one], keys=["a"])], keys=["a", "b"])
