"""The one table of conversions that need a higher package."""

from __future__ import annotations

import sys
import types

import pytest

from minidask.collection.upward import UPWARD, upward


def test_an_unknown_conversion_is_a_key_error():
    with pytest.raises(KeyError, match=r"there is no conversion 'no.such'"):
        upward("no.such")


def test_a_conversion_is_looked_up_when_it_is_asked_for(monkeypatch):
    module = types.ModuleType("a_package_above")
    module.convert = len
    monkeypatch.setitem(sys.modules, "a_package_above", module)
    monkeypatch.setitem(UPWARD, "test.convert", ("a_package_above", "convert"))
    assert upward("test.convert") is len


def test_a_package_that_is_not_there_is_said_so(monkeypatch):
    monkeypatch.setitem(UPWARD, "test.missing", ("minidask.no_such_package", "convert"))
    with pytest.raises(NotImplementedError, match=r"needs minidask\.no_such_package, which is not part of minidask"):
        upward("test.missing")


def test_a_library_that_the_package_misses_is_its_own_error(monkeypatch, tmp_path):
    (tmp_path / "package_without_library.py").write_text("import no_such_library_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(UPWARD, "test.broken", ("package_without_library", "convert"))
    with pytest.raises(ModuleNotFoundError, match="no_such_library_at_all"):
        upward("test.broken")


def test_a_conversion_to_a_part_of_a_package_that_is_not_built(monkeypatch):
    monkeypatch.setitem(UPWARD, "test.part", ("minidask.dataframe", "from_no_such_thing"))
    with pytest.raises(NotImplementedError, match=r"needs minidask\.dataframe\.from_no_such_thing, which is not part"):
        upward("test.part")
