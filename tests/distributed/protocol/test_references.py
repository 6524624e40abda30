import copyreg
import pickle
import threading
from collections import namedtuple

import cloudpickle
import pytest

from minidask.graph.task import TaskRef
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.references import (
    Slot,
    collecting,
    dependency,
    is_reference,
    reduce_reference,
    resolved,
    supplying,
    with_slots,
)

Pair = namedtuple("Pair", "a b")


class Future:
    __minidask_future__ = True

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return reduce_reference(self) or (Future, (self.number,))


def number_of(reference):
    return reference.number if isinstance(reference, Future) else {"x": 7, "y": 8}[reference.key]


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_nested_references_become_values(dumps):
    deps = {8: 0}
    value = {"a": [TaskRef("x"), TaskRef("y")], "b": Pair(Future(9), TaskRef("x"))}
    with collecting(number_of, deps) as collect:
        data = dumps(value, protocol=5)
    assert collect.used
    assert deps == {8: 0, 7: 1, 9: 2}
    with supplying([80, 70, 90]):
        assert pickle.loads(data) == {"a": [70, 80], "b": Pair(90, 70)}


def test_elsewhere_references_are_ordinary_objects():
    back = pickle.loads(pickle.dumps([TaskRef(("x", 0)), Future(3)]))
    assert back[0] == TaskRef(("x", 0))
    assert back[1].number == 3
    assert TaskRef in copyreg.dispatch_table


def test_without_references_nothing_is_used():
    with collecting(number_of, {}) as collect:
        pickle.dumps([1, 2])
    assert not collect.used


def test_collecting_nests_and_ends():
    outer, inner = {}, {}
    with collecting(number_of, outer):
        with collecting(number_of, inner):
            pickle.dumps(TaskRef("x"))
        pickle.dumps(TaskRef("y"))
        with pytest.raises(KeyError), collecting(number_of, inner):
            pickle.dumps(TaskRef("unknown"))
        assert reduce_reference(TaskRef("y")) == (dependency, (0,))
    assert (outer, inner) == ({8: 0}, {7: 0})
    assert reduce_reference(TaskRef("x")) is None


def test_other_threads_do_not_collect():
    found = []
    with collecting(number_of, {}):
        thread = threading.Thread(target=lambda: found.append(reduce_reference(TaskRef("x"))))
        thread.start()
        thread.join()
    assert found == [None]


def test_supplying_nests():
    with supplying([1]):
        with supplying([2]):
            assert dependency(0) == 2
        assert dependency(0) == 1


@pytest.mark.parametrize("position", [-1, 1])
def test_values_that_are_not_there(position):
    with supplying([1]), pytest.raises(ProtocolError, match="as an argument of its task only"):
        dependency(position)
    with pytest.raises(ProtocolError, match="as an argument of its task only"):
        dependency(0)


def test_what_is_a_reference():
    assert is_reference(TaskRef("x"))
    assert is_reference(Future(1))
    assert not is_reference(Future)
    assert not is_reference("x")


class TestByReference:
    def test_containers_are_copied_only_where_something_changes(self):
        kept = [[1, 2], {"a": (3,)}]
        value = {"kept": kept, "changed": [(TaskRef("x"), 1), {TaskRef("y")}]}
        changed = with_slots(value, number_of)
        assert changed["kept"] is kept
        assert type(changed["changed"][0][0]) is Slot
        assert value["changed"][0][0] == TaskRef("x")
        back = resolved(changed, {7: "X", 8: "Y"})
        assert back == {"kept": kept, "changed": [("X", 1), {"Y"}]}
        assert with_slots(kept, number_of) is kept

    def test_large_plain_lists_are_not_walked(self):
        numbers = list(range(100_000))
        assert with_slots([numbers], number_of)[0] is numbers

    def test_circles_and_other_types_stay_as_they_are(self):
        circle = [TaskRef("x")]
        circle.append(circle)
        assert with_slots(circle, number_of)[1] is circle
        pair = Pair(TaskRef("x"), 1)
        assert with_slots([pair], number_of)[0] is pair

    def test_the_same_list_twice_is_no_circle(self):
        inner = [TaskRef("x")]
        assert resolved(with_slots([inner, inner], lambda _: 0), [5]) == [[5], [5]]

    def test_slots_are_read_as_references_in_another_process(self):
        data = pickle.dumps(with_slots([TaskRef("x")], lambda _: 0))
        with supplying(["value"]):
            assert pickle.loads(data) == ["value"]
