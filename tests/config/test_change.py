"""Tests of `minidask.config.change`: what `set` means, in one thread and in several."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask import config


def in_thread(function):
    """Return what `function` returns in a new thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(60)


# ---- one thread


def test_statement_and_block():
    config.set(num_workers=2)
    with config.set({"num_workers": 3, "array.chunk-size": 5}, scheduler="sync"):
        assert config.get("num_workers") == 3
        assert config.get("array.chunk_size") == 5
        assert config.get("scheduler") == "sync"
    assert config.get("num_workers") == 2
    assert config.get("array.chunk-size") == "16 MiB"
    assert config.get("scheduler") is None


def test_keywords_with_underscores():
    with config.set(array__chunk_size=5, foreign__a__b_c=1):
        assert config.get("array.chunk-size") == 5
        assert config.get("foreign") == {"a": {"b_c": 1}}


def test_spellings_meet():
    with config.set({"delayed-pure": True}):
        assert config.get("delayed_pure") is True
        assert "delayed-pure" not in config.effective()
        with config.set(delayed_pure=False):
            assert config.get("delayed-pure") is False
    with config.set(array_optimize=None):
        assert config.get("array-optimize", 5) is None
    assert config.get("array_optimize", 5) == 5


def test_a_dictionary_changes_only_what_it_names_in_groups_of_ours():
    with config.set({"array": {"chunk-size": 5}}):
        assert config.get("array.chunk-size") == 5
        assert config.get("array.rechunk.method") is None


def test_a_dictionary_replaces_what_is_there_elsewhere():
    config.set({"foreign": {"a": 1, "b": 2}})
    with config.set({"foreign": {"b": 3}}):
        assert config.get("foreign") == {"b": 3}
        assert config.get("foreign.a", "gone") == "gone"
    assert config.get("foreign") == {"a": 1, "b": 2}


def test_objects_are_kept_as_they_are():
    with ThreadPoolExecutor(1) as pool, config.set(scheduler=pool, pool=pool, bag_optimize=len):
        assert config.get("scheduler") is pool
        assert config.get("pool") is pool
        assert config.get("bag_optimize") is len


def test_the_block_is_left_on_errors():
    with pytest.raises(ZeroDivisionError), config.set(num_workers=3):
        1 / 0
    assert config.get("num_workers") is None


def test_as_gives_the_settings_of_the_block():
    with config.set(num_workers=3) as inside:
        assert inside["num_workers"] == 3


def test_a_block_can_be_entered_again_and_within_itself():
    block = config.set(num_workers=3)
    for _ in range(2):
        with block, block:
            assert config.get("num_workers") == 3
    assert config.get("num_workers") is None


def test_an_exit_stack():
    with ExitStack() as stack:
        stack.enter_context(config.set(num_workers=3))
        stack.enter_context(config.set(num_workers=4))
        assert config.get("num_workers") == 4
        assert config.config["num_workers"] is None
    assert config.get("num_workers") is None


def test_a_kept_object_is_for_good_until_it_is_entered():
    kept = config.set(num_workers=3)
    assert in_thread(lambda: config.get("num_workers")) == 3
    with kept:
        assert in_thread(lambda: config.get("num_workers")) is None
    assert config.get("num_workers") is None


def test_a_statement_in_a_block_that_overrides_the_setting_ends_with_the_block():
    with config.set({"foreign.x": 1}):
        config.set({"foreign.x": 2, "foreign.y": 3})
        assert config.get("foreign") == {"x": 2, "y": 3}
        with config.set({"foreign.x": 4}):
            assert config.get("foreign.x") == 4
        assert config.get("foreign.x") == 2
        config.set(foreign={"x": 5})
        assert config.get("foreign") == {"x": 5}
    assert config.get("foreign") == {"y": 3}


def test_a_statement_in_a_block_that_overrides_another_setting_is_for_good():
    with config.set(num_workers=3):
        config.set(chunksize=7)
    assert config.get("chunksize") == 7
    assert config.get("num_workers") is None


def test_blocks_left_out_of_order():
    one, two = config.set(num_workers=1), config.set(num_workers=2)
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    assert config.get("num_workers") == 2
    two.__exit__(None, None, None)
    assert config.get("num_workers") is None


# ---- a tree of one's own


def test_own_tree():
    tree = {"a": {"b-c": 1}, "s": "x"}
    with config.set({"a.b_c": 2, "a.d.e": 3, "array.chunk-size": "nonsense"}, config=tree) as inside:
        assert inside is tree
        assert tree == {"a": {"b-c": 2, "d": {"e": 3}}, "s": "x", "array": {"chunk-size": "nonsense"}}
    assert tree == {"a": {"b-c": 1}, "s": "x"}
    config.set(config=tree, s="y")
    assert tree["s"] == "y"
    assert config.get("s", None) is None


def test_own_tree_is_unchanged_after_an_error():
    tree = {"s": "x"}
    with pytest.raises(TypeError, match="'s' is the value 'x', not a group"):
        config.set({"t": 1, "s.u": 2}, config=tree)
    assert tree == {"s": "x"}


