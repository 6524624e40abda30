"""Uploads: chunks, announced dependents, equal keys, bad columns."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Cancel, Compute, Done, Release, Upload, UploadTaken, Want
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine.upload import may_run


def test_a_chunk_is_taken_and_its_tasks_run(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"]}, wanted=["b"])
    assert table.given("w") == ["a"]
    table.finish("w", "a")
    (compute,) = table.read("w")
    assert type(compute) is Compute
    # Its dependency is held by this very worker: neither inlined nor located.
    assert (compute.n_deps, compute.inlined, compute.holders) == ([1], {}, {})
    table.finish("w", "b", values=[b"value"])
    assert table.heard("client") == {"b": b"value"}
    assert table.where("a", "b") == ["released", "memory"]


def test_uploads_are_acknowledged_along_with_something_or_by_half_of_the_credit(table):
    table.worker("w"), table.client()
    for at in range(3):
        table.upload("client", {f"x{at}": []}, first=at)
        assert table.read("client") == []
    table.upload("client", {"x3": []}, first=3)
    assert table.read("client") == [UploadTaken(4)]
    table.upload("client", {"x4": []}, first=4)
    table.finish("w", "x0")
    assert table.read("client") == [Done([0], None, [8]), UploadTaken(1)]


def test_nothing_is_released_before_its_last_dependent_arrived(table):
    table.worker("w"), table.client()
    table.submissions += 1
    table.upload("client", {"a": []}, wanted=[], first=0, announced=3, last=False, dependents=[2])
    table.finish("w", "a")
    assert table.where("a") == ["memory"]
    table.upload("client", {"b": ["a"]}, wanted=["b"], first=1, announced=3, last=False)
    table.finish("w", "b")
    assert table.where("a", "b") == ["memory", "memory"]
    table.upload("client", {"c": ["a"]}, wanted=["c"], first=2, announced=3, last=True)
    table.finish("w", "c")
    assert table.where("a", "b", "c") == ["released", "memory", "memory"]


def test_a_client_that_leaves_within_an_upload_leaves_nothing(table):
    table.worker("w"), table.client()
    table.submissions += 1
    table.upload("client", {"a": [], "b": ["a"]}, wanted=[], first=0, announced=9, last=False, dependents=[3, 2])
    table.leave("client")
    assert not table.machine.tasks_by_key
    assert not table.state.recipes


def test_a_row_that_is_wanted_by_nobody_is_forgotten_at_the_end(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": []}, wanted=["b"])
    assert table.where("a", "b") == ["gone", "processing"]


def test_equal_keys_of_two_clients_are_computed_once(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": [], "b": ["a"]}, wanted=["b"])
    table.upload("two", {"a": [], "b": ["a"], "c": ["b"]}, wanted=["b", "c"], recipe="another")
    assert table.given("w") == ["a"]
    table.finish("w", "a")
    table.finish("w", "b")
    table.finish("w", "c")
    assert table.heard("one") == {"b": "done"}
    assert table.heard("two") == {"b": "done", "c": "done"}
    table.say("one", Release(table.ids("one", "b")))
    assert table.where("b") == ["memory"]
    table.say("two", Release(table.ids("two", "b", "c")))
    assert not table.machine.tasks_by_key


def test_a_result_that_exists_is_told_at_once(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.finish("w", "a", values=[b"v"])
    table.upload("two", {"a": []})
    assert table.heard("two") == {"a": b"v"}


def test_a_key_of_the_users_own_with_another_recipe_is_refused(table):
    table.worker("w"), table.client()
    table.upload("client", {"mine": []}, named=["mine"])
    table.upload("client", {"x": []})
    table.locals["client"]["first mine"] = table.locals["client"].pop("mine")
    table.upload("client", {"mine": []}, named=["mine"], recipe="another", first=2)
    heard = table.heard("client")
    assert "in use for a different task" in heard["mine"]
    assert "release the futures of the first task" in heard["mine"]
    assert table.where("mine") == ["processing"]


def test_what_needs_a_refused_task_is_refused(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"mine": [], "y": ["mine"]}, named=["mine"])
    table.upload(
        "two",
        {"mine": [], "y": ["mine"], "z": ["y"], "free": []},
        named=["mine"],
        wanted=["z", "free"],
        recipe="another",
    )
    heard = table.heard("two")
    assert set(heard) == {"z"}
    assert "the key 'mine' is in use for a different task" in heard["z"]
    table.finish("w", "mine")
    table.finish("w", "y", "free")
    assert table.heard("two") == {"free": "done"}
    assert table.heard("one") == {"mine": "done", "y": "done"}


def test_a_key_is_compared_only_with_what_its_user_wrote(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"mine": []})
    table.upload("two", {"mine": []}, named=["mine"], recipe="another")
    table.finish("w", "mine")
    assert table.heard("one") == table.heard("two") == {"mine": "done"}


def test_the_same_key_and_recipe_again_is_no_error(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"mine": []}, named=["mine"], literals=[b"1"])
    table.upload("two", {"mine": []}, named=["mine"], literals=[b"1"])
    table.finish("w", "mine")
    assert table.heard("one") == table.heard("two") == {"mine": "done"}


def test_a_dependency_that_failed_fails_what_comes_later(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    table.fail("w", "a", "broken")
    table.upload("client", {"b": ["a"]}, first=1)
    assert table.heard("client") == {"a": "broken", "b": "broken"}


def test_wants_of_existing_and_unknown_keys(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.finish("w", "a", values=[b"v"])
    table.locals["two"].update(a=0, ghost=1)
    table.say("two", Want(0, encode_keys(["a", "ghost"])))
    assert table.heard("two") == {"a": b"v", "ghost": "cancelled"}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"literals": []}, "different lengths"),
        ({"deps": [1]}, "different lengths"),
        ({"keys": encode_keys(["a", "b"])}, "different lengths"),
        ({"option": [0, 0]}, "different lengths"),
        ({"first": 5}, "begins at 5, expected 0"),
        ({"recipe": [99]}, "unknown recipe 99"),
        ({"deps": [7], "n_deps": [1]}, "later row 7"),
        ({"options": [{"priority": 1e9}], "option": [0]}, "priority must be a whole number"),
    ],
)
def test_contradictions_are_refused(table, change, match):
    table.client()
    table.say("client", Upload(1, 0, 9, 1, False, encode_keys([]), [], [], [], [], [], [], None, [], [], None))
    fields = {
        "submission": 1, "first": 0, "announced": 9, "roots": 1, "last": True, "keys": encode_keys(["a"]),
        "recipes": [[1, b"d", b"b"]], "recipe": [1], "literals": [None], "deps": [], "n_deps": [0], "dependents": [0],
        "wanted": None, "named": [], "options": [], "option": None,
    }  # fmt: skip
    with pytest.raises(ValueError, match=match):
        table.machine.handle(table.peers["client"], Upload(**(fields | change)), 0.0)


def test_more_dependents_than_announced(table):
    table.worker("w"), table.client()
    table.submissions += 1
    table.upload("client", {"a": []}, wanted=[], first=0, announced=3, last=False, dependents=[1])
    table.upload("client", {"b": ["a"]}, first=1, announced=3, last=False, dependents=[0])
    with pytest.raises(ValueError, match="more dependents than were announced"):
        table.upload("client", {"c": ["a"]}, first=2, announced=3, dependents=[0])


def test_more_rows_than_announced(table):
    table.client()
    table.submissions += 1
    table.upload("client", {"a": []}, first=0, announced=1, last=False)
    with pytest.raises(ValueError, match="more rows than the submission announced"):
        table.upload("client", {"b": []}, first=1)


def test_many_short_lived_dependents_are_swept(table):
    table.worker("w"), table.client()
    table.upload("client", {"data": []})
    table.finish("w", "data")
    for at in range(300):
        table.upload("client", {f"x{at}": ["data"]}, first=1 + at, literals=[b"%d" % at])
        table.say("client", Release([1 + at]))
    assert len(table.task("data").dependents) < 200


def test_who_may_run_what(table):
    table.worker("w", resources={"GPU": 2}), table.client()
    options = [{"resources": {"GPU": 1}}, {"resources": {"GPU": 3}}, {"workers": ["here"]}, {"workers": ["tcp://x"]}]
    table.upload("client", {"a": [], "b": [], "c": [], "d": []}, options=options, option=[0, 1, 2, 3])
    record = table.record("w")
    assert [may_run(record, table.task(key).options) for key in "abcd"] == [True, False, True, False]
    assert table.where(*"abcd") == ["processing", "no-worker", "processing", "no-worker"]


def test_a_row_that_nobody_asks_for_is_forgotten_at_once(table):
    table.worker("w"), table.client()
    table.upload("client", {"stray": [], "a": []}, wanted=["a"], announced=3, last=False)
    assert table.where("stray", "a") == ["gone", "processing"]


def test_what_one_client_gave_up_is_computed_for_another_one(table):
    table.client("one"), table.client("two")
    # More rows of the first one are still to come, so that what it cancels isn't forgotten.
    table.upload("one", {"a": [], "b": ["a"]}, announced=4, dependents=[2, 1], last=False)
    table.say("one", Cancel(table.ids("one", "a"), False, "enough"))
    assert table.where("a", "b") == ["erred", "erred"]
    table.upload("two", {"a": [], "b": ["a"]}, wanted=["b"])
    assert table.where("a", "b") == ["queued", "waiting"]
    table.worker("w")
    table.finish("w", "a"), table.finish("w", "b")
    assert table.heard("two") == {"b": "done"}
    assert table.heard("one") == {"a": "cancelled", "b": "cancelled"}
