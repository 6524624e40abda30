"""The table of pandas's names says what is there today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def load():
    spec = importlib.util.spec_from_file_location("coverage_dataframe", DOCS / "coverage_dataframe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    written = (DOCS / "dataframe_api.rst").read_text(encoding="utf-8")
    assert written == load().page(), "run: python docs/coverage_dataframe.py docs/dataframe_api.rst"


def test_every_name_that_is_not_there_has_a_remedy():
    page = load().page()
    assert "     - \n" not in page
    assert "``explode``" in page
