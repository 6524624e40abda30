"""Options of tasks: checked, and in wire form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from minidask_distributed.client.options import options_of, worker_names


def test_nothing_is_None() -> None:
    assert options_of() is None
    assert options_of(retries=0, priority=0, resources={}, allow_other_workers=False) is None


def test_all() -> None:
    options = options_of(
        workers=["alice", 0],
        allow_other_workers=True,
        resources={"GPU": 1},
        retries=2,
        priority=-3,
        annotations={"a": [1]},
    )
    assert options == {
        "workers": ["alice", "0"],
        "allow_other_workers": True,
        "resources": {"GPU": 1},
        "retries": 2,
        "priority": -3,
        "annotations": {"a": [1]},
    }


def test_arguments_count_more_than_annotations() -> None:
    annotations = {"workers": "bob", "retries": 5, "priority": 7, "resources": {"A": 1}, "allow_other_workers": True}
    assert options_of(annotations=annotations) == {**annotations, "workers": ["bob"]}
    own = options_of(workers="alice", retries=1, priority=2, resources={"B": 1}, annotations=annotations)
    assert own == {
        "workers": ["alice"],
        "allow_other_workers": True,
        "retries": 1,
        "priority": 2,
        "resources": {"B": 1},
    }


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"workers": 1.5}, TypeError, "workers must be a name or address, or a list of these, got float"),
        ({"workers": []}, ValueError, "would allow no worker at all"),
        ({"workers": [None]}, TypeError, "workers must be names or addresses, got NoneType"),
        ({"allow_other_workers": True}, ValueError, "workers=, which is missing"),
        ({"resources": [1]}, TypeError, "resources must be a mapping"),
        ({"resources": {"GPU": "one"}}, TypeError, "must map names to numbers"),
        ({"resources": {"GPU": -1}}, ValueError, "must not be negative"),
        ({"retries": -1}, ValueError, "retries must be at least 0"),
        ({"retries": "2"}, TypeError, "retries must be a whole number"),
        ({"priority": 0.5}, TypeError, "priority must be a whole number"),
        ({"priority": 1_000_000}, ValueError, "priority must be between -16000 and 16000"),
        ({"annotations": {"note": object()}}, TypeError, "the annotation 'note' must be made of numbers, texts"),
        ({"annotations": {"note": {(1,): 2}}}, TypeError, "the annotation 'note'"),
    ],
)
def test_bad_options(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        options_of(**given)


def test_workers_may_be_objects_with_an_address() -> None:
    assert worker_names([SimpleNamespace(address="tcp://a:1"), "b"]) == ["tcp://a:1", "b"]
