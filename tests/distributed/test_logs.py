"""Tests of `minidask_distributed.logs`."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest

from minidask_distributed.logs import RecentLines


@pytest.fixture
def lines():
    made = RecentLines("minidask_test_logs", 3, "%(levelname)s %(name)s: %(message)s")
    yield made
    made.close()


def test_the_last_lines_newest_first(lines):
    logger = logging.getLogger("minidask_test_logs.part")
    for number in range(5):
        logger.warning("line %d", number)
    assert lines.last(2) == [
        ("WARNING", "WARNING minidask_test_logs.part: line 4"),
        ("WARNING", "WARNING minidask_test_logs.part: line 3"),
    ]
    assert len(lines.last()) == 3


def test_arguments_are_taken_as_they_are_now(lines):
    names = ["alice"]
    logging.getLogger("minidask_test_logs").error("workers: %s", names)
    names.clear()
    assert lines.last(1)[0][1].endswith("workers: ['alice']")


def test_a_traceback_is_kept_as_text_and_its_values_are_not(lines, monkeypatch):
    # Otherwise the handlers of pytest keep the record, and with it the frames.
    monkeypatch.setattr(logging.getLogger("minidask_test_logs"), "propagate", False)

    class Large:
        pass

    large = Large()
    alive = weakref.ref(large)

    def fail(value):
        raise ValueError("no")

    try:
        fail(large)
    except ValueError:
        logging.getLogger("minidask_test_logs").exception("it failed")
    del large
    gc.collect()
    assert alive() is None
    assert "ValueError: no" in lines.last(1)[0][1]


def test_after_closing_nothing_is_added(lines):
    lines.close()
    logging.getLogger("minidask_test_logs").error("late")
    assert lines.last() == []
    assert lines not in logging.getLogger("minidask_test_logs").handlers
