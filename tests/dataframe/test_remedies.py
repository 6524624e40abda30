from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.remedies import FUNCTIONS, INDEX, SHARED, remedy

DF = dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1)
KINDS = {"DataFrame": (pd.DataFrame, DF), "Series": (pd.Series, DF["x"]), "Index": (pd.Index, DF.index)}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_name_of_pandas_is_there_or_has_a_remedy(kind):
    theirs, mine = KINDS[kind]
    missing = [name for name in dir(theirs) if not name.startswith("_") and not hasattr(type(mine), name)]
    without = [name for name in missing if remedy(kind, name) is None]
    assert not without, f"say what to do instead of {without}"
    for name in missing:
        if name in ("str", "dt", "cat", "sparse", "list", "struct") or name in mine.__dir__():
            continue
        with pytest.raises(AttributeError, match=f"{kind}.{name} isn't built in minidask: "):
            getattr(mine, name)


def test_every_function_of_pandas_is_there_or_has_a_remedy():
    types = [n for n in dir(pd) if isinstance(getattr(pd, n), type)]
    own = {"describe_option", "get_option", "option_context", "reset_option", "set_option", "set_eng_float_format"}
    own |= {"show_versions", "test"}
    names = [
        n for n in dir(pd) if not n.startswith("_") and callable(getattr(pd, n)) and n not in types and n not in own
    ]
    missing = [name for name in names if name not in dd.__all__]
    without = [name for name in missing if remedy("module", name) is None]
    assert not without, f"say what to do instead of {without}"
    for name in missing:
        with pytest.raises(AttributeError, match=f"minidask.dataframe.{name} isn't built: "):
            getattr(dd, name)


def test_remedies_say_something():
    for table in (SHARED, INDEX, FUNCTIONS):
        assert all(text and not text.endswith(".") for text in table.values())
    assert remedy("Index", "anything").startswith("use .to_series()")
    assert remedy("DataFrame", "anything") is None
