from __future__ import annotations

import pytest

from minidask.dataframe.collection import new_collection
from minidask.dataframe.io.finish import Chain, finished, run
from minidask.graph import source


def add(state, block):
    return [*state, block]


def test_a_chain_folds_in_order():
    blocks = source(abs, [-3, -1, -2], name="blocks")
    chain = Chain("chain", blocks, add, [])
    assert list(chain.lower()) == [("chain", "step", 0), ("chain", "step", 1), ("chain", 0)]
    assert new_collection(chain, None).compute(scheduler="threads") == [3, 1, 2]
    assert Chain("one", source(abs, [-1], name="b"), add, []).lower()[("one", 0)].dependencies == (("b", 0),)


@pytest.mark.parametrize("count", [1, 2, 100])
def test_the_last_task_gets_all_blocks_at_once(count):
    blocks = source(abs, list(range(count)), name="blocks")
    value = finished(blocks, list, "all")
    assert len(value.dask) == count + 1
    assert value.compute(scheduler="sync") == list(range(count))


def test_what_was_written_is_discarded_when_a_task_fails():
    discarded = []
    failing = finished(source(int, ["1", "x"], name="blocks"), list, "all")
    with pytest.raises(ValueError, match="invalid literal"):
        run(failing, True, "sync", None, lambda: discarded.append(True))
    assert discarded == [True]
    assert run(failing, False, None, None, discarded.clear) is failing
    assert discarded == [True]


def test_arguments_of_compute_pass_through():
    value = finished(source(abs, [-1], name="blocks"), list, "all")
    used = []

    def get(graph, keys, **keywords):
        used.append(keywords)
        return [[[1]]]

    run(value, True, get, {"num_workers": 3}, list)
    assert used[0]["num_workers"] == 3
