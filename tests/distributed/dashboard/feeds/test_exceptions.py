from minidask_distributed.dashboard.feeds.exceptions import SHOWN


def test_every_failure_has_a_row_with_its_traceback(stage):
    stage.worker("alice")
    stage.submit({"bad-1": [], "bad-2": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"], "<script>")
    stage.fail(stage.machine.tasks_by_key["bad-2"])
    columns = stage.read("exceptions")
    assert columns["key"] == ["bad-2", "bad-1"]
    assert columns["error"][1] == "ValueError: <script>"
    assert columns["traceback"][1].startswith("Traceback")
    assert columns["page"] == ["info/task/~bad-2.html", "info/task/~bad-1.html"]
    assert columns["worker"] == ["alice", "alice"]
    assert columns["worker_page"][0].startswith("info/worker/")
    assert (columns["outcome"][0], columns["attempt"][0], columns["retries_left"][0]) == ("failed", 1, 0)


def test_rows_are_bounded(stage):
    stage.worker("w")
    for at in range(SHOWN + 20):
        stage.submit({f"bad-{at}": []})
        stage.fail(stage.machine.tasks_by_key[f"bad-{at}"])
    assert len(stage.read("exceptions")["key"]) == SHOWN
