"""The pages under other paths: a prefix of the dashboard's own, and Jupyter's proxy, which takes its path away."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from minidask import config
from minidask_distributed import Client, LocalCluster

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network]

JUPYTER_TOKEN = "of-jupyter"


def nap(seconds):
    time.sleep(seconds)


def cluster_of_two():
    return LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    )


async def look_around(visit, link, client):
    """Follow a link to the status, the workers, one of them and its own pages, and back; all by what the pages say."""
    page = visit.page
    base = link.partition("?")[0].removesuffix("status")
    # The token in the address of a page in a folder earns the same cookie as at the top, where all pages get it.
    for place in ("info/main/workers.html", "status"):
        await page.context.clear_cookies(name=re.compile("minidask-view"))
        await page.goto(link.replace("/status?", f"/{place}?"))
        assert page.url == f"{base}{place}"
        [cookie] = [one for one in await page.context.cookies() if one["name"].startswith("minidask-view")]
        assert cookie["path"] == urlsplit(base).path.rstrip("/")
    await visit.live()
    done = client.map(nap, [0.01] * 8, pure=False)
    await visit.until("() => minidask.store.rows('task-stream') > 0")
    assert len(done) == 8
    await page.get_by_role("navigation").get_by_role("link", name="Workers").click()
    await page.wait_for_url(f"{base}workers")
    await visit.live()
    await page.locator("#part-workers tbody tr").first.locator("a").first.click()
    await page.wait_for_url(f"{base}info/worker/*.html")
    await page.get_by_role("link", name="Its own dashboard").click()
    await page.wait_for_url(f"{base}proxy/**")
    await visit.live()
    await page.get_by_role("navigation").get_by_role("link", name="Profile", exact=True).click()
    await page.wait_for_url(f"{base}proxy/**/profile")
    await page.get_by_text("samples", exact=False).first.wait_for()
    await page.get_by_role("link", name="← cluster").click()
    await page.wait_for_url(f"{base}workers")
    await visit.live()
    # A figure alone, as JupyterLab's extension shows it.
    await page.goto(f"{base}individual-progress")
    await visit.until("() => minidask.figures.shown.size === 1 && minidask.store.rows('progress') > 0")
    assert urlsplit(link).netloc in visit.hosts()


def test_under_a_prefix_of_its_own(browsing, visit_of):
    with config.set({"distributed.dashboard.prefix": "/ours/of-today"}), cluster_of_two() as cluster:
        with Client(cluster) as client:
            link = cluster.dashboard_link
            assert urlsplit(link).path == "/ours/of-today/status"
            outside = link.replace("/ours/of-today/", "/")

            async def look(visit):
                await look_around(visit, link, client)
                assert visit.troubles == []
                answer = await visit.page.goto(outside.replace("/status", "/workers"))
                assert answer.status == 404

            visit_of(browsing, look)


@pytest.fixture
def jupyter(needs_program, tmp_path):
    """A Jupyter server with its proxy, under a path as a hub's: {"url": ..., "base_url": ...}."""
    pytest.importorskip("jupyter_server_proxy")
    places = {
        name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    options = ["--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", "--ServerApp.base_url=/user/me/", "--no-browser"]
    options += [
        f"--IdentityProvider.token={JUPYTER_TOKEN}",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    log = tmp_path / "jupyter.log"
    with (
        open(log, "wb") as written,
        subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            env=os.environ | places | {"HOME": str(tmp_path)},
            stdout=written,
            stderr=written,
            stdin=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield _started(process, tmp_path / "jupyter_runtime_dir", log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _started(process, folder, log):
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        for file in folder.glob("jpserver-*.json"):
            told = json.loads(file.read_text() or "{}")
            if told.get("port"):
                return told
        threading.Event().wait(0.05)
    raise AssertionError(f"Jupyter didn't start: {log.read_text()}")


def test_behind_jupyters_proxy(browsing, visit_of, jupyter, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", jupyter["base_url"])
    template = "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"
    with config.set({"distributed.dashboard.link": template}), cluster_of_two() as cluster, Client(cluster) as client:
        link = urlsplit(client.dashboard_link)
        assert link.path.startswith("/user/me/proxy/")
        assert client.dashboard_link == cluster.dashboard_link
        hub = f"http://127.0.0.1:{jupyter['port']}"

        async def look(visit):
            # Who isn't known to Jupyter sees nothing of ours.
            answer = await visit.page.goto(f"{hub}{client.dashboard_link}")
            assert "/user/me/login" in answer.url
            await visit.page.goto(f"{hub}/user/me/api/status?token={JUPYTER_TOKEN}")
            # And who is, but hasn't our token, neither.
            answer = await visit.page.goto(f"{hub}{link.path}")
            assert answer.status == 403
            visit.troubles.clear()
            await look_around(visit, f"{hub}{client.dashboard_link}", client)
            assert await visit.page.evaluate("() => document.cookie.includes('minidask')") is False
            assert visit.troubles == []

        visit_of(browsing, look)
