"""What all answers have in common: errors as pages or as text."""

from __future__ import annotations

import asyncio
import logging

import pytest

pytestmark = pytest.mark.network


def test_browsers_get_a_page_and_programs_a_line(looking):
    async def main():
        async with looking() as found:
            answer = await found.visitor.get("nix/nix")
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert b"<h1>404 Not Found</h1>" in answer.body
            answer = await found.visitor.get("nix/nix", headers={"Accept": "application/json"})
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert answer.body == b"404: there is no page of this address\n"

    asyncio.run(main())


def test_what_may_be_asked_is_said(looking):
    async def main():
        async with looking() as found:
            answer = await found.visitor.get("status", method="POST", body=b"")
            assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD")

    asyncio.run(main())


def test_percent_signs_in_messages(looking):
    async def main():
        async with looking() as found:
            assert "there is no feed &#x27;100%d&#x27;" in await found.visitor.text("feeds/poll?feeds=100%25d", 404)

    asyncio.run(main())


def test_the_log_has_no_token(looking, caplog):
    async def main():
        with caplog.at_level(logging.DEBUG, "minidask_distributed.dashboard.routes"):
            async with looking() as found:
                await found.visitor.get(f"status?token={found.visitor.token}", token=False)
        assert "GET /status: 302" in caplog.text
        assert found.visitor.token not in caplog.text

    asyncio.run(main())


def test_a_path_without_the_prefix_needs_the_token_too(looking):
    async def main():
        async with looking(prefix="/x") as found:
            assert await found.visitor.text("health", token=False) == "ok"
            found.dashboard.prefix = ""  # for the visitor
            for path in ("health", "individual-plots.json", "status"):
                await found.visitor.text(path, 403, token=False)
                await found.visitor.text(path, 404)

    asyncio.run(main())
