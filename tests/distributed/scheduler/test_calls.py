"""Tests of `minidask_distributed.scheduler.calls`."""

from __future__ import annotations

import asyncio

import pytest

from minidask import config
from minidask_distributed.comm import CommClosedError
from minidask_distributed.messages import Answer, Bye, Call
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.scheduler.calls import RemoteFailure
from tests.distributed.scheduler.scripted import Refused, cluster

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def connection_of(made, peer):
    (found,) = [one for one in made.scheduler.connections.values() if one.comm.peer_address == peer.comm.local_address]
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "error", "text"),
    [
        ("no_such_call", {}, ValueError, "the scheduler has no handler 'no_such_call'"),
        (["nthreads"], {}, ValueError, "has no handler"),
        ("nthreads", {"colour": "red"}, TypeError, "unexpected keyword argument 'colour'"),
        ("nthreads", {"scheduler": 1}, TypeError, "multiple values for argument 'scheduler'"),
        ("nthreads", ["tcp://a"], TypeError, "must be a mapping"),
        ("wait_for_workers", {}, TypeError, "missing a required argument: 'n'"),
        ("wait_for_workers", {"n": "two"}, TypeError, "n must be a whole number"),
    ],
)
def test_calls_that_can_not_be_answered(name, arguments, error, text):
    async def test(made):
        client = await made.client()
        client.send(Call(1, name, arguments))
        failure = unpack_failure((await client.next(Answer)).failure)
        assert type(failure) is error
        assert text in str(failure)
        assert await client.ask("nthreads") == {}

    run(test)


def test_a_request_that_is_no_number_is_answered_all_the_same():
    async def test(made):
        client = await made.client()
        client.send(Call("first", "nthreads", {}))
        answer = await client.next(Answer)
        assert (answer.request, answer.failure["type"]) == ("first", "TypeError")

    run(test)


def test_blocked_handlers_are_refused():
    with config.set({"distributed.scheduler.blocked-handlers": ["shutdown"]}):

        async def test(made):
            client = await made.client()
            with pytest.raises(Refused, match="PermissionError: this scheduler refuses 'shutdown'"):
                await client.ask("shutdown")
            assert await client.ask("nthreads") == {}

        run(test)


def test_calls_of_others_are_answered_while_one_waits():
    async def test(made):
        one, two = await made.client("one"), await made.client("two")
        waiting = one.ask_later("wait_for_workers", n=1)
        assert await two.ask("nthreads") == {}
        assert await one.ask("nthreads") == {}
        await made.worker()
        assert await one.next(Answer) == Answer(waiting, 1, None)

    run(test)


def test_a_call_whose_caller_leaves_is_given_up():
    async def test(made):
        client = await made.client()
        client.ask_later("wait_for_workers", n=1)
        assert await client.ask("nthreads") == {}  # so that the first one has begun
        client.comm.abort()
        await made.scheduler.until(lambda: not made.scheduler.clients, 5)
        assert made.scheduler._calls._running == {}
        await asyncio.sleep(0)
        assert len(made.scheduler.waiting) == 0

    run(test)


# ---------------------------------------------------------------- questions to peers


def test_a_question_and_its_answer():
    async def test(made):
        worker = await made.worker()
        asked = asyncio.ensure_future(
            made.scheduler.questions.ask(connection_of(made, worker), "colour", {"of": "sky"})
        )
        call = await worker.next(Call)
        assert (call.name, call.arguments) == ("colour", {"of": "sky"})
        worker.send(Answer(999, "green", None), Answer(call.request, "blue", None), Answer(call.request, "red", None))
        assert await asked == "blue"
        assert made.scheduler.questions._open == {}

    run(test)


def test_a_question_that_fails_over_there():
    async def test(made):
        worker = await made.worker()
        asked = asyncio.ensure_future(made.scheduler.questions.ask(connection_of(made, worker), "colour", {}))
        call = await worker.next(Call)
        fields = {"type": "KeyError", "text": "'sky'"}
        worker.send(Answer(call.request, None, fields))
        with pytest.raises(RemoteFailure, match="KeyError: 'sky'") as caught:
            await asked
        assert caught.value.fields == fields

    run(test)


def test_questions_end_with_their_peer_or_their_time():
    async def test(made):
        worker = await made.worker()
        connection = connection_of(made, worker)
        ask = made.scheduler.questions.ask
        with pytest.raises(TimeoutError, match=r"worker tcp://.* didn't answer 'colour' within 0\.01 s"):
            await ask(connection, "colour", {}, 0.01)
        asked = asyncio.ensure_future(ask(connection, "colour", {}))
        await worker.next(Call)
        worker.send(Bye("enough"))
        await worker.close()
        with pytest.raises(CommClosedError, match="is gone"):
            await asked
        with pytest.raises(CommClosedError, match="is gone"):
            await ask(connection, "colour", {})
        assert made.scheduler.questions._open == {}

    run(test)
