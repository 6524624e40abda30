from __future__ import annotations

import inspect

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.keywords import METHODS, NAMES, SHARED, keyword_remedy, lacking, takes_keywords_of
from minidask.dataframe.testing import assert_eq

PDF = pd.DataFrame(
    {"k": [1, 2, 1, 2], "x": [1.0, None, 3.0, 4.0], "s": list("abcd")}, index=pd.date_range("2020", periods=4)
)
DF = dd.from_pandas(PDF, npartitions=2)
PAIRS = {
    "DataFrame": (PDF, DF),
    "Series": (PDF["x"], DF["x"]),
    "Index": (PDF.index, DF.index),
    "DataFrameGroupBy": (PDF.groupby("k"), DF.groupby("k")),
    "SeriesGroupBy": (PDF.groupby("k")["x"], DF.groupby("k")["x"]),
    "Rolling": (PDF.rolling(2), DF.rolling(2)),
    "Resampler": (PDF.resample("D"), DF.resample("D")),
    "str": (PDF["s"].str, DF["s"].str),
    "module": (pd, dd),
}
# Readers and writers say themselves which of pandas's keywords they take.
OWN = ("read_", "to_csv", "to_json", "to_parquet", "to_sql")


def missing(kind):
    """Pairs of method and keyword that pandas's class has and ours hasn't."""
    theirs, mine = PAIRS[kind]
    owner = theirs if kind == "module" else type(theirs)
    for name in dir(owner):
        method = getattr(dd if kind == "module" else type(mine), name, None)
        original = getattr(owner, name)
        if name.startswith(("_", *OWN)) or not inspect.isfunction(method) or isinstance(original, type):
            continue
        if callable(original):
            unwrapped = inspect.unwrap(method)
            have = inspect.signature(unwrapped).parameters
            for keyword in lacking(unwrapped, original):
                # pandas itself does nothing about "copy" any more.
                if NAMES.get((name, keyword)) not in have and keyword != "copy":
                    yield name, keyword


@pytest.mark.parametrize("kind", list(PAIRS))
def test_every_keyword_of_pandas_is_taken_or_has_a_remedy(kind):
    without = [pair for pair in missing(kind) if keyword_remedy(*pair) is None]
    assert not without, f"say what to do instead of {without}"
    mine = PAIRS[kind][1]
    for name, keyword in missing(kind):
        owner = "" if kind == "module" else f"{'Series.str' if kind == 'str' else type(mine).__name__}."
        with pytest.raises(NotImplementedError, match=rf"^{owner}{name}\({keyword}=\.\.\.\) isn't built: ."):
            getattr(mine, name)(**{keyword: object()})


def test_a_keyword_that_nobody_has_names_the_class():
    with pytest.raises(
        TypeError, match=r"^DataFrame.sort_values\(\) got an unexpected keyword argument 'foo'; there are asc"
    ):
        DF.sort_values("k", foo=1)
    with pytest.raises(TypeError, match=r"^DataFrameGroupBy.shift\(\) got an unexpected keyword argument 'foo'"):
        DF.groupby("k").shift(foo=1)
    with pytest.raises(TypeError, match=r"^merge\(\) got an unexpected keyword argument 'foo'"):
        dd.merge(DF, DF, on="k", foo=1)


def test_what_pandas_does_by_itself_may_be_said():
    assert_eq(DF.dropna(inplace=False), PDF.dropna())
    assert_eq(DF.astype({"k": "int8"}, errors="raise"), PDF.astype({"k": "int8"}))
    assert_eq(DF["x"].clip(0, 2, inplace=False), PDF["x"].clip(0, 2))
    assert_eq(dd.merge(DF, DF, on="k", sort=False), pd.merge(PDF, PDF, on="k"), check_index=False, check_order=False)


def test_pandas_names_of_arguments():
    assert_eq(DF["k"].map(func=abs), PDF["k"].map(abs))
    assert_eq(DF.index.map(mapper=str), PDF.index.map(str))
    assert_eq(DF.set_index(keys="k"), PDF.set_index("k").sort_index(kind="stable"))
    assert_eq(dd.concat(objs=[DF, DF]), pd.concat([PDF, PDF]))
    assert DF.groupby("k").get_group(name=1)["x"].compute().tolist() == [1.0, 3.0]
    with pytest.raises(TypeError, match="got 'arg' twice"):
        DF["k"].map(arg=abs, func=abs)


def test_remedies_are_for_keywords_that_are_missing():
    assert all(text and not text.endswith(".") for text in (*SHARED.values(), *METHODS.values()))
    assert keyword_remedy("to_string", "buf") == METHODS["to_string", ""]
    assert keyword_remedy("anything", "else") is None


def test_names_texts_and_examples_stay():
    def doubled(x):
        """Twice."""
        return 2 * x

    made = takes_keywords_of(lambda x, y=None: x)(doubled)
    assert made(3, y=None) == 6
    assert (made.__name__, made.__doc__, made.__globals__) == ("doubled", "Twice.", doubled.__globals__)

    def takes_any(x, **kwargs):
        return kwargs

    assert takes_keywords_of(lambda x, y=1: x)(takes_any) is takes_any
    assert lacking(iter, doubled) == {}
