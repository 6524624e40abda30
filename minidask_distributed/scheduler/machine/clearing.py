"""Letting go of very many tasks, a part in each turn: others' messages needn't wait while a million results are dropped.

Place in the flow: `transitions.drop` stops when a turn's share (`Limits.drops`) is used up and leaves the rest in
``state.unneeded``; a client that is gone leaves what it wanted in ``state.departing``. `machine.flush` calls `clear`, and goes
on with what is given up (`cancelling`) and with the queues of workers that left (`queues`); the shell flushes again, behind
what others sent, as long as something is left.

Invariants: what is left counts for its dependencies as before, so nothing is dropped too early; each task is judged when its
turn comes, so whoever wants it meanwhile has it.
"""

from __future__ import annotations

import math

from minidask_distributed.scheduler.machine.records import Client, Recipe
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.transitions import drop, unwant


def clear(state: ClusterState) -> None:
    """Let go of as much as this turn has left."""
    while state.unneeded and state.drops_left > 0:
        drop(state, state.unneeded.pop())
    while state.departing:
        client, left = state.departing[0]
        for local in left:
            task = client.tasks.pop(local)
            if task is not None and not unwant(state, task, client, local) and not task.needed:
                drop(state, task)
            state.drops_left -= 1
            if state.drops_left <= 0:
                return
        for recipe in client.recipes.values():
            let_recipe_go(state, recipe)
        client.recipes.clear()
        client.out.clear()
        state.departing.popleft()


def clear_all(state: ClusterState) -> None:
    """Let go of everything at once: what is asked next must not find what is gone."""
    left, state.drops_left = state.drops_left, math.inf
    clear(state)
    state.drops_left = left


def depart(state: ClusterState, client: Client) -> None:
    """A client is gone: what it wanted is let go, by and by."""
    state.departing.append((client, iter(list(client.tasks.numbers()))))


def let_recipe_go(state: ClusterState, recipe: Recipe) -> None:
    """A session gives up a recipe; it lives as long as tasks use it."""
    recipe.n_tasks -= 1
    if not recipe.n_tasks:
        state.drop_recipe(recipe)
