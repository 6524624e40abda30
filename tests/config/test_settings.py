"""Tests of `minidask.config.settings`."""

from __future__ import annotations

import pytest

from minidask.config.settings import RESERVED, SETTINGS, UNSET
from minidask.config.sources import collect_env
from minidask.config.tree import lookup


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_declarations_are_whole(setting):
    if setting.default is not UNSET:
        setting.kind.check(setting.default)
    assert setting.doc.endswith(".")
    assert setting.kind.description
    assert setting.name == setting.name.lower()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_variable_of_the_environment_leads_back_to_the_setting(setting):
    expected = None if setting.default is UNSET else setting.default
    found = lookup(collect_env({setting.environment_variable: str(expected)}), setting.path)
    assert found == expected
    assert type(found) is type(expected)


def test_names_are_unique_and_aliases_are_no_names():
    names = [setting.name.replace("_", "-") for setting in SETTINGS]
    aliases = [alias.replace("_", "-") for setting in SETTINGS for alias in setting.aliases]
    assert len({*names, *aliases}) == len(names) + len(aliases)
    assert "distributed" in RESERVED
