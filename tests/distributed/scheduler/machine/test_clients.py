"""Sessions: release, retry, fire and forget, clients that vanish."""

from __future__ import annotations

from minidask_distributed.messages import (
    ForgetRecipes,
    Free,
    KeepUntilDone,
    OpenSession,
    Release,
    Retry,
    SessionOpened,
)


def test_sessions_are_numbered(table):
    table.join("one", OpenSession("one", {}))
    table.join("two", OpenSession("two", {}))
    assert table.read("one") == [SessionOpened(1, 1, 8, True)]
    assert table.read("two") == [SessionOpened(2, 1, 8, True)]


def test_release_frees_everywhere(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": []})
    a, b = table.task("a"), table.task("b")
    table.finish("w", "a")
    table.read("w")
    table.say("client", Release([0, 1, 77]))
    assert table.read("w") == [Free([a.id, b.id])]
    assert not table.machine.tasks_by_key
    assert not table.state.managed_bytes


def test_release_and_resubmission_race_by_id(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    old = table.task("a")
    table.say("client", Release([0]))
    table.upload("client", {"a": []}, first=1)
    new = table.task("a")
    assert new.id != old.id
    table.finish("w", "a")
    assert table.where("a") == ["memory"]


def test_a_release_within_an_open_upload_waits_for_the_rows_that_name_it(table):
    table.worker("w"), table.client()
    table.submissions += 1
    table.upload("client", {"a": []}, wanted=["a"], first=0, announced=2, last=False, dependents=[1])
    table.say("client", Release([0]))
    table.upload("client", {"b": ["a"]}, wanted=["b"], first=1, announced=2)
    table.finish("w", "a"), table.finish("w", "b")
    assert table.heard("client")["b"] == "done"
    assert table.where("a", "b") == ["released", "memory"]


def test_retry_begins_with_the_culprit(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"], "c": ["b"]}, wanted=["c"])
    table.fail("w", "a", "broken")
    assert table.heard("client") == {"c": "broken"}
    table.say("client", Retry(table.ids("client", "c")))
    assert table.heard("client") == {"c": "undone"}
    assert table.where("a", "b", "c") == ["processing", "waiting", "waiting"]
    for key in "abc":
        table.finish("w", key)
    assert table.heard("client") == {"c": "done"}
    table.say("client", Retry([0, 55]))  # nothing to do


def test_fire_and_forget(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": []})
    table.say("client", KeepUntilDone([0, 1]), Release([0, 1]))
    assert table.where("a", "b") == ["processing", "processing"]
    table.finish("w", "a")
    table.fail("w", "b")
    assert not table.machine.tasks_by_key


def test_fire_and_forget_outlives_its_client(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    table.say("client", KeepUntilDone([0]))
    table.leave("client")
    assert table.where("a") == ["processing"]
    table.finish("w", "a")
    assert not table.machine.tasks_by_key


def test_a_client_that_vanishes_takes_its_tasks_not_those_of_others(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": [], "x": []})
    table.upload("two", {"a": []})
    table.leave("one")
    assert table.where("a", "x") == ["processing", "gone"]
    table.finish("w", "a")
    assert table.heard("two") == {"a": "done"}
    assert [topic for topic, _ in table.machine.take_notices()][-1] == "client-removed"


def test_forgotten_recipes_live_as_long_as_their_tasks(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    recipe = table.task("a").recipe
    (number,) = table.state.clients[table.peers["client"]].recipes
    table.say("client", ForgetRecipes([number, 12345]))
    assert recipe.number in table.state.recipes_by_number
    table.say("client", Release([0]))
    assert not table.state.recipes
    assert not table.state.recipes_by_number


def test_silent_clients(make_table):
    table = make_table(client_ttl_s=5)
    table.client()
    table.wait(6)
    assert table.machine.take_closings() == [(table.peers["client"], "nothing was heard of it for 5 s")]
    assert not table.machine.clients
