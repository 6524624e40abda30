"""Make the pictures of the dashboard that the guide shows: its pages in Chromium, while the flights of New York are computed.

Run it where the package's ``test`` extra and Chromium are installed::

    python docs/examples/screenshots.py                  # all, into docs/images
    python docs/examples/screenshots.py status workers   # those pages alone
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from minidask.distributed import Client, LocalCluster

sys.path.insert(0, str(Path(__file__).parent))

import flights

# page: (width and height of the picture in pixels, seconds of the task stream, and what must be there to be worth it)
PAGES = {
    "status": (1280, 1425, "15", "store.rows('task-stream') > 900"),
    "workers": (1500, 660, "", ""),
    "system": (1280, 1175, "", "store.rows('system') > 40"),
    "profile": (1280, 900, "", ""),
    "graph": (1280, 900, "", "store.rows('graph') > 60"),
    "groups": (1280, 820, "", "store.rows('groups') > 5"),
}

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

READY = """() => window.minidask && [...document.querySelectorAll("[data-figure]")].every(
        (one) => one.offsetParent === null || one.dataset.ready)
    && [...minidask.figures.shown.values()].every((one) => one.fills.every(({ source }) => source.length > 0))"""


def main(argv: list[str] | None = None) -> list[Path]:
    """Write the pictures; return their paths."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"of {', '.join(PAGES)} (default: all)")
    parser.add_argument("--out", default=Path(__file__).parents[1] / "images", type=Path, help="where to write them")
    parser.add_argument("--workers", type=int, default=3, help="of the cluster (default: %(default)s)")
    options = parser.parse_args(argv)
    unknown = [page for page in options.pages if page not in PAGES]
    if unknown:
        parser.error(f"there are pictures of {', '.join(PAGES)}, not of {unknown[0]!r}")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        parser.error("install Chromium: apt-get install chromium")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, working(Path(folder), options.workers) as link:
        return shoot(program, link, options.pages or list(PAGES), options.out)


@contextlib.contextmanager
def working(folder: Path, workers: int):
    """Give the dashboard's address of a cluster that computes the flights again and again."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            flights.analyse(data, folder, "1 MiB")

    data = flights.data_directory()
    flights.write_months(data, folder)
    cluster = LocalCluster(n_workers=workers, threads_per_worker=2, processes=True, dashboard_address=":0")
    # What the example prints isn't wanted here.
    with cluster, Client(cluster) as client, contextlib.redirect_stdout(io.StringIO()):
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield client.dashboard_link
        finally:
            ended.set()
            thread.join()


def shoot(program: str, link: str, pages: list[str], folder: Path) -> list[Path]:
    """Take the pictures; return their paths."""
    from playwright.sync_api import sync_playwright

    paths = []
    with sync_playwright() as driver, driver.chromium.launch(executable_path=program, args=ARGUMENTS) as browser:
        context = browser.new_context()
        # Pages stay open, so that the scheduler goes on sampling.
        views = {page: context.new_page() for page in pages}
        for page, view in views.items():
            width, height, _, _ = PAGES[page]
            view.set_viewport_size({"width": width, "height": height})
            view.goto(link)
            view.goto(link.partition("/status")[0] + f"/{page}")
        for page, view in views.items():
            _, _, window, worth = PAGES[page]
            view.bring_to_front()
            view.wait_for_function(READY, timeout=60_000)
            if window:
                view.get_by_label("Window").select_option(window)
            if worth:
                view.wait_for_function(f"() => minidask.{worth}", timeout=60_000)
            paths.append(folder / f"dashboard-{page}.png")
            view.screenshot(path=paths[-1])
            print(f"{paths[-1]}: {paths[-1].stat().st_size / 1000:.0f} kB", file=sys.stderr)
    return paths


if __name__ == "__main__":
    main()
