"""The graph of a shuffle on a cluster: the method ``p2p`` of ``minidask.dataframe.shuffle``.

Place in the flow: importing this registers the method; a client has it imported as soon as dataframes ask for a way to shuffle
(`minidask.collection.upward`). It is preferred where a client is what would run the graph.

The annotation of the barrier is what the scheduler goes by (see the package). It also keeps the barrier from being fused with
anything, while transfers may be fused with what makes their partitions, and unpacks with what is done with theirs.
"""

from __future__ import annotations

from collections.abc import Collection

from minidask.dataframe.shuffle.methods import Plan, register_method
from minidask.graph import Key, Task, TaskRef
from minidask.schedulers.registry import get_scheduler, lowered_for
from minidask.tokenize import quick_token
from minidask_distributed.client.computing import Computations
from minidask_distributed.shuffle.tasks import barrier, transfer, unpack

KEEPS = {"keeps_inputs": True}


def lower(plan: Plan, wanted: Collection[int]) -> dict[Key, Task]:
    """Return one task a source, a barrier, and one task a wanted output partition."""
    tasks: dict[Key, Task] = {}
    some = None if len(wanted) == plan.npartitions else tuple(sorted(wanted))
    # What not all outputs are wanted of makes other pieces, and mustn't be taken for the whole.
    stem = plan.name if some is None else f"{plan.name}-{quick_token('outputs', some)}"
    tickets: list[TaskRef] = []
    for at in range(plan.source.numblocks[0]):
        key: Key = (stem, "transfer", at)
        arguments = (plan.name, TaskRef(plan.source.key_at((at,))), plan.targets, plan.npartitions, some)
        tasks[key] = Task(transfer, arguments, None, plan.annotations)
        tickets.append(TaskRef(key))
    gathered: Key = (stem, "barrier")
    tasks[gathered] = Task(barrier, (plan.name, *tickets), None, {**(plan.annotations or {}), **KEEPS})
    for at in wanted:
        tasks[(plan.name, at)] = Task(unpack, (TaskRef(gathered), at), None, plan.annotations)
    return tasks


def preferred() -> bool:
    """Return whether a cluster's client would run the graph."""
    return isinstance(getattr(lowered_for() or get_scheduler(), "__self__", None), Computations)


register_method("p2p", lower, preferred)
