"""The graph of a shuffle, and when it is the way that is taken."""

from __future__ import annotations

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.shuffle import HashTargets, rearrange
from minidask.dataframe.shuffle.methods import METHODS, choose_method
from minidask.schedulers.registry import lowering_for, named_scheduler, use_runner
from minidask_distributed.client.client import Client
from minidask_distributed.client.computing import Computations
from minidask_distributed.client.queries import get_task_stream
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.shuffle.method import KEEPS, lower, preferred
from minidask_distributed.shuffle.tasks import barrier, transfer, unpack

FRAME = pd.DataFrame({"x": range(20)})


def tasks(n=4, wanted=None):
    made = rearrange(dd.from_pandas(FRAME, npartitions=5), HashTargets(("x",), n), n, method="p2p")
    layer = made._layer
    keys = None if wanted is None else [(layer.name, at) for at in wanted]
    return layer, layer.lower(keys)


def test_one_task_a_source_a_barrier_and_one_an_output():
    layer, made = tasks()
    by_function = {
        func: [key for key, task in made.items() if task.func is func] for func in (transfer, barrier, unpack)
    }
    assert [len(keys) for keys in by_function.values()] == [5, 1, 4]
    (gathered,) = by_function[barrier]
    assert made[gathered].annotations == KEEPS
    assert list(made[gathered].dependencies) == by_function[transfer]
    assert all(
        made[key].dependencies == {gathered} or list(made[key].dependencies) == [gathered]
        for key in by_function[unpack]
    )
    assert by_function[unpack] == [(layer.name, at) for at in range(4)]


def test_some_outputs_have_tasks_of_their_own():
    whole, some = tasks()[1], tasks(wanted=[2])[1]
    shared = whole.keys() & some.keys()
    assert [key[1] for key in shared] == [2], "the output alone: the pieces differ"
    assert len(some) == 7
    assert tasks(wanted=[1])[1].keys().isdisjoint(some)
    assert tasks(wanted=[0, 1, 2, 3])[1].keys() == whole.keys()


def test_annotations_of_users_stay():
    with minidask.annotate(priority=3):
        _, made = tasks()
    for task in made.values():
        assert task.annotations["priority"] == 3


@pytest.mark.network
@pytest.mark.slow
def test_it_is_preferred_where_a_client_runs_the_graph(here):
    assert METHODS["p2p"].lower is lower
    assert preferred()
    assert choose_method(None) is METHODS["p2p"]
    with minidask.config.set(scheduler="threads"):
        assert not preferred()
    with use_runner(minidask.schedulers.registry.named_scheduler("sync")):
        assert not preferred()


def test_it_is_not_preferred_without_a_client():
    assert not preferred()


@pytest.mark.network
@pytest.mark.slow
def test_who_runs_the_graph_counts_not_who_is_registered():
    """A client that isn't the default one, and threads beside one that is."""
    df = dd.from_pandas(FRAME, npartitions=5).shuffle("x", npartitions=3)
    expected = df.compute(scheduler="sync")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as made, Client(made, set_as_default=False) as client:
        for ways in ({"scheduler": client}, {"scheduler": client.get}):
            with get_task_stream(client) as stream:
                pd.testing.assert_frame_equal(df.compute(**ways), expected)
            assert any("barrier" in str(one) for one in stream.data)
        pd.testing.assert_frame_equal(client.compute(df).result(), expected)
        with minidask.config.set(scheduler="threads"):
            pd.testing.assert_frame_equal(client.persist(df).compute(scheduler=client), expected)
    with use_runner(Computations.get.__get__(object.__new__(Client))), lowering_for(named_scheduler("threads")):
        assert not preferred()
        assert choose_method(None) is METHODS["disk"]
