"""The front door: what `import minidask` gives, lazily, and under which names."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from types import ModuleType

import cloudpickle
import pytest

import minidask


def run(code: str) -> str:
    """Run `code` in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", minidask.__all__)
def test_every_public_name_is_there_and_listed(name):
    assert getattr(minidask, name) is not None
    assert name in dir(minidask)


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [
        "import minidask",
        "import minidask.delayed, minidask.optimize",
        "from minidask.delayed import Delayed; import minidask",
        "import minidask; minidask.delayed, minidask.optimize; import minidask.delayed, minidask.optimize",
    ],
)
def test_a_function_keeps_its_name_when_the_module_of_that_name_is_imported(before):
    code = (
        f"{before}; from types import FunctionType as F; from minidask import delayed, optimize;"
        "print(isinstance(optimize, F), delayed is minidask.delayed, minidask.delayed(abs)(-2).compute())"
    )
    assert run(code) == "True True 2"


def test_modules_of_the_same_names_stay_importable():
    from minidask.delayed import Delayed

    assert isinstance(sys.modules["minidask.delayed"], ModuleType)
    assert isinstance(minidask.delayed(1), Delayed)


@pytest.mark.parametrize("name", ["minidask", "minidask_distributed"])
def test_functions_that_name_the_package_can_be_pickled_by_value(name):
    package = importlib.import_module(name)
    assert pickle.loads(pickle.dumps(package)) is package
    function = cloudpickle.loads(cloudpickle.dumps(lambda: package.__name__))
    assert function() == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'minidask' has no attribute 'no_such_name'"):
        minidask.no_such_name


def test_the_version_is_that_of_the_installed_distribution():
    from importlib.metadata import version

    assert minidask.__version__ == version("minidask")
