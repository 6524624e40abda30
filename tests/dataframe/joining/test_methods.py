from __future__ import annotations

import inspect

import pandas as pd

import minidask.dataframe as dd


def test_the_method_takes_what_the_function_takes():
    method, function = inspect.signature(dd.DataFrame.merge), inspect.signature(dd.merge)
    assert list(method.parameters)[1:] == list(function.parameters)[1:]


def test_suffixes_of_join():
    frame = pd.DataFrame({"x": [1, 2]})
    lazy = dd.from_pandas(frame, npartitions=2)
    for options in ({"lsuffix": "_l", "rsuffix": "_r"}, {"suffixes": ("_l", "_r")}):
        assert lazy.join(frame, **options).compute(scheduler="sync").columns.tolist() == ["x_l", "x_r"]
