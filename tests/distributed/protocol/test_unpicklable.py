import threading
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from minidask_distributed.protocol.unpicklable import describe_unpicklable

LOCK = threading.Lock()


@dataclass
class Model:
    name: str
    lock: object

    def method(self):
        return self.lock


class Slotted:
    __slots__ = ("inner",)

    def __init__(self, inner):
        self.inner = inner


class Evil:
    def __reduce__(self):
        raise RuntimeError("no")

    def __getstate__(self):
        raise RuntimeError("no state either")

    def __repr__(self):
        raise RuntimeError("no repr")


def using(lock):
    return lambda: lock


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (LOCK, "the lock can't"),
        ([0, [LOCK]], r"the lock at \[1\]\[0\] can't"),
        ({"a": LOCK}, r"the lock at \['a'\] can't"),
        ({LOCK: 1}, r"the lock at \.?key\(.*\) can't"),
        ({LOCK}, r"the lock at \{\.\.\.\} can't"),
        (Model("m", LOCK), "the lock at lock can't"),
        ([Model("m", {"x": LOCK})], r"the lock at \[0\]\.lock\['x'\] can't"),
        (Slotted(LOCK), "the lock at inner can't"),
        (Model("m", LOCK).method, "the lock at __self__.lock can't"),
        (partial(max, key=LOCK), r"the lock at keywords\['key'\] can't"),
        (using(LOCK), "the lock at closure variable 'lock' can't"),
        ((lambda x=LOCK: x), "the lock at default 0 can't"),
        (Evil(), "the Evil can't be pickled: RuntimeError: no"),
        ([Evil()], r"the Evil at \[0\] can't"),
    ],
)
def test_the_innermost_part_is_named(value, where):
    assert __import__("re").match(where, describe_unpicklable(value)), describe_unpicklable(value)


@pytest.mark.parametrize("value", [1, [1, 2], np.arange(3), lambda: 1, Model("m", 1)])
def test_what_can_be_pickled_has_no_description(value):
    assert describe_unpicklable(value) == ""


def test_circles_end():
    circle = [LOCK]
    circle.insert(0, circle)
    assert describe_unpicklable(circle).startswith("the lock at [1] can't")


def test_many_parts_are_not_all_tried():
    assert describe_unpicklable([*range(5000), LOCK]).startswith("the list can't be pickled")
