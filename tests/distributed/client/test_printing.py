"""What tasks print and warn."""

from __future__ import annotations

import threading
import warnings

import pytest

from minidask_distributed.client.printing import show_print, show_warning
from minidask_distributed.messages import Event
from minidask_distributed.protocol.payload import Payload, pack
from tests.distributed.client.scripted import connected


@pytest.mark.network
def test_prints_of_tasks(capfd: pytest.CaptureFixture[str]) -> None:
    with connected() as (made, client):
        heard = threading.Event()
        client.topics["print"].append(lambda topic, stamp, content: heard.set())
        made.say(Event("print", 1.0, {"text": "to all\n", "stream": "stdout"}))
        assert heard.wait(5)
    show_print("print", 1.0, {"text": "wrong\n", "stream": "stderr"})
    assert tuple(capfd.readouterr()) == ("to all\n", "wrong\n")


def test_warnings_of_tasks() -> None:
    with pytest.warns(RuntimeWarning, match="^hot$"):
        show_warning(
            "warn", 1.0, {"text": "hot", "category": "RuntimeWarning", "warning": pack(("hot", RuntimeWarning))}
        )
    with pytest.warns(UserWarning, match="^hot$"):
        show_warning("warn", 1.0, {"text": "hot", "category": "RuntimeWarning", "warning": None})
    with pytest.warns(UserWarning, match="^Odd: hot$"):
        show_warning("warn", 1.0, {"text": "hot", "category": "Odd", "warning": Payload("odd", b"")})


def test_filters_of_this_process_count() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning, match="old"):
            show_warning(
                "warn",
                1.0,
                {"text": "old", "category": "DeprecationWarning", "warning": pack(("old", DeprecationWarning))},
            )
