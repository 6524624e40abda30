"""Turns: what is sent within the process while messages are taken is taken right behind them, once, and never lost."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.comm.turns import looks, take_turn
from minidask_distributed.messages import Free


def test_looks_follow_in_order_and_only_once():
    said = []

    def look(name):
        said.append((name, looks()))

    def receive(given):
        said.append(given)
        for name in ("a", "b"):
            looks().append(lambda name=name: look(name))
        # Within a turn another one is a part of it.
        take_turn(lambda inner: said.append((inner, len(looks()))), "inner")

    assert looks() is None
    take_turn(receive, "given")
    assert said == ["given", ("inner", 2), ("a", None), ("b", None)]
    assert looks() is None


def test_an_error_of_the_receiver_keeps_no_look_from_being_taken():
    said = []

    def receive(given):
        looks().append(lambda: said.append("look"))
        raise ValueError(given)

    with pytest.raises(ValueError, match="given"):
        take_turn(receive, "given")
    assert said == ["look"]
    assert looks() is None


def test_a_turn_that_is_interrupted_leaves_its_looks_to_the_loop():
    said = []

    def interrupted():
        said.append("interrupted")
        if len(said) == 1:
            raise KeyboardInterrupt

    async def main():
        def receive(given):
            looks().extend((interrupted, lambda: said.append("behind")))

        with pytest.raises(KeyboardInterrupt):
            take_turn(receive, None)
        assert said == ["interrupted"]
        await asyncio.sleep(0)
        assert said == ["interrupted", "interrupted", "behind"]

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["inproc", "near"])
def test_an_answer_within_the_process_takes_no_turn_of_the_loop(connected, scheme):
    async def main():
        async with connected(scheme) as (near, far):
            order = []
            far.comm._on_messages = lambda messages: (far.comm.send([Free([2])]), order.append("asked"))
            near.comm._on_messages = lambda messages: order.append("answered")
            near.comm.send([Free([1])])
            asyncio.get_running_loop().call_soon(order.append, "others")
            for _ in range(3):
                await asyncio.sleep(0)
            assert order == ["asked", "answered", "others"]

    asyncio.run(main())


def test_two_that_answer_each_other_for_ever_let_others_have_their_turn(connected):
    async def main():
        async with connected("inproc") as (near, far):
            rounds = []

            def answer(end):
                def on_messages(messages):
                    if len(rounds) < 1000:
                        rounds.append(None)
                        end.comm.send(messages)

                return on_messages

            near.comm._on_messages, far.comm._on_messages = answer(near), answer(far)
            near.comm.send([Free([1])])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert 1 <= len(rounds) <= 4
            while len(rounds) < 1000:
                await asyncio.sleep(0)

    asyncio.run(main())