def test_own_lock_is_held():
    lock, tree = threading.Lock(), {}
    lock.acquire()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: config.set({"a": 1}, config=tree, lock=lock))
        assert tree == {}
        lock.release()
        waiting.result(60)
    assert tree == {"a": 1}
    assert not lock.locked()


# ---- what is refused or warned of


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"num_workers": 0}, ValueError, r"setting 'num_workers' must be .* at least 1, or None; config.set gives 0"),
        ({"num_workers": "2"}, TypeError, r"config.set gives '2' \(str\)"),
        ({"array": {"chunk-size": "lots"}}, ValueError, "setting 'array.chunk-size' must be a number of bytes"),
        ({"array": 3}, TypeError, "'array' is a group of settings"),
        ({"scheduler.x": 3}, TypeError, "'scheduler' is a setting, not a group"),
        ({"": 3}, ValueError, "has an empty part"),
        ({3: 3}, TypeError, "the key of a setting is a text"),
        (["num_workers"], TypeError, "config.set takes a mapping"),
        ("num_workers", TypeError, "config.set takes a mapping"),
        ({"multiprocessing.context": "thread"}, ValueError, "one of 'spawn', 'forkserver', 'fork'"),
    ],
)
def test_refused(given, error, message):
    before = config.effective()
    with pytest.raises(error, match=message):
        config.set(given)
    assert config.effective() == before


def test_a_refusal_changes_nothing_at_all():
    with pytest.raises(ValueError):
        config.set({"scheduler": "sync", "num_workers": -1})
    assert config.get("scheduler") is None


def test_below_a_value_of_another_package():
    config.set(foreign=1)
    with pytest.raises(TypeError, match=r"can't set 'foreign.x': 'foreign' is the value 1, not a group"):
        config.set({"chunksize": 3, "foreign.x": 2})
    with config.set(other=1):
        with pytest.raises(TypeError, match=r"can't set 'other.x'"):
            config.set({"other.x": 2})
    assert config.get("chunksize") is None


def test_unknown_names_warn_where_they_are_written():
    with pytest.warns(
        UserWarning, match="unknown setting 'array.chunksize'.*did you mean 'array.chunk-size'"
    ) as record:
        config.set({"array.chunksize": 5})
    assert record[0].filename == __file__
    with pytest.warns(UserWarning, match="did you mean 'num_workers'"):
        config.set(nworkers=5)


def test_names_of_other_packages_do_not_warn():
    config.set({"coiled.token": "x", "distributed.comm.retry": 3, "foo": 1})


def test_former_names_warn_and_are_renamed():
    with pytest.warns(FutureWarning, match="'fuse_ave_width' is now called 'optimization.fuse.ave-width'") as record:
        block = config.set(fuse_ave_width=3)
    assert record[0].filename == __file__
    with block:
        assert config.get("optimization.fuse.ave-width") == 3


def test_removed_names_are_refused():
    config.deprecations["an.old-one"] = None
    with pytest.raises(ValueError, match=r"setting 'an\.old_one' has been removed; take it out"):
        config.set({"an.old_one": 1})


# ---- several threads


def test_a_block_is_seen_by_its_own_thread_only():
    with config.set(num_workers=3):
        assert in_thread(lambda: config.get("num_workers")) is None
        context = contextvars.copy_context()
        assert in_thread(lambda: context.run(config.get, "num_workers")) == 3


def test_a_statement_is_seen_by_all_threads():
    in_thread(lambda: config.set(num_workers=3))
    assert config.get("num_workers") == 3


def test_leaving_a_block_keeps_what_other_threads_set_for_good_meanwhile():
    with config.set({"num_workers": 3, "foreign.x": 1}):
        in_thread(lambda: config.set({"num_workers": 5, "chunksize": 6, "foreign.y": 2}))
        assert config.get("num_workers") == 3
        assert config.get("chunksize") == 6
        assert config.get("foreign") == {"x": 1, "y": 2}
    assert config.get("num_workers") == 5
    assert config.get("chunksize") == 6
    assert config.get("foreign") == {"y": 2}


def test_entering_takes_back_only_its_own_change():
    block = config.set({"num_workers": 3, "foreign.x": 1})
    in_thread(lambda: config.set({"num_workers": 5, "foreign.y": 2}))
    with block:
        assert in_thread(config.effective)["num_workers"] == 5
    assert config.get("num_workers") == 5
    assert config.get("foreign") == {"y": 2}


def test_an_equal_value_that_somebody_else_set_stays():
    block = config.set(num_workers=3)
    in_thread(lambda: config.set(num_workers=3))
    with block:
        pass
    assert config.get("num_workers") == 3


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_objects_made_before_any_is_entered_leave_only_the_statements(order, statements):
    config.refresh(paths=[], env={})
    blocks = [config.set({"foreign.x": i, f"foreign.own{i}": i}) for i in range(4)]
    for i in order:
        if i not in statements:
            blocks[i].__enter__()
    assert config.global_config.get("foreign", {}) == {
        **({"x": max(statements)} if statements else {}),
        **{f"own{i}": i for i in statements},
    }
    for i in order:
        if i not in statements:
            blocks[i].__exit__(None, None, None)
    assert config.get("foreign.x", None) == (max(statements) if statements else None)
    config.pop("foreign", None)


