from minidask_distributed.dashboard.feeds.events import OF_EACH, SHOWN, text_of


def test_the_latest_events_come_first_each_in_the_row_of_its_topic(stage):
    stage.scheduler.events.log("news", {"cat": "<b>black</b>"}, 1.0)
    stage.scheduler.events.log("all", "hello", 2.0)
    columns = stage.read("events")
    assert columns["topic"] == ["all", "news"]
    assert columns["text"] == ["hello", "cat: '<b>black</b>'"]
    topics = stage.read("event-topics")
    assert topics["topic"] == ["all", "news"]
    assert columns["y"] == [0, 1]


def test_many_events_are_bounded_and_no_topic_hides_the_others(stage):
    for topic in range(20):
        for at in range(OF_EACH * 2):
            stage.scheduler.events.log(f"topic-{topic}", at, float(at))
    assert len(stage.read("events")["time"]) == SHOWN
    assert len(stage.read("event-topics")["y"]) > 1


def test_contents_are_cut_and_never_unpickled():
    assert len(text_of("x" * 10_000)) < 600
    assert len(text_of({"a": "x" * 10_000})) < 600
    assert len(text_of(list(range(10_000)))) < 600
    assert text_of(memoryview(b"cabc")) == "4 bytes"
    assert text_of({1: 2, "b": None}) == "1: 2, b: None"


def test_what_is_logged_under_several_topics_is_one_row_of_the_table(stage):
    stage.scheduler.announcer.log_event(["all", "tcp://w:1"], {"action": "add-worker"}, 1.0)
    stage.scheduler.announcer.log_event("news", {"action": "add-worker"}, 1.0)
    stage.scheduler.announcer.log_event("all", "last", 2.0)
    columns = stage.read("event-list")
    assert columns["time"] == [2.0, 1.0, 1.0]
    assert sorted(columns["topic"][1:]) == ["news", "tcp://w:1, all"]
    assert columns["text"] == ["last", "action: 'add-worker'", "action: 'add-worker'"]
    assert len(stage.read("events")["time"]) == 4
