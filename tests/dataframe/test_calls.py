"""Calls by name."""

from __future__ import annotations

import pickle

import pandas as pd

from minidask.dataframe.calls import Attribute, Call, Method
from minidask.tokenize import tokenize


def test_they_do_what_their_names_say():
    series = pd.Series([-1, 2])
    assert Method("abs")(series).tolist() == [1, 2]
    assert Method("clip")(series, 0, upper=1).tolist() == [0, 1]
    assert Attribute("index")(series).tolist() == [0, 1]
    assert (Method("abs").short_name, Attribute("index").short_name) == ("abs", "index")


def test_equal_ones_are_equal():
    for one in (Method("abs"), Attribute("abs")):
        again = pickle.loads(pickle.dumps(one))
        assert (again, hash(again), tokenize(again)) == (one, hash(one), tokenize(one))
    assert tokenize(Method("abs")) != tokenize(Method("sum"))


def test_a_call_with_keywords():
    call = Call("round", {"decimals": 1})
    assert call(pd.Series([1.26])).tolist() == [1.3]
    assert call == Call("round", {"decimals": 1})
