"""Tests of `minidask.config.reference`."""

from __future__ import annotations

import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minidask.config.reference import BEGIN, END, main, renew, table
from minidask.config.settings import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "configuration.rst"


@pytest.mark.slow
def test_the_page_is_current(tmp_path):
    # In a process of its own: what the package above declares stays declared.
    copy = tmp_path / "configuration.rst"
    shutil.copy(PAGE, copy)
    command = [sys.executable, "-m", "minidask.config.reference", str(copy), "minidask_distributed.settings"]
    done = subprocess.run(command, cwd=PAGE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert copy.read_text() == PAGE.read_text(), (
        "run: python -m minidask.config.reference docs/configuration.rst minidask_distributed.settings"
    )
    assert "``distributed.scheduler.allowed-failures`` : default ``3``" in copy.read_text()


def test_what_the_page_shows_is_true():
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_every_setting_is_in_the_table():
    text = table(SETTINGS)
    for setting in SETTINGS:
        assert f"``{setting.name}``" in text
        assert f"``{setting.environment_variable}``" in text


def test_renew_leaves_the_rest_alone():
    assert renew(f"before\n{BEGIN}\nold\n{END}\nafter\n").startswith(f"before\n{BEGIN}\n\n``scheduler``")
    assert renew(f"before\n{BEGIN}\nold\n{END}\nafter\n").endswith(f"{END}\nafter\n")


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_renew_needs_both_markers(page):
    with pytest.raises(ValueError, match="the page needs the lines"):
        renew(page)


def test_main(tmp_path, capsys):
    page = tmp_path / "page.rst"
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main([str(page)]) == 0
    assert "num_workers" in page.read_text()
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main([str(page), "no_such_module"])
