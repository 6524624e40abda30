"""Cells of a real Jupyter kernel, whose main thread runs an event loop of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

# Both warnings come from inside jupyter_client, on some versions of it.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq.*"),
]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    manager = pytest.importorskip("jupyter_client.manager", reason="needs jupyter_client")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    started, client = manager.start_new_kernel(
        kernel_name="python3", extra_arguments=["--HistoryManager.enabled=False"]
    )
    try:
        yield client
    finally:
        client.stop_channels()
        started.shutdown_kernel(now=True)
        started.cleanup_resources()
        started.context.destroy(linger=0)
        gc.collect()


def run(kernel: Any, code: str) -> str:
    """Run a cell and return what it printed and showed; fail with its traceback."""
    shown: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            shown.append(content["text"])
        elif message["msg_type"] in ("execute_result", "display_data"):
            shown.append(content["data"].get("text/plain", ""))
        elif message["msg_type"] == "error":
            shown.append("\n".join(content["traceback"]))

    reply = kernel.execute_interactive(code, output_hook=collect, timeout=60)
    text = "".join(shown)
    assert reply["content"]["status"] == "ok", text
    return text


@pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])
def test_a_session(kernel: Any, processes: bool) -> None:
    run(
        kernel,
        "from minidask.distributed import Client, LocalCluster, as_completed, wait, get_worker, get_client\n"
        "import minidask\n"
        f"client = Client(n_workers=2, threads_per_worker=1, processes={processes}, dashboard_address=None)\n"
        "factor = 10",
    )
    assert "Client" in run(kernel, "client")
    assert run(kernel, "def times(x):\n    return factor * x\nclient.submit(times, 4).result()") == "40"
    # The function's globals may change from one cell to the next; what is named is sent as it is now.
    assert run(kernel, "factor = 100\nclient.gather(client.map(times, [1, 2], pure=False))") == "[100, 200]"
    assert run(kernel, "def times(x):\n    return -x\nclient.submit(times, 4).result()") == "-4"
    assert run(kernel, "minidask.delayed(times)(minidask.delayed(5)).compute()") == "-5"
    assert (
        run(
            kernel,
            "class Point:\n    def __init__(self, x):\n        self.x = x\n"
            "client.submit(lambda p: Point(p.x + 1), Point(1)).result().x",
        )
        == "2"
    )
    assert run(kernel, "sorted(f.result() for f in as_completed(client.map(times, range(3))))") == "[-2, -1, 0]"
    assert (
        run(
            kernel,
            "nested = lambda: minidask.delayed(times)(7).compute()\nclient.submit(nested, pure=False).result()",
        )
        == "-7"
    )
    # A cell may await, too.
    assert run(kernel, "import asyncio\nawait asyncio.to_thread(client.gather, client.map(times, [8]))") == "[-8]"
    assert "ZeroDivisionError" in run(
        kernel,
        "bad = client.submit(lambda: 1 / 0)\ntry:\n    bad.result()\nexcept ZeroDivisionError as e:\n    print(repr(e))",
    )
    run(kernel, "held = minidask.delayed(times)(3).persist()\nwait(held)\nassert held.compute() == -3")
    run(kernel, "client.close()\nassert client.status == 'closed'")


def test_an_asynchronous_client_in_the_kernels_loop(kernel: Any) -> None:
    code = (
        "from minidask.distributed import Client, as_completed\n"
        "import minidask\n"
        "client = await Client(processes=False, n_workers=1, asynchronous=True, dashboard_address=None)\n"
        "print(await client.submit(pow, 2, 5))\n"
        "print(await client.compute(minidask.delayed(sum)([1, 2])))\n"
        "print(sorted([await f async for f in as_completed(client.map(abs, [-1, -2]))]))"
    )
    assert run(kernel, code).split("\n")[:3] == ["32", "3", "[1, 2]"]
    assert run(kernel, "x = client.submit(abs, -9)\nawait x") == "9"
    run(kernel, "await client.close()")


def test_cells_with_a_block(kernel: Any) -> None:
    code = (
        "from minidask.distributed import Client, LocalCluster\n"
        "with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster, Client(cluster) as c:\n"
        "    print(c.gather(c.map(abs, [-1, -2])))\n"
        "print(c.status, cluster.status)"
    )
    assert run(kernel, code) == "[1, 2]\nclosed closed\n"
