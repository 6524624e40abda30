"""The recipes that a worker holds."""

from __future__ import annotations

from minidask_distributed.worker.machine.recipes import Recipes
from minidask_distributed.worker.machine.records import Task


def test_the_one_used_longest_ago_goes_first():
    recipes = Recipes(limit_bytes=30)
    for number in (1, 2, 3):
        recipes.put(number, bytes(10))
    recipes.use(1)
    recipes.put(4, bytes(10))
    assert (list(recipes), recipes.nbytes, len(recipes)) == ([3, 1, 4], 30, 3)
    assert recipes.get(2) is None


def test_a_large_one_pushes_all_others_out_and_stays():
    recipes = Recipes(limit_bytes=30)
    for number in (1, 2, 3):
        recipes.put(number, bytes(10))
    recipes.put(4, bytes(1000))
    assert (list(recipes), recipes.nbytes) == ([4], 1000)


def test_one_that_tasks_wait_for_stays():
    recipes = Recipes(limit_count=2)
    waited = recipes.use(1)
    waited.waiters[5] = Task(5, "x")
    for number in (2, 3, 4):
        recipes.put(number, b"")
    assert list(recipes) == [1, 4]


def test_the_source_comes_later():
    recipes = Recipes()
    recipe = recipes.use(1)
    recipe.asked = True
    assert recipes.put(1, b"source") is recipe
    assert (recipe.source, recipe.nbytes, recipe.asked) == (b"source", 6, False)


def test_an_object_in_one_process_has_no_bytes():
    recipes = Recipes()
    recipes.put(1, object())
    assert recipes.nbytes == 0


def test_again():
    recipes = Recipes()
    recipes.put(1, b"12345")
    recipes.put(1, b"123")
    assert recipes.nbytes == 3
    recipes.clear()
    assert (recipes.nbytes, len(recipes)) == (0, 0)