def test_a_block_left_in_another_thread_is_over_everywhere():
    block = config.set(num_workers=3)
    block.__enter__()
    in_thread(lambda: block.__exit__(None, None, None))
    assert config.get("num_workers") is None
    assert config.effective()["num_workers"] is None


def test_one_object_entered_by_several_threads():
    block = config.set(num_workers=3)
    with block:
        barrier = threading.Barrier(3)

        def work():
            with block:
                barrier.wait(60)
                inside = config.get("num_workers")
                barrier.wait(60)
            return inside, config.get("num_workers")

        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(work) for _ in range(2)]
            barrier.wait(60)
            barrier.wait(60)
            assert [future.result(60) for future in futures] == [(3, None)] * 2
        assert config.get("num_workers") == 3
    assert config.get("num_workers") is None


def test_asyncio_tasks_do_not_meet():
    async def work(n):
        with config.set(num_workers=n):
            await asyncio.sleep(0)
            return config.get("num_workers"), await asyncio.to_thread(config.get, "num_workers")

    async def main():
        return await asyncio.gather(*(work(n) for n in range(1, 6)))

    assert asyncio.run(main()) == [(n, n) for n in range(1, 6)]
    assert config.get("num_workers") is None


@pytest.mark.slow
def test_many_threads_with_blocks_and_statements():
    wrong, start = [], threading.Barrier(4)

    def work(me):
        start.wait(60)
        for i in range(300):
            with config.set({"foreign.block": me, f"foreign.only{me}": i}):
                with config.set(num_workers=me + 1):
                    if config.get("foreign.block") != me or config.get("num_workers") != me + 1:
                        wrong.append((me, i))
                if i % 10 == 0:
                    config.set({f"foreign.for-good{me}": i})
            if config.get("array.chunk-size") != "16 MiB":
                wrong.append("a reader found no default")
            if i % 100 == 99 and me == 0:
                config.effective()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, me) for me in range(4)]:
            future.result(60)
    gc.collect()
    assert wrong == []
    assert config.config["foreign"] == {f"for-good{me}": 290 for me in range(4)}
    assert config.config["num_workers"] is None


# ---- nesting, against a model


names = st.sampled_from(
    ["foreign", "foreign.a", "foreign.a.x", "foreign.b_c", "foreign.b-c", "num_workers", "chunksize"]
)


@st.composite
def programs(draw, depth=3):
    """Draw a list of steps: a statement, or a block with a program in it."""
    steps = []
    for _ in range(draw(st.integers(0, 3))):
        name = draw(names)
        value = draw(st.integers(1, 4))
        if name in ("foreign", "foreign.a"):
            value = draw(st.sampled_from([{}, {"x": value}, {"b-c": value}]))
        inner = draw(programs(depth - 1)) if depth and draw(st.booleans()) else None
        steps.append((name, value, inner))
    return steps


def model_set(tree, name, value):
    """Return `tree` (flat, normal names) with `name` set."""
    name = name.replace("_", "-")
    kept = {key: old for key, old in tree.items() if key != name and not key.startswith(name + ".")}
    if isinstance(value, dict):
        return {**kept, **{f"{name}.{key}": item for key, item in value.items()}}
    return {**kept, name: value}


def flat(tree, prefix=""):
    result = {}
    for key, value in tree.items():
        name = (prefix + key).replace("_", "-")
        result.update(flat(value, name + ".") if isinstance(value, dict) else {name: value})
    return result


def overlap(a, b):
    a, b = a.replace("_", "-") + ".", b.replace("_", "-") + "."
    return a.startswith(b) or b.startswith(a)


def run(program, process, overrides):
    """Run `program`; the model is a flat process-wide tree and a list of [name, value] overrides."""
    for name, value, inner in program:
        with ExitStack() as stack:
            block = config.set({name: value})
            if inner is None:
                if any(overlap(name, other) for other, _ in overrides):
                    overrides.append((name, value))
                else:
                    process = model_set(process, name, value)
            else:
                stack.enter_context(block)
                process = run(inner, process, [*overrides, (name, value)])
        expected = process
        for other, item in overrides:
            expected = model_set(expected, other, item)
        seen = flat(config.effective())
        assert {key: item for key, item in seen.items() if key in expected or key.startswith("foreign")} == expected
        for key, item in expected.items():
            assert config.get(key) == item
    return process


@settings(max_examples=60)
@given(programs())
def test_nesting_is_right_for_any_program(program):
    config.refresh(paths=[], env={})
    before = {"num-workers": None, "chunksize": None}
    process = run(program, before, [])
    after = flat(config.global_config)
    assert {key: item for key, item in after.items() if key in process or key.startswith("foreign")} == process
