"""The table of ascending ints: like a dict, and empty pages go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.scheduler.machine.pages import SIZE, Pages


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5 * SIZE))))
def test_like_a_dict(steps):
    table, model = Pages(), {}
    for put, number in steps:
        if put:
            table.set(number, f"v{number}")
            model[number] = f"v{number}"
        else:
            assert table.pop(number) == model.pop(number, None)
        assert table.get(number) == model.get(number)
    assert len(table) == len(model)
    assert sorted(table) == sorted(model.values())
    assert sorted(table.numbers()) == sorted(model)
    assert set(table.pages) == {number // SIZE for number in model}


def test_entries_may_go_while_they_are_walked():
    table = Pages()
    for number in range(3000):
        table.set(number, number + 1)
    for number in table.numbers():
        table.pop(number)
    assert len(table) == 0
    assert not table.pages
