"""The door to the cluster: names, laziness, what it says when something is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import minidask.distributed
import minidask_distributed


def run(code: str) -> str:
    """Run `code` in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", minidask_distributed.__all__)
def test_every_public_name_is_behind_the_door(name):
    value = getattr(minidask.distributed, name)
    assert value is getattr(minidask_distributed, name)
    assert name in dir(minidask.distributed)
    assert name in dir(minidask_distributed)


def test_the_table_and_the_list_agree():
    assert set(minidask_distributed.__all__) == {*minidask_distributed._NAMES, "__version__", "config"}
    assert minidask.distributed.__all__ is minidask_distributed.__all__


@pytest.mark.parametrize("name", ["no_such_name", "annotations", "import_module", "_NAMES"])
def test_an_unknown_name_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"module 'minidask.distributed' has no attribute '{name}'"):
        minidask.distributed.__getattr__(name)


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'minidask_distributed' has no attribute 'no_such_name'"):
        minidask_distributed.no_such_name


def test_names_of_the_standard_library_are_its_own():
    from concurrent.futures import CancelledError

    assert minidask.distributed.CancelledError is CancelledError
    assert minidask.distributed.TimeoutError is TimeoutError


@pytest.mark.slow
def test_importing_loads_nothing():
    code = (
        "import sys; import minidask.distributed, minidask_distributed;"
        "print(*sorted({'asyncio', 'msgpack', 'numpy', 'tornado', 'psutil', 'click'} & set(sys.modules)))"
    )
    assert run(code) == ""


@pytest.mark.slow
def test_a_client_loads_what_it_needs():
    code = (
        "import sys; from minidask.distributed import Client;"
        "print(*sorted({'numpy', 'pandas', 'pyarrow', 'tornado', 'psutil', 'click'} & set(sys.modules)),"
        "*sorted(name for name in sys.modules if name in ('minidask_distributed.deploy', 'minidask_distributed.worker')))"
    )
    assert run(code) == ""


@pytest.mark.slow
def test_a_function_keeps_its_name_when_the_module_of_that_name_is_imported():
    code = (
        "import minidask_distributed.worker_client, minidask_distributed as d; from types import FunctionType as F;"
        "from minidask.distributed import worker_client;"
        "print(isinstance(d.worker_client, F), isinstance(worker_client, F))"
    )
    assert run(code) == "True True"


@pytest.mark.slow
def test_a_star_imports_the_public_names():
    assert run("from minidask.distributed import *; print(Client.__name__, wait.__name__)") == "Client wait"


@pytest.mark.slow
def test_a_missing_package_is_named_with_the_remedy():
    code = (
        "import sys; sys.modules['msgpack'] = None\n"
        "try:\n    from minidask.distributed import Client\n"
        "except ImportError as error:\n    print(error)"
    )
    assert run(code) == (
        "the cluster needs the package msgpack: install minidask with it, pip install 'minidask[distributed]'"
    )
