"""What isn't built says so, and what to do instead."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import minidask.distributed
import minidask_distributed
from minidask_distributed.client.client import Client
from minidask_distributed.client.unbuilt import PUBLIC_NAMES, Unbuilt, UnbuiltAttribute, UnbuiltName, refusal

METHODS = [name for name, value in vars(Unbuilt).items() if inspect.isfunction(value)]
ARGUMENTS = {"replicate": ([],), "get_dataset": ("x",), "unpublish_dataset": ("x",), "normalize_collection": (None,)}


@pytest.mark.parametrize("name", PUBLIC_NAMES)
@pytest.mark.parametrize("module", [minidask.distributed, minidask_distributed])
def test_public_names(module, name):
    with pytest.raises(NotImplementedError, match=f"{name} isn't built yet; instead: ") as caught:
        getattr(module, name)
    assert caught.value.name == name
    assert name not in module.__all__


def test_importing_one():
    with pytest.raises(NotImplementedError, match="Lock isn't built yet; instead: make what must not run at once"):
        from minidask.distributed import Client, Lock  # noqa: F401
    try:
        from minidask.distributed import Queue
    except ImportError as error:
        Queue = error
    assert isinstance(Queue, UnbuiltName)


def test_other_names_are_not_refused():
    assert refusal("Client") is None
    assert refusal("no_such_name") is None
    assert not hasattr(minidask_distributed, "no_such_name")
    assert not set(PUBLIC_NAMES) & set(minidask_distributed.__all__)


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    method = getattr(Client, name)
    with pytest.raises(NotImplementedError, match="isn't built yet; instead: "):
        method(object.__new__(Client), *ARGUMENTS.get(name, ()))


@pytest.mark.parametrize("name", ["amm", "datasets"])
def test_attributes(name):
    client = object.__new__(Client)
    with pytest.raises(NotImplementedError, match="isn't built yet; instead: "):
        getattr(client, name)
    assert not hasattr(client, name)
    assert issubclass(UnbuiltAttribute, AttributeError)


def test_the_guide_lists_them():
    text = (Path(__file__).parents[3] / "docs" / "coverage.rst").read_text(encoding="utf-8")
    missing = [name for name in [*PUBLIC_NAMES, *METHODS, "amm", "datasets"] if f"``{name}``" not in text]
    assert not missing
