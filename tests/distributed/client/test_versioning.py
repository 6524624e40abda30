"""Versions here and elsewhere."""

import sys
from importlib.metadata import version

from minidask_distributed.client.versioning import installed, mismatches


def test_what_is_installed_here():
    found = installed(["pytest", "no-such-package"])
    assert found["packages"]["pytest"] == version("pytest")
    assert found["packages"]["no-such-package"] is None
    assert found["packages"]["numpy"] == version("numpy")
    assert found["host"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["host"]["byteorder"] == sys.byteorder


def process(**packages):
    return {"host": {}, "packages": packages}


def test_equal_versions():
    same = process(minidask="1", protocol="1", numpy="2.4.0")
    assert mismatches({"client": same, "scheduler": same, "workers": {"tcp://a:1": same}}) == []


def test_each_difference_is_named():
    here = process(minidask="1.0", protocol="1", python="3.11.2", numpy="2.4.0")
    scheduler = process(minidask="1.1", protocol="1", python="3.11.9", numpy="2.4.0")
    worker = process(minidask="1.0", protocol="1", python="3.12.0", numpy=None)
    assert mismatches({"client": here, "scheduler": scheduler, "workers": {"tcp://a:1": worker}}) == [
        "scheduler: minidask is 1.0 here and 1.1 there",
        "worker tcp://a:1: python is 3.11.2 here and 3.12.0 there",
        "worker tcp://a:1: numpy is 2.4.0 here and not installed there",
    ]
