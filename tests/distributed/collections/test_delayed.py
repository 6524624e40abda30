"""`delayed` on the cluster: every form that its users write, in worker processes."""

from __future__ import annotations

import random
from operator import add
from typing import Any

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.client import Client

pytestmark = [pytest.mark.network, pytest.mark.slow]


def inc(x: int) -> int:
    return x + 1


def divide_with_rest(a: int, b: int) -> tuple[int, int]:
    return divmod(a, b)


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def norm(self, factor: int = 1) -> int:
        return factor * (abs(self.x) + abs(self.y))


def test_nested_arguments(remote: Client) -> None:
    parts = [delayed(inc)(i) for i in range(5)]
    nested = delayed(lambda a, b, c: (sum(a), b, c))(parts, {"x": [parts[0]], "y": (parts[1], 7)}, c={"z": parts[2]})
    assert nested.compute() == (15, {"x": [1], "y": (2, 7)}, {"z": 3})
    assert delayed([parts[0], {"k": (parts[1],)}]).compute() == [1, {"k": (2,)}]


def test_diamonds_run_what_is_shared_once(remote: Client) -> None:
    source = delayed(random.random, pure=False)()
    left, right = source + 0, source * 1
    assert (left - right).compute() == 0
    a, b, c = minidask.compute(source, left, right)
    assert a == b == c


def test_pure_calls_are_one_task_and_others_are_not(remote: Client) -> None:
    assert delayed(inc, pure=True)(1).key == delayed(inc, pure=True)(1).key
    held = remote.persist(delayed(random.random, pure=True)())
    assert delayed(random.random, pure=True)().compute() == held.compute()
    a, b = (delayed(random.random, pure=False)() for _ in range(2))
    assert len(set(minidask.compute(a, b))) == 2


def test_several_outputs(remote: Client) -> None:
    quotient, rest = delayed(divide_with_rest, nout=2)(17, 5)
    assert minidask.compute(quotient, rest) == (3, 2)
    assert (quotient * 5 + rest).compute() == 17


def test_attributes_methods_items_and_operators(remote: Client) -> None:
    point = delayed(Point)(3, -4)
    assert (point.x + point.norm(factor=2) * 2).compute() == 31
    table = delayed({"a": [1, 2, 3]})
    assert (table["a"][1:].index(3) + (delayed(7) % 4)).compute() == 4
    assert (delayed(2) > 1).compute() is True


def test_futures_as_arguments(remote: Client) -> None:
    one, two = remote.map(inc, [0, 1])
    large = remote.scatter(b"x" * 1_000_000)
    assert delayed(add)(one, two).compute() == 3
    assert delayed(sum)([one, two, delayed(inc)(2)]).compute() == 6
    assert delayed(len)(large).compute() == 1_000_000
    assert delayed(lambda d: d["k"][0])({"k": [two]}).compute() == 2
    assert remote.compute(delayed(add)(one, delayed(inc)(two))).result() == 4


def test_collections_as_arguments_of_submit_are_computed_first(remote: Client) -> None:
    lazy = delayed(inc)(1)
    held = lazy.persist()
    future = remote.compute(lazy)
    assert remote.submit(add, future, 1).result() == 3
    # A collection is an object like any other: the function gets it, and may compute it.
    assert remote.submit(lambda x: x.compute(), held).result() == 2
    assert remote.submit(lambda x: x.compute(), lazy).result() == 2


def test_dataframes_of_futures_and_of_delayed(remote: Client) -> None:
    def part(i: int) -> pd.DataFrame:
        return pd.DataFrame({"x": range(3 * i, 3 * i + 3)})

    meta = part(0).iloc[:0]
    lazy = dd.from_delayed([delayed(part)(i) for i in range(3)], meta=meta)
    assert lazy.x.sum().compute() == 36
    futures = remote.map(part, range(3))
    frame = dd.from_delayed(futures, meta=meta)
    assert frame.x.sum().compute() == 36
    assert len(frame) == 9
    pieces = [piece.x.sum() for piece in frame.to_delayed()]
    assert minidask.compute(*pieces) == (3, 12, 21)


def test_results_that_are_futures_elsewhere(remote: Client) -> None:
    """What one graph persisted is what the next one builds on."""
    held = minidask.persist(*[delayed(inc)(i) for i in range(10)])
    assert delayed(sum)(held).compute() == 55
    assert delayed(sum)([*held, delayed(inc)(99)]).compute() == 155


def test_errors_come_with_the_task_and_the_traceback(remote: Client) -> None:
    bad = delayed(inc)(delayed(int)("seven"))
    with pytest.raises(ValueError, match="invalid literal") as caught:
        bad.compute()
    assert any("Raised by the task" in note for note in caught.value.__notes__)
    assert delayed(inc)(1).compute() == 2


def test_delayed_classes_and_objects_of_the_program(remote: Client) -> None:
    made = [delayed(Point)(i, i) for i in range(3)]
    total: Any = delayed(lambda points: sum(point.norm() for point in points))(made)
    assert total.compute() == 6
    assert delayed(Point(1, 2)).norm().compute() == 3
