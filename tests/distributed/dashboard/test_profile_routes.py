import asyncio

import pytest

from minidask_distributed.dashboard import paths
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.profile_routes import MOST_BOXES, MOST_STEPS, boxes, timeline
from minidask_distributed.profile_tree import Node


def tree(*stacks):
    made = Node()
    for stack in stacks:
        made.add([(file, name, 1) for file, name in stack], lambda at: at + 1)
    return made


def test_boxes_have_the_columns_that_the_figure_shows():
    made = boxes(tree([("/src/a.py", "f"), ("/src/b.py", "g")], [("/src/a.py", "f")]))
    assert tuple(made) == FETCHED["profile-boxes"]
    assert made["label"] == ["all samples", "f · a.py", "g · b.py"]
    assert made["place"] == ["", "/src/a.py:1", "/src/b.py:2"]
    assert made["count"] == [2, 2, 1]


def test_boxes_of_a_file_have_one_colour():
    made = boxes(tree([("/src/a.py", "f"), ("/src/a.py", "g")]))
    assert made["color"][1] == made["color"][2] != made["color"][0]


def test_boxes_are_bounded():
    made = boxes(tree(*[[("a.py", f"f{at}")] for at in range(MOST_BOXES * 2)]))
    assert len(made["left"]) <= MOST_BOXES + 1


def test_nothing_seen_is_no_box():
    assert boxes(Node())["left"] == []


def test_the_timeline_is_bounded_and_can_be_of_one_prefix():
    steps = [(float(at), {"inc": 1, "add": 2}) for at in range(MOST_STEPS + 10)]
    assert len(timeline(steps, None)["time"]) == MOST_STEPS
    assert set(timeline(steps, "add")["count"]) == {2}
    assert set(timeline(steps, "nobody")["count"]) == {0}


@pytest.mark.network
@pytest.mark.slow
def test_the_answer_to_a_page(looking):
    async def main():
        async with looking(workers=1) as found:
            visit = found.visitor
            for scope in ("workers", "scheduler", "workers-loop"):
                answer = await visit.json(f"/json/profile.json?scope={scope}")
                assert tuple(answer["boxes"]) == FETCHED["profile-boxes"]
                assert tuple(answer["timeline"]) == FETCHED["profile-timeline"]
            await visit.json("/json/profile.json?prefix=inc&start=1&stop=2")
            assert "scopes" in await visit.text("/json/profile.json?scope=nobody", status=400)
            assert "number of seconds" in await visit.text("/json/profile.json?start=nan", status=400)
            assert "number of seconds" in await visit.text("/json/profile.json?stop=x", status=400)

    asyncio.run(main())


@pytest.mark.network
@pytest.mark.slow
def test_a_worker_answers_of_itself(looking, visitor_of):
    async def main():
        async with looking(workers=2) as found:
            one, two = found.workers
            own, other = (visitor_of(worker.services._started[0]) for worker in (one, two))
            one.profile.tasks.add("inc", [("job.py", "inc", 1)], [2].__getitem__, 10.0)
            one.profile.tasks.add("dec", [("job.py", "dec", 5)], [6].__getitem__, 11.5)
            answer = await own.json("/json/profile.json?scope=workers")
            assert (answer["samples"], set(answer["boxes"]["name"])) == (2, {"root", "inc", "dec"})
            assert set(answer["prefixes"]) == {"inc", "dec"}
            assert answer["timeline"] == {"time": [10.0, 11.5], "count": [1, 1]}
            some = await own.json("/json/profile.json?scope=workers&prefix=inc&start=9&stop=11")
            assert (some["samples"], some["timeline"]["count"]) == (1, [1, 0])
            assert (await other.json("/json/profile.json"))["samples"] == 0
            assert (await own.json("/json/profile.json?scope=workers-loop"))["prefixes"] == []
            text = await own.text("/json/profile.json?scope=scheduler", status=400)
            assert "the scopes are workers, workers-loop" in text
            for page in ("profile", "profile-server"):
                assert "data-figure" in await own.text(page)
            # And through the scheduler's server.
            place = paths.proxied(next(iter(found.scheduler.workers.values())), "json/profile.json?scope=workers")
            assert (await found.visitor.json(place))["samples"] == 2

    asyncio.run(main())
