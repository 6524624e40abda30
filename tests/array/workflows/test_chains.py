"""Random chains of operations on random arrays, cut anywhere: with and without the optimiser what NumPy makes of the whole."""

from __future__ import annotations

import random
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, note, seed, settings
from hypothesis import strategies as st

import minidask
from minidask.array.testing import assert_eq
from tests.array.workflows.chains import LARGEST, State, Step, beginnings
from tests.array.workflows.folding_steps import FOLDING_STEPS
from tests.array.workflows.shape_steps import SHAPE_STEPS
from tests.array.workflows.value_steps import VALUE_STEPS

LONGEST = 6
REMEDIES = ("compute_chunk_sizes", "rechunk first", "isn't known before computing")
slowly = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=slowly)
@given(st.data())
def test_a_chain_is_what_numpy_makes_of_the_whole(data: st.DataObject) -> None:
    check_a_chain(data)


# Ten tests, so that a share of the endurance tests is a share of these.
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(10))
def test_many_chains(block: int) -> None:
    @seed(block if settings.default.derandomize else random.getrandbits(64))
    @settings(max_examples=300, derandomize=False, database=None, suppress_health_check=slowly)
    @given(st.data())
    def chains(data: st.DataObject) -> None:
        check_a_chain(data)

    chains()


def check_a_chain(data: st.DataObject) -> None:
    """Draw an array, where it is cut and steps; compute by "sync", at times by threads, and each array again at the end."""
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"), warnings.catch_warnings():
        # Of the values: divisions by zero, means of nothing.
        warnings.simplefilter("ignore")
        state = data.draw(beginnings(Path(folder)))
        note(f"{state.source}: {state.lazy.chunks} of {state.eager!r}")
        walk(data, state)


def walk(data: st.DataObject, state: State) -> None:
    states, inputs = [remembered(state)], [(state.eager, state.eager.copy())]
    for _ in range(data.draw(st.integers(1, LONGEST))):
        kinds = data.draw(st.sampled_from([SHAPE_STEPS, VALUE_STEPS, FOLDING_STEPS]))
        step = data.draw(data.draw(st.sampled_from(kinds))(state.eager, state.exact))
        if step is None:
            continue
        note(f"{step}")
        after = stepped(state, step)
        if after is None:
            note("(not taken)")
            continue
        inputs += [(other.eager, other.eager.copy()) for other in step.others if isinstance(other.eager, np.ndarray)]
        state = after
        states.append(remembered(state))
    check(state, "threads" if data.draw(st.integers(0, 4)) == 0 else "sync")
    together = minidask.compute(*[s.lazy for s in states], scheduler="sync", optimize_graph=data.draw(st.booleans()))
    for value, before in zip(together, states, strict=True):
        assert_eq(as_memory(value, before), before.eager, **tolerance(before))
    for given_one, kept in inputs:
        np.testing.assert_array_equal(given_one, kept)


def remembered(state: State) -> State:
    """The state with an array that assignments to the chain's own don't reach."""
    return state._replace(lazy=state.lazy.copy())


def stepped(state: State, step: Step) -> State | None:
    """The state after a step, or None where NumPy refuses, we say what isn't built, or numbers grow too large to compare."""
    try:
        after = step.eager(state.eager)
    except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError, AttributeError) as error:
        event(f"NumPy refuses: {type(error).__name__}")
        return None
    if after.size > LARGEST or (after.dtype.kind in "fc" and not tame(after)):
        return None
    # Blocks of unknown sizes are believed to be as long as those of the others.
    if np.isnan(state.lazy.size) and any(getattr(other.lazy, "npartitions", 1) > 1 for other in step.others):
        return None
    try:
        lazy = step.lazy(state.lazy)
    except NotImplementedError as error:
        event(f"not built: {step.text.split()[0]}: {error}")
        return None
    except ValueError as error:
        if not any(remedy in str(error) for remedy in REMEDIES):
            raise
        event(f"needs sizes: {step.text.split()[0]}")
        return None
    # What NumPy copies has to be another array here too, since assignments change arrays.
    views = step.assigns or step.text.startswith(("ravel", "reshape"))
    copied = after.size and after.ndim and not np.shares_memory(after, state.eager) and not views
    assert not (copied and lazy is state.lazy), f"{step} gives the array itself"
    return state.after(step, after, lazy)


def tame(a: Any) -> bool:
    finite = np.abs(a[np.isfinite(a)])
    return not finite.size or float(finite.max()) < (1e3 if a.dtype == "f2" else 1e6)


def tolerance(state: State) -> dict[str, float]:
    """How much numbers may differ that were calculated in another order: by some units of the largest, in the least precision."""
    if state.eager.dtype.kind not in "fc" or not state.eager.size:
        return {}
    finite = np.abs(state.eager[np.isfinite(state.eager)])
    largest = max(1.0, float(finite.max()) if finite.size else 1.0)
    return {"rtol": max(1e-9, 200 * state.precision), "atol": max(1e-9, 200 * state.precision) * largest}


def as_memory(value: Any, state: State) -> Any:
    if state.eager.dtype == object and not state.eager.ndim:
        out = np.empty((), object)
        out[()] = value
        return out
    return np.asarray(value)


def check(state: State, scheduler: str) -> None:
    assert_eq(state.lazy, state.eager, scheduler=scheduler, **tolerance(state))
