"""The values that explanations are: their text, their HTML, and the way over the wire."""

from __future__ import annotations

import msgpack

from minidask_distributed.explanation import Departure, Explanation, Move, Relative, WorkerExplanation, from_plain

EVIL = "<script>alert(1)</script>"


def full():
    return Explanation(
        key=(EVIL, 0),
        state="erred",
        kind="raised",
        reason=f"it raised {EVIL}",
        details=(EVIL,),
        advice=EVIL,
        since_s=1.5,
        worker=EVIL,
        workers=(EVIL,),
        blocked_by=(("y", (1, 2)),),
        dependencies=(Relative((EVIL, 1), "memory", EVIL, (EVIL,), 10),),
        n_dependencies=3,
        dependents=(Relative(EVIL, "waiting"),),
        n_dependents=1,
        failure={"key": EVIL, "type": EVIL, "text": EVIL, "traceback": f"File\n{EVIL}", "worker": EVIL, "kind": EVIL},
        departures=(Departure(EVIL, EVIL, EVIL, 2.0, log=(EVIL,)),),
        wanted_by=(EVIL,),
        story=(Move("released", "waiting", EVIL, EVIL, 0.1),),
        nearest=((EVIL, 2),),
    )


def test_over_the_wire():
    made = full()
    assert from_plain(msgpack.unpackb(msgpack.packb(made.as_plain()))) == made
    worker = WorkerExplanation("tcp://a", "a", "gone", "why", log=("x",), departures=(Departure("tcp://a", "a", "b"),))
    assert from_plain(msgpack.unpackb(msgpack.packb(worker.as_plain()))) == worker


def test_what_a_newer_side_adds_is_left_out():
    made = Explanation("x", "memory", "stored", "here")
    assert from_plain({**made.as_plain(), "mood": "good"}) == made


def test_everything_is_escaped():
    worker = WorkerExplanation(EVIL, EVIL, "gone", EVIL, (EVIL,), EVIL, log=(EVIL,))
    for html in (full()._repr_html_(), worker._repr_html_()):
        assert "<script" not in html
        assert html.count("&lt;script&gt;") > 4


def test_text():
    lines = repr(full()).splitlines()
    assert lines[0] == f"({EVIL!r}, 0) has failed (for 1.50 s): it raised {EVIL}"
    assert "Depends on:" in lines
    assert "  … and 2 more" in lines
    assert "Story:" in lines
    assert lines[-1] == f"     100.00 ms ago  released -> waiting: {EVIL}"


def test_text_of_a_worker():
    made = WorkerExplanation("tcp://a", "a", "gone", "it died", ("so",), "more memory", log=("one", "two"))
    assert repr(made).splitlines() == [
        "The worker 'a' (tcp://a) is gone: it died",
        "  so",
        "  What to do: more memory",
        "The last lines of its log:",
        "    one",
        "    two",
    ]
