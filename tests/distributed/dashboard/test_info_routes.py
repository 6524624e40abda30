"""Pages about single things of a real cluster."""

from __future__ import annotations

import asyncio
import html
import logging
import threading
from urllib.parse import quote

import pytest
from tornado.iostream import StreamClosedError

from minidask_distributed import Client
from minidask_distributed.dashboard import info_routes, paths

pytestmark = pytest.mark.network

EVIL = "<script>alert('1')</script>"


def client_of(found):
    return Client(found.scheduler.address, security=found.scheduler.security, asynchronous=True)


def fail():
    raise ValueError(EVIL)


def test_workers_and_one_worker(looking):
    async def main():
        async with looking(workers=2) as found:
            page = await found.visitor.text("info/main/workers.html")
            for worker in found.workers:
                assert f'href="../../{paths.worker_page(worker.address)}"' in page
                one = await found.visitor.text(paths.worker_page(worker.address))
                assert f"Worker {worker.name}" in one
                assert html.escape(worker.local_directory) in one
                assert paths.logs_page(worker.address) in one
                assert f"proxy/{worker.services.ports()['dashboard']}/127.0.0.1/status" in one
            assert "Worker worker-0" in await found.visitor.text("info/worker/worker-0.html")
            # As people and programs write an address.
            quoted = f"info/worker/{quote(found.workers[0].address, safe='')}.html"
            assert "Worker worker-0" in await found.visitor.text(quoted)
            assert "there is no worker" in await found.visitor.text("info/worker/nobody.html", 404)

    asyncio.run(main())


def test_a_worker_that_has_gone_says_why(looking):
    async def main():
        async with looking(workers=1) as found:
            [worker] = found.workers
            await worker.close("it was tired")
            while found.scheduler.workers:
                await asyncio.sleep(0)
            page = await found.visitor.text(paths.worker_page(worker.address))
            assert "it was tired" in page
            assert "There are none" in await found.visitor.text("info/main/workers.html")
            assert "there is no worker of this address now" in await found.visitor.text(
                paths.logs_page(worker.address), 404
            )

    asyncio.run(main())


def test_tasks_with_their_relatives_as_links(looking):
    async def main():
        async with looking(workers=1) as found, client_of(found) as client:
            first = client.submit(pow, 2, 3, key="first")
            second = client.submit(pow, first, 2, key=("second", 0))
            third = client.submit(pow, second, 1, key="third")
            assert await third == 64
            page = await found.visitor.text(paths.task_page(("second", 0)))
            assert f'href="../../{paths.task_page("first")}"' in page
            assert f'href="../../{paths.task_page("third")}"' in page
            assert f'href="../../{paths.worker_page(found.workers[0].address)}"' in page
            assert "memory" in page
            page = await found.visitor.text(paths.task_page("firsd"), 404)
            assert f'href="../../{paths.task_page("first")}"' in page

    asyncio.run(main())


def test_names_and_errors_stay_text(looking):
    async def main():
        async with looking(workers=1) as found, client_of(found) as client:
            future = client.submit(fail, key=EVIL)
            with pytest.raises(ValueError, match="script"):
                await future
            logging.getLogger("minidask_distributed.scheduler").warning("%s", EVIL)
            for path in (
                paths.task_page(EVIL),
                paths.worker_page(found.workers[0].address),
                "info/main/workers.html",
                "info/logs.html",
            ):
                page = await found.visitor.text(path)
                assert "<script>alert" not in page, path
            page = await found.visitor.text(paths.task_page(EVIL))
            assert html.escape(EVIL) in page
            # Windows of several tasks are told apart by their titles.
            assert f"<title>Task {html.escape(EVIL)} · minidask</title>" in page
            assert "ValueError" in page
            for text in (EVIL, "'); drop", "(((", "0" * 5000, "a/b", "%"):
                page = await found.visitor.text(paths.task_page(text + "!"), 404)
                assert "<script>alert" not in page

    asyncio.run(main())


def test_logs(looking):
    async def main():
        async with looking(workers=1) as found:
            logging.getLogger("minidask_distributed.scheduler").warning("the scheduler <speaks>")
            logging.getLogger("minidask_distributed.worker").warning("the worker <speaks>")
            page = await found.visitor.text("info/logs.html")
            assert "the scheduler &lt;speaks&gt;" in page
            assert 'class="level-warning"' in page
            page = await found.visitor.text(paths.logs_page(found.workers[0].address))
            assert "the worker &lt;speaks&gt;" in page

    asyncio.run(main())


def test_call_stacks(looking):
    async def main():
        async with looking(workers=1) as found, client_of(found) as client:
            page = await found.visitor.text(paths.call_stacks_page(found.workers[0].address))
            assert "No task runs there" in page
            future = client.submit(_wait, key="waits")
            await asyncio.to_thread(_begun.wait, 20)
            page = await found.visitor.text(paths.call_stacks_page(found.workers[0].address))
            assert f'href="../../{paths.task_page("waits")}"' in page
            assert "_go.wait" in page
            own = f"proxy/{found.workers[0].services.ports()['dashboard']}/127.0.0.1/call-stacks"
            assert "_go.wait" in await found.visitor.text(own)
            _go.set()
            await future

    asyncio.run(main())


_go, _begun = threading.Event(), threading.Event()


def _wait():
    _begun.set()
    _go.wait(20)


def test_a_worker_that_does_not_answer(looking, monkeypatch):
    async def main():
        async with looking(workers=1) as found:
            monkeypatch.setattr(info_routes, "ANSWER_S", 0.01)

            async def never(worker, call):
                await asyncio.Event().wait()

            monkeypatch.setattr("minidask_distributed.worker.link.answer", never)
            page = await found.visitor.text(paths.logs_page(found.workers[0].address), 504)
            assert "Worker worker-0 doesn&#x27;t answer" in page
            assert "TimeoutError" in page

    asyncio.run(main())


def test_a_worker_whose_handler_fails(looking, monkeypatch):
    async def main():
        async with looking(workers=1) as found:

            async def fails(worker, call):
                raise KeyError(EVIL)

            monkeypatch.setattr("minidask_distributed.worker.link.answer", fails)
            page = await found.visitor.text(paths.call_stacks_page(found.workers[0].address), 504)
            assert "KeyError" in page
            assert "<script>alert" not in page

    asyncio.run(main())


def test_a_scheduler_closes_while_a_worker_keeps_it_waiting(looking, monkeypatch):
    async def main():
        asked = asyncio.Event()

        async def never(worker, call):
            asked.set()
            await asyncio.Event().wait()

        async with looking(workers=1) as found:
            monkeypatch.setattr("minidask_distributed.worker.link.answer", never)
            looks = asyncio.ensure_future(found.visitor.get(paths.logs_page(found.workers[0].address)))
            await asked.wait()
            await found.scheduler.close()
            [answer] = await asyncio.gather(looks, return_exceptions=True)
            assert isinstance(answer, StreamClosedError) or answer.code in (503, 504)

    asyncio.run(main())
