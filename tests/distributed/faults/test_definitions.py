"""Functions and classes of notebooks and scripts: what a worker runs is what was meant when it was submitted."""

from __future__ import annotations

import sys
from operator import attrgetter
from pathlib import Path

import cloudpickle
import pytest

from minidask_distributed.client.client import Client
from tests.distributed.faults.stage import PATIENCE_S, Gate, script, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def cell(namespace: dict, text: str) -> None:
    """Run a notebook's cell."""
    exec(compile(text, "<cell>", "exec"), namespace)


@pytest.fixture
def notebook() -> dict:
    """The namespace of a notebook, whose functions travel by value."""
    return {"__name__": "__main__", "__builtins__": __builtins__}


@pytest.mark.parametrize("pure", [True, False])
def test_globals_that_change_between_two_submits(client: Client, notebook: dict, pure: bool):
    cell(notebook, "factor = 2\ndef scale(x):\n    return x * factor")
    function = notebook["scale"]
    first = client.submit(function, 10, pure=pure)
    mapped = client.map(function, [1, 2], pure=pure)
    assert first.result(PATIENCE_S) == 20
    cell(notebook, "factor = 3")
    second = client.submit(function, 10, pure=pure)
    assert second.result(PATIENCE_S) == 30
    assert client.gather(client.map(function, [1, 2], pure=pure)) == [3, 6]
    # What was submitted before is what it was.
    assert (first.result(), client.gather(mapped)) == (20, [2, 4])
    assert first.key != second.key


def test_globals_that_change_before_the_task_has_run(client: Client, notebook: dict, gates):
    gate: Gate = gates("first")
    cell(notebook, "items = [1]\ndef count(x=None):\n    return len(items)")
    blocked = [client.submit(gate, pure=False, workers=[name]) for name in "01"]
    gate.until_begun(), gate.until_begun()
    first = client.submit(notebook["count"], pure=False)
    cell(notebook, "items.append(2)")
    second = client.submit(notebook["count"], pure=False)
    gate.let_on(2)
    assert client.gather([first, second]) == [1, 2]
    client.gather(blocked)


def test_a_definition_that_replaces_another(client: Client, notebook: dict):
    futures = []
    for constant in range(5):
        cell(notebook, f"def helper(x):\n    return x + {constant}\ndef work(x):\n    return helper(x)")
        futures.append(client.submit(notebook["work"], 1))
    assert client.gather(futures) == [1, 2, 3, 4, 5]


def test_an_instance_of_a_class_that_was_defined_again(client: Client, notebook: dict):
    cell(notebook, "class Point:\n    def __init__(self, x): self.x = x\n    def twice(self): return 2 * self.x")
    old = notebook["Point"](3)
    assert client.submit(type(old).twice, old).result(PATIENCE_S) == 6
    cell(notebook, "class Point:\n    def __init__(self, x): self.x = x\n    def twice(self): return 20 * self.x")
    new = notebook["Point"](3)
    assert client.submit(type(new).twice, new).result(PATIENCE_S) == 60
    back = client.submit(lambda point: point, new).result(PATIENCE_S)
    # It comes back as what it is here, not as a stranger of the same name.
    assert type(back) is notebook["Point"]
    assert client.gather(client.map(attrgetter("x"), [old, new, back])) == [3, 3, 3]


SCRIPT = """
import dataclasses, enum, sys
from minidask import delayed
from minidask.distributed import Client

@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

    def moved(self, by):
        return Point(self.x + by, self.y)

class Colour(enum.Enum):
    RED = 1

class OddError(Exception):
    def __init__(self, code, *, why):
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why

class Total:
    seen = 0

    def __call__(self, point):
        assert isinstance(point, Point), type(point)
        return point.x + point.y

def fail(point, colour):
    assert colour is Colour.RED
    raise OddError(point.x, why=colour)

client = Client(sys.argv[1], timeout=10)
points = [Point(1), Point(2, 3)]
assert client.gather(client.map(Total(), points)) == [1, 5]
moved = client.submit(Point.moved, points[0], by=4)
assert moved.result() == Point(5) and type(moved.result()) is Point
assert client.submit(lambda points: sum(point.x for point in points), [moved, points[1]]).result() == 7
assert delayed(Total())(delayed(points[1].moved)(1)).compute() == 6
assert client.gather(client.scatter({"red": {Colour.RED: points[0]}})) == {"red": {Colour.RED: points[0]}}
(held,) = client.scatter([points[1]])
assert client.submit(Total(), held).result() == 5
try:
    client.submit(fail, points[1], Colour.RED).result()
except OddError as error:
    assert (error.code, error.why) == (2, Colour.RED)
    print("as it should be")
client.close()
"""


def test_classes_of_a_script(cluster, client: Client, tmp_path: Path):
    with within(15), script(tmp_path, SCRIPT, cluster.scheduler_address) as program:
        assert program.wait() == 0, program.output
        assert "as it should be" in program.output
