"""The table of NumPy's names says what is there today, and nothing of NumPy's computes a chunked array silently."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array import remedies
from minidask.array.dispatch import FUNCTIONS
from tests.array.arrays import raising

DOCS = Path(__file__).parents[2] / "docs"


def load():
    spec = importlib.util.spec_from_file_location("coverage_array", DOCS / "coverage_array.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COVERAGE = load()


def test_the_page_is_up_to_date():
    written = (DOCS / "array_coverage.rst").read_text(encoding="utf-8")
    assert written == COVERAGE.page(), "run: python docs/coverage_array.py docs/array_coverage.rst"


def test_every_name_that_is_not_there_has_a_remedy():
    page = COVERAGE.page()
    assert "     - \n" not in page
    assert "``lexsort``" in page


@pytest.mark.parametrize("title", [title for title, *_ in COVERAGE.MODULES])
def test_what_is_said_to_be_there_is_and_the_rest_raises(title):
    _, theirs, ours, where = next(row for row in COVERAGE.MODULES if row[0] == title)
    for name in COVERAGE.public(theirs):
        if COVERAGE.has(ours, name):
            assert getattr(ours, name) is not None
            continue
        if isinstance(vars(ours).get(name), ModuleType):
            # A module of minidask's own of the same name.
            continue
        with pytest.raises(AttributeError) as caught:
            getattr(ours, name)
        assert remedies.remedy(where, name) in str(caught.value), name


def test_remedies_are_of_names_that_are_not_there():
    for where, ours in (("", da), ("linalg", da.linalg), ("fft", da.fft), ("random", da.random), ("ma", da.ma)):
        there = [name for name in remedies._TABLES[where] if COVERAGE.has(ours, name)]
        assert not there, f"{where}: {there}"
    assert not [name for name in remedies.METHODS if hasattr(da.Array, name)]


def test_remedies_of_masked_arrays_name_functions_that_are_there():
    for name in COVERAGE.public(np.ma):
        if not COVERAGE.has(da.ma, name) and name not in remedies.MA:
            assert name in da.__all__, name
    assert set(da.__all__) >= remedies.BLIND


def dispatched():
    """NumPy's functions that ask the types of their arguments, and that minidask has nothing for."""
    for where in (np, np.linalg, np.fft):
        for name in COVERAGE.public(where):
            func = getattr(where, name)
            if hasattr(func, "_implementation") and func not in FUNCTIONS:
                yield func


@pytest.mark.parametrize(
    "func", sorted(set(dispatched()), key=lambda func: func.__name__), ids=lambda func: func.__name__
)
def test_functions_that_are_not_there_raise_with_a_remedy(func):
    x = da.ones((2, 2), chunks=1)
    told = []
    with config.set(scheduler=raising):
        for args in ((x,), (x, x), (x, x, x), (x, x, x, 0), ("name", x)):
            try:
                func(*args)
            except (TypeError, AttributeError) as error:
                told.append(str(error))
                continue
            # Some look at their first argument alone, and return what is no array as it is.
            assert args[0] == "name"
    if func.__name__ in da.__all__:
        # These take numbers, and make arrays.
        return
    told = [text for text in told if "isn't built for chunked arrays" in text]
    assert told
    assert remedies.remedy(func.__module__.removeprefix("numpy").lstrip("."), func.__name__) in told[0]
