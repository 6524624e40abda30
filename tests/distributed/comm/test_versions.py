"""Versions and their differences."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import minidask
from minidask_distributed.comm.versions import differences, refusal, versions


def test_versions_are_those_of_this_process():
    found = versions()
    assert found["minidask"] == minidask.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    found["numpy"] = "changed"
    assert versions()["numpy"] == np.__version__


@pytest.mark.slow
def test_nothing_heavy_is_imported_to_know_a_version():
    code = (
        "from minidask_distributed.comm.versions import versions; import sys\n"
        "versions(); print(*({'numpy', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_differences_are_named():
    ours = {"python": "3.11.7", "minidask": "1", "numpy": "2.4", "pandas": None, "scipy": "1"}
    assert differences(ours, dict(ours)) == []
    assert differences(ours, ours | {"python": "3.11.9"}) == []
    assert differences(ours, ours | {"python": "3.12.7"}) == ["python is 3.11.7 here and 3.12.7 there"]
    assert differences(ours, ours | {"pandas": "3.1"}) == ["pandas is not installed here and 3.1 there"]
    assert differences(ours, {}) == []
    assert differences(ours, ours | {"minidask": "2"}) == []  # that is a refusal


def test_refusals():
    ours = versions()
    assert refusal(ours, dict(ours)) is None
    assert refusal(ours, ours | {"numpy": "0.1"}) is None
    assert "minidask is" in refusal(ours, ours | {"minidask": "0.0"})
    assert "the protocol is" in refusal(ours, ours | {"protocol": "0", "minidask": "0.0"})
    assert "None there" in refusal(ours, {})
